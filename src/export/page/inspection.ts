import type * as tf from '@tensorflow/tfjs';
import { show } from '@tensorflow/tfjs-vis';
import { element } from './element';
import { texts } from './texts';

/** tfjs-vis' model summary and, for a chosen layer, its weight distribution; drawn when first opened. */
export function inspection(model: tf.LayersModel): HTMLElement {
  const summary = element('div', { class: 'inspection' });
  const weights = element('div', { class: 'inspection' });
  const select = element('select', { 'aria-label': texts.weightsOf });
  const layers = model.layers.filter((layer) => layer.getWeights().length > 0);
  for (const layer of layers) select.append(element('option', { value: layer.name }, layer.name));
  const drawLayer = () => {
    weights.replaceChildren();
    if (select.value) void show.layer(weights, model.getLayer(select.value) as never);
  };
  select.addEventListener('change', drawLayer);
  const details = element(
    'details',
    {},
    element('summary', {}, texts.inspect),
    summary,
    element('div', { class: 'row' }, element('label', {}, texts.weightsOf, ' ', select)),
    weights,
  );
  details.addEventListener(
    'toggle',
    () => {
      void show.modelSummary(summary, model as never);
      drawLayer();
    },
    { once: true },
  );
  return details;
}
