import * as tf from '@tensorflow/tfjs';
import { normalizeBatch, normalizeBatchGradient } from './native-operations';

interface BatchNormalization extends tf.layers.Layer {
  axis: number;
  epsilon: number;
  momentum: number;
  gamma: tf.LayerVariable | null;
  beta: tf.LayerVariable | null;
  movingMean: tf.LayerVariable;
  movingVariance: tf.LayerVariable;
}

/**
 * The call of a batch normalisation whose training is one operation forward and one back. Inference, and normalisation along
 * another axis than the last, stay the layer's own.
 */
export function nativeBatchNormalization(layer: tf.layers.Layer): tf.layers.Layer['call'] {
  const normalization = layer as BatchNormalization;
  const own = layer.call.bind(layer);
  return (inputs, kwargs) => {
    const input = Array.isArray(inputs) ? inputs[0]! : inputs;
    const isLast = normalization.axis === -1 || normalization.axis === input.rank - 1;
    if (kwargs.training !== true || !isLast || input.rank < 2) return own(inputs, kwargs);
    return tf.tidy(() => normalized(normalization, input));
  };
}

function normalized(layer: BatchNormalization, input: tf.Tensor): tf.Tensor {
  const channels = input.shape.at(-1)!;
  const count = input.size / channels;
  const { epsilon } = layer;
  const gamma = layer.gamma?.read() ?? tf.ones([channels]);
  const beta = layer.beta?.read() ?? tf.zeros([channels]);
  const run = tf.customGrad((...given) => {
    const [x, scale, shift, save] = given as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const { y, mean, variance, reserved } = normalizeBatch(x, scale, shift, epsilon);
    move(layer.movingMean, mean, layer.momentum);
    // The kernel's has n - 1 in its denominator; the layer averages the one with n.
    move(layer.movingVariance, tf.mul(variance, (count - 1) / count), layer.momentum);
    save([x, scale, ...reserved]);
    return {
      value: y,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedX, savedScale, ...kept] = saved as [tf.Tensor, tf.Tensor, ...tf.Tensor[]];
        return normalizeBatchGradient(dy, savedX, savedScale, kept, epsilon);
      },
    };
  });
  if (input.rank === 4) return run(input, gamma, beta);
  const picture = tf.reshape(input, [count, 1, 1, channels]);
  return tf.reshape(run(picture, gamma, beta), input.shape);
}

function move(average: tf.LayerVariable, value: tf.Tensor, momentum: number): void {
  const before = average.read();
  average.write(tf.sub(before, tf.mul(tf.sub(before, value), 1 - momentum)));
}
