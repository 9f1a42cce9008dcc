import type * as tf from '@tensorflow/tfjs';

/**
 * About how many multiplications one example takes: every number of a kernel is used once for each place of the output (of a
 * dense layer and of embeddings, once).
 */
export function multiplicationsOf(model: tf.LayersModel): number {
  return model.layers.reduce((sum, layer) => {
    const shape = layer.outputShape as (number | null)[];
    const places = Array.isArray(shape[0]) ? [] : shape.slice(1, -1);
    return sum + layer.countParams() * places.reduce<number>((product, size) => product * (size ?? 1), 1);
  }, 0);
}
