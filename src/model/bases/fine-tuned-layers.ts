import type * as tf from '@tensorflow/tfjs';
import { learningRateFactors } from '../layer-learning-rates';
import { layersWithin } from '../layer-numbers';
import { baseLayers } from './base-layers';

/** The last layers of a model's base, as `base.layers[-count:]` has them in Keras; all where there are no more. */
export function lastBaseLayers(model: tf.LayersModel, count: number): tf.layers.Layer[] {
  return count === 0 ? [] : baseLayers(model).slice(-count);
}

/**
 * Those of the last layers of a base that fine-tuning trains: batch normalization stays as it is, in inference mode, since its
 * statistics would be lost to few and small batches; layers that `layerLearningRates` freezes do so.
 */
export function fineTunedLayers(
  model: tf.LayersModel,
  count: number,
  layerLearningRates: string,
): tf.layers.Layer[] {
  const factors = learningRateFactors(model, layerLearningRates);
  return lastBaseLayers(model, count).filter(
    (layer) => !isFixedNormalization(layer) && factors.get(layer.name) !== 0,
  );
}

/** Makes layers trainable, but for the batch normalization within them, or frozen. */
export function setTrainable(layers: readonly tf.layers.Layer[], trainable: boolean): void {
  for (const layer of layers) {
    layer.trainable = trainable;
    for (const inner of layersWithin(layer)) if (isFixedNormalization(inner)) inner.trainable = false;
  }
}

/** Whether fine-tuning leaves a layer as it is. */
export function isFixedNormalization(layer: tf.layers.Layer): boolean {
  return layer.getClassName() === 'BatchNormalization';
}
