import type * as tf from '@tensorflow/tfjs';
import { render, show } from '@tensorflow/tfjs-vis';
import { element } from './element';
import { texts } from './texts';

/** tfjs-vis' model summary and, for a chosen layer, its weight distributions; drawn when first opened. */
export function inspection(model: tf.LayersModel): HTMLElement {
  const summary = element('div', { class: 'inspection' });
  const weights = element('div', { class: 'inspection' });
  const select = element('select', { 'aria-label': texts.weightsOf });
  const layers = model.layers.filter((layer) => layer.getWeights().length > 0);
  for (const layer of layers) select.append(element('option', { value: layer.name }, layer.name));
  const drawLayer = () => {
    weights.replaceChildren();
    if (select.value) void drawWeights(weights, model.getLayer(select.value));
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
      // tfjs-vis was typed against an older TensorFlow.js.
      void show.modelSummary(summary, model as never);
      drawLayer();
    },
    { once: true },
  );
  return details;
}

async function drawWeights(target: HTMLElement, layer: tf.layers.Layer): Promise<void> {
  const tensors = layer.getWeights();
  for (const [index, variable] of layer.weights.entries()) {
    const values = Array.from(await tensors[index]!.data());
    const area = element('div');
    target.append(element('h3', {}, `${variable.name} [${variable.shape.join(', ')}]`), area);
    await render.histogram(area, values, { height: 150 });
  }
}
