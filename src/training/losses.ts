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

/** l1 × the sum of sizes and l2 × the sum of squares of all given weights, as kernel_regularizer=l1_l2(l1, l2) adds them. */
export function weightPenalty(
  weights: readonly tf.Variable[],
  { l1, l2 }: { l1: number; l2: number },
): tf.Scalar {
  const total = (factor: number, of: (weight: tf.Variable) => tf.Tensor) =>
    tf.mul(tf.addN(weights.map((weight) => tf.sum(of(weight)))), factor) as tf.Scalar;
  return tf.tidy(() => {
    const squares = l2 > 0 ? total(l2, tf.square) : tf.scalar(0);
    return l1 > 0 ? tf.add(total(l1, size), squares) : squares;
  });
}

/** abs, with the gradient 0 at 0 as TensorFlow has it; that of tf.abs is -1 there. */
export const size = tf.customGrad((...inputs) => {
  const [x, save] = inputs as [tf.Tensor, tf.GradSaveFunc];
  save([x]);
  return {
    value: tf.abs(x),
    gradFunc: (gradient: tf.Tensor, [saved]: tf.Tensor[]) => tf.mul(gradient, tf.sign(saved!)),
  };
});

/** Keras' `balanced`: examples / (classes × examples of the class); 0 for a class without examples. */
export function balancedClassWeights(counts: readonly number[]): Float32Array {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const present = counts.filter((count) => count > 0).length;
  return Float32Array.from(counts, (count) => (count === 0 ? 0 : total / (present * count)));
}
