import * as tf from '@tensorflow/tfjs';

/**
 * A number for each layer, which keys its random numbers: its place in the model; layers within wrappers and nested models
 * go on from there. Part of the checkpoint format.
 */
export function layerNumbers(model: tf.LayersModel): Map<tf.layers.Layer, number> {
  const numbers = new Map(model.layers.map((layer, number) => [layer, number]));
  for (const layer of model.layers)
    for (const inner of layersWithin(layer)) if (!numbers.has(inner)) numbers.set(inner, numbers.size);
  return numbers;
}

/** The layers that make a model or a wrapper up, and theirs. */
export function layersWithin(layer: tf.layers.Layer): tf.layers.Layer[] {
  const direct = layer instanceof tf.LayersModel ? layer.layers : wrappedLayers(layer);
  return direct.flatMap((inner) => [inner, ...layersWithin(inner)]);
}

/** The layers by which a wrapper computes. */
export function wrappedLayers(layer: tf.layers.Layer): tf.layers.Layer[] {
  const {
    forwardLayer,
    backwardLayer,
    layer: wrapped,
  } = layer as unknown as Partial<Record<'forwardLayer' | 'backwardLayer' | 'layer', tf.layers.Layer>>;
  if (forwardLayer && backwardLayer) return [forwardLayer, backwardLayer];
  return wrapped ? [wrapped] : [];
}
