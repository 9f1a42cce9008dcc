import * as tf from '@tensorflow/tfjs';
import type { LoadedModel } from './load-model';

/** One example through the model: `values` as the model's first layer takes them, without the batch dimension. */
export function predict({ model }: LoadedModel, values: Float32Array, shape: number[]): Float32Array {
  return tf.tidy(() => {
    const input = tf.tensor(values, [1, ...shape], 'float32');
    const output = model.predict(input) as tf.Tensor;
    return output.dataSync<'float32'>().slice();
  });
}
