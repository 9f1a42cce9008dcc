import type * as tf from '@tensorflow/tfjs';
import { batchNormalization, convolution, depthwise, relu6, sum, toUnitRange } from './blocks';

const normalization = { epsilon: 1e-3, momentum: 0.999 };

/** Filters before alpha and strides of the inverted residual blocks; the first one doesn't expand. */
const blocks: readonly (readonly [filters: number, strides: number])[] = [
  [16, 1],
  [24, 2],
  [24, 1],
  [32, 2],
  [32, 1],
  [32, 1],
  [64, 2],
  [64, 1],
  [64, 1],
  [64, 1],
  [96, 1],
  [96, 1],
  [96, 1],
  [160, 2],
  [160, 1],
  [160, 1],
  [320, 1],
];

/** The nearest multiple of 8, at most a tenth below the value (`_make_divisible` of TensorFlow's models). */
function divisibleBy8(value: number): number {
  const rounded = Math.max(8, Math.floor((value + 4) / 8) * 8);
  return rounded < 0.9 * value ? rounded + 8 : rounded;
}

/**
 * `keras.applications.MobileNetV2(include_top=False, alpha=alpha)` with its preprocess_input in front: the same layers, names
 * and order (M. Sandler et al., "MobileNetV2: Inverted residuals and linear bottlenecks", 2018).
 *
 * @param pixels float32 0..255 [batch, height, width, 3]
 * @returns [batch, height / 32, width / 32, 1280 or, with a larger alpha, 1280 alpha]
 */
export function mobileNetV2(pixels: tf.SymbolicTensor, alpha: number): tf.SymbolicTensor {
  const first = { filters: divisibleBy8(32 * alpha), kernelSize: 3, strides: 2 };
  let current = convolution(toUnitRange(pixels), 'Conv1', first);
  current = relu6(batchNormalization(current, 'bn_Conv1', normalization), 'Conv1_relu');
  blocks.forEach(([filters, strides], number) => {
    current = invertedResidual(current, divisibleBy8(Math.trunc(filters * alpha)), strides, number);
  });
  const filters = alpha > 1 ? divisibleBy8(1280 * alpha) : 1280;
  current = convolution(current, 'Conv_1', { filters, kernelSize: 1, padding: 'valid' });
  return relu6(batchNormalization(current, 'Conv_1_bn', normalization), 'out_relu');
}

function invertedResidual(
  input: tf.SymbolicTensor,
  filters: number,
  strides: number,
  number: number,
): tf.SymbolicTensor {
  const prefix = number === 0 ? 'expanded_conv' : `block_${number}`;
  const channels = input.shape[3]!;
  let current = input;
  if (number > 0) {
    current = convolution(current, `${prefix}_expand`, { filters: 6 * channels, kernelSize: 1 });
    current = batchNormalization(current, `${prefix}_expand_BN`, normalization);
    current = relu6(current, `${prefix}_expand_relu`);
  }
  current = depthwise(current, `${prefix}_depthwise`, { kernelSize: 3, strides, padName: `${prefix}_pad` });
  current = batchNormalization(current, `${prefix}_depthwise_BN`, normalization);
  current = relu6(current, `${prefix}_depthwise_relu`);
  current = convolution(current, `${prefix}_project`, { filters, kernelSize: 1 });
  current = batchNormalization(current, `${prefix}_project_BN`, normalization);
  return channels === filters && strides === 1 ? sum([input, current], `${prefix}_add`) : current;
}
