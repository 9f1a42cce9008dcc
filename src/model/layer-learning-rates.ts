import type * as tf from '@tensorflow/tfjs';
import { DescentError } from '../contract/errors';
import { matchesLayer, parseLayerFactors } from '../contract/layer-learning-rates';

/**
 * Factor on the learning rate of each layer, by its name, as `layerLearningRates` says it; of two patterns that match a layer
 * the later one holds. Layers that no pattern matches are left out.
 * @throws DescentError `wrong-use` for a pattern that matches no layer, naming those that there are
 */
export function learningRateFactors(model: tf.LayersModel, text: string): Map<string, number> {
  const factors = new Map<string, number>();
  for (const { pattern, factor } of parseLayerFactors(text)) {
    const matching = model.layers.filter(({ name }) => matchesLayer(pattern, name));
    if (matching.length === 0) throw noSuchLayer(model, pattern);
    for (const { name } of matching) factors.set(name, factor);
  }
  return factors;
}

/**
 * Makes the layers whose factor is 0 fixed, as Keras' `layer.trainable = False` does: no gradients, and batch normalization
 * in inference mode.
 * @throws DescentError `wrong-use` when nothing is left to train, or for a pattern that matches no layer
 */
export function freezeLayers(model: tf.LayersModel, text: string): void {
  const frozen = [...learningRateFactors(model, text)].filter(([, factor]) => factor === 0);
  for (const [name] of frozen) model.getLayer(name).trainable = false;
  if (frozen.length > 0 && model.trainableWeights.length === 0)
    throw new DescentError('wrong-use', `layerLearningRates "${text}" freezes every layer.`, {
      subject: 'layerLearningRates',
      remedy: 'Leave at least one layer a factor above 0.',
    });
}

function noSuchLayer(model: tf.LayersModel, pattern: string): DescentError {
  const trained = model.layers.filter((layer) => layer.trainable && layer.weights.length > 0);
  return new DescentError('wrong-use', `layerLearningRates names "${pattern}", which matches no layer.`, {
    subject: 'layerLearningRates',
    remedy: `Layers that are trained: ${trained.map(({ name }) => name).join(', ')}.`,
  });
}
