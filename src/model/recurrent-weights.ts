import * as tf from '@tensorflow/tfjs';
import { directionsOf } from './layer-numbers';

/**
 * First weights of an LSTM, or of both directions, as Keras chooses them: Glorot uniform kernels, orthogonal recurrent
 * kernels, and a bias of 1 for the forget gates, else 0. TF.js' own orthogonal initializer takes long for any usual size, and its
 * wrapper for two directions gives both the same weights. `seeds`: one a kernel.
 */
export function initializeLstm(layer: tf.layers.Layer, nextSeed: () => number): void {
  for (const direction of directionsOf(layer) ?? [layer])
    tf.tidy(() => {
      const [kernel, recurrent, bias] = direction.getWeights() as [tf.Tensor, tf.Tensor, tf.Tensor];
      const units = recurrent.shape[0]!;
      direction.setWeights([
        tf.initializers.glorotUniform({ seed: nextSeed() }).apply(kernel.shape),
        tf.tensor2d(orthogonalRows(units, 4 * units, nextSeed()), [units, 4 * units]),
        tf.concat([tf.zeros([units]), tf.ones([units]), tf.zeros([bias.size - 2 * units])]),
      ]);
    });
}

/**
 * Orthonormal rows of normally distributed directions, row-major: modified Gram-Schmidt (G. H. Golub, C. F. Van Loan, "Matrix
 * computations", 5.2.8). A. M. Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural
 * networks", 2014.
 */
export function orthogonalRows(rows: number, columns: number, seed: number): Float32Array {
  const values = Float64Array.from(
    tf.tidy(() => tf.randomNormal([rows, columns], 0, 1, 'float32', seed).dataSync()),
  );
  const row = (index: number) => values.subarray(index * columns, (index + 1) * columns);
  for (let current = 0; current < rows; current++) {
    const vector = row(current);
    for (let other = 0; other < current; other++) {
      const earlier = row(other);
      const share = product(vector, earlier);
      for (let place = 0; place < columns; place++) vector[place]! -= share * earlier[place]!;
    }
    const length = Math.sqrt(product(vector, vector));
    for (let place = 0; place < columns; place++) vector[place]! /= length;
  }
  return Float32Array.from(values);
}

function product(left: Float64Array, right: Float64Array): number {
  let sum = 0;
  for (let place = 0; place < left.length; place++) sum += left[place]! * right[place]!;
  return sum;
}
