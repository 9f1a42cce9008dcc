import type * as tf from '@tensorflow/tfjs';

/** Layers of models that `buildModel` made, which belong to their pretrained bases. */
const marked = new WeakSet<tf.layers.Layer>();

/** Says of layers that they belong to the pretrained base of the model that they are put into. */
export function markBaseLayers(layers: Iterable<tf.layers.Layer>): void {
  for (const layer of layers) marked.add(layer);
}

/**
 * The layers of a model's pretrained base in Keras' order (`base.layers`): those without weights count, inputs and
 * preprocessing don't. Empty for a model that has no base, or a base that is no layers.
 */
export function baseLayers(model: tf.LayersModel): tf.layers.Layer[] {
  return model.layers.filter((layer) => marked.has(layer));
}
