import * as tf from '@tensorflow/tfjs';
import { clippingOf, type UpdateSettings } from './update-settings';

/**
 * tf.clip_by_global_norm, or tf.clip_by_value; the gradients themselves where neither is asked for. Within the norm they
 * keep their bits.
 */
export function clipGradients(
  gradients: readonly tf.Tensor[],
  settings: Pick<UpdateSettings, 'clipNorm' | 'clipValue'>,
): readonly tf.Tensor[] {
  const clipping = clippingOf(settings);
  if (!clipping || gradients.length === 0) return gradients;
  if ('value' in clipping)
    return gradients.map((gradient) =>
      tf.tidy(() => tf.maximum(tf.minimum(gradient, clipping.value), -clipping.value)),
    );
  return tf.tidy(() => {
    const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
    const norm = tf.sqrt(tf.addN(squares));
    const scale = tf.div(clipping.norm, tf.maximum(norm, clipping.norm));
    return gradients.map((gradient) => tf.mul(gradient, scale));
  });
}
