import * as tf from '@tensorflow/tfjs';
import type { LossSettings } from './loss-settings';
import { size, softmaxCrossEntropy } from './losses';

/**
 * How far off each answer is, on eager ops: outputs are logits [batch, classes] and answers class numbers, or both
 * standardised values, [batch, 1] and [batch]; float32 [batch]. Formulas of tf.keras.losses.
 */
export function exampleLosses(
  outputs: tf.Tensor2D,
  answers: tf.Tensor1D,
  { loss, huberDelta, labelSmoothing }: LossSettings,
): tf.Tensor1D {
  switch (loss) {
    case 'categorical-crossentropy':
      return softmaxCrossEntropy(outputs, tf.cast(answers, 'int32'), labelSmoothing);
    case 'binary-crossentropy':
      return sigmoidCrossEntropy(outputs, tf.cast(answers, 'int32'), labelSmoothing);
    case 'mse':
      return tf.square(errorsOf(outputs, answers));
    case 'mae':
      return size(errorsOf(outputs, answers)) as tf.Tensor1D;
    case 'huber':
      return huber(errorsOf(outputs, answers), huberDelta);
  }
}

function errorsOf(outputs: tf.Tensor2D, answers: tf.Tensor1D): tf.Tensor1D {
  return tf.sub(tf.reshape(outputs, [-1]) as tf.Tensor1D, answers);
}

/**
 * Each class by itself against all others, then the mean over the classes: tf.keras.losses.BinaryCrossentropy(from_logits)
 * over one-hot labels, which label smoothing moves to y (1 - s) + s / 2.
 */
function sigmoidCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D, smoothing: number): tf.Tensor1D {
  const truth = tf.oneHot(labels, logits.shape[1]) as tf.Tensor2D;
  const targets = smoothing > 0 ? tf.add(tf.mul(truth, 1 - smoothing), smoothing / 2) : truth;
  const positive = tf.greaterEqual(logits, 0);
  const above = tf.where(positive, logits, tf.zerosLike(logits));
  const negative = tf.where(positive, tf.neg(logits), logits);
  const losses = tf.add(tf.sub(above, tf.mul(logits, targets)), tf.log1p(tf.exp(negative)));
  return tf.mean(losses, 1) as tf.Tensor1D;
}

function huber(errors: tf.Tensor1D, delta: number): tf.Tensor1D {
  const sizes = size(errors);
  return tf.where(
    // TF.js has no gradient of lessEqual.
    tf.greaterEqual(delta, sizes),
    tf.mul(tf.square(errors), 0.5),
    tf.sub(tf.mul(sizes, delta), 0.5 * delta * delta),
  );
}
