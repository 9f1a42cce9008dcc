import * as tf from '@tensorflow/tfjs';

/**
 * Cross-entropy of each example: logits [batch, classes], labels [batch] int32 -> [batch]. Label smoothing as in
 * tf.keras.losses.CategoricalCrossentropy: the truth gets 1 - s + s / classes, every other class s / classes.
 */
export function softmaxCrossEntropy(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  smoothing: number,
): tf.Tensor1D {
  return tf.tidy(() => {
    const classes = logits.shape[1];
    const truth = tf.oneHot(labels, classes) as tf.Tensor2D;
    const targets = smoothing > 0 ? tf.add(tf.mul(truth, 1 - smoothing), smoothing / classes) : truth;
    return tf.neg(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1)) as tf.Tensor1D;
  });
}

/** [batch, 1] and [batch], both standardised -> [batch]. */
export function squaredError(outputs: tf.Tensor2D, targets: tf.Tensor1D): tf.Tensor1D {
  return tf.squaredDifference(tf.reshape(outputs, [-1]), targets) as tf.Tensor1D;
}

/** l2 × the sum of squares of all given weights, as kernel_regularizer=l2(l2) adds it. */
export function l2Penalty(weights: readonly tf.Variable[], l2: number): tf.Scalar {
  return tf.tidy(() => {
    const sums = weights.map((weight) => tf.sum(tf.square(weight)));
    return tf.mul(tf.addN(sums), l2) as tf.Scalar;
  });
}

/** Keras' `balanced`: examples / (classes × examples of the class); 0 for a class without examples. */
export function balancedClassWeights(counts: readonly number[]): Float32Array {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const present = counts.filter((count) => count > 0).length;
  return Float32Array.from(counts, (count) => (count === 0 ? 0 : total / (present * count)));
}
