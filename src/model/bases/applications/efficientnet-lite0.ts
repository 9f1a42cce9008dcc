import type * as tf from '@tensorflow/tfjs';
import {
  batchNormalization,
  convolution,
  depthwise,
  relu6,
  stridePadding,
  sum,
  toUnitRange,
  zeroPadding,
} from './blocks';

const normalization = { epsilon: 1e-3, momentum: 0.99 };

interface Stage {
  repeats: number;
  kernelSize: number;
  strides: number;
  expansion: number;
  filters: number;
}

const stages: readonly Stage[] = [
  { repeats: 1, kernelSize: 3, strides: 1, expansion: 1, filters: 16 },
  { repeats: 2, kernelSize: 3, strides: 2, expansion: 6, filters: 24 },
  { repeats: 2, kernelSize: 5, strides: 2, expansion: 6, filters: 40 },
  { repeats: 3, kernelSize: 3, strides: 2, expansion: 6, filters: 80 },
  { repeats: 3, kernelSize: 5, strides: 1, expansion: 6, filters: 112 },
  { repeats: 4, kernelSize: 5, strides: 2, expansion: 6, filters: 192 },
  { repeats: 1, kernelSize: 3, strides: 1, expansion: 6, filters: 320 },
];

/**
 * EfficientNet-Lite0 without its classifier, as in TensorFlow's models (tpu/models/official/efficientnet/lite): EfficientNet-B0
 * without squeeze-and-excitation, with relu6 (M. Tan, Q. Le, "EfficientNet", 2019). Layers are named as those of
 * `keras.applications.EfficientNetB0`; the preprocessing, to -1..1, stands in front.
 *
 * @param pixels float32 0..255 [batch, height, width, 3]
 * @returns [batch, height / 32, width / 32, 1280], rounded up
 */
export function efficientNetLite0(pixels: tf.SymbolicTensor): tf.SymbolicTensor {
  let current = toUnitRange(pixels);
  current = zeroPadding(current, 'stem_conv_pad', stridePadding(current, 3));
  current = convolution(current, 'stem_conv', { filters: 32, kernelSize: 3, strides: 2, padding: 'valid' });
  current = relu6(batchNormalization(current, 'stem_bn', normalization), 'stem_activation');
  stages.forEach((stage, number) => {
    for (let repeat = 0; repeat < stage.repeats; repeat++) {
      const name = `block${number + 1}${String.fromCharCode(97 + repeat)}`;
      current = block(current, name, repeat === 0 ? stage : { ...stage, strides: 1 });
    }
  });
  current = convolution(current, 'top_conv', { filters: 1280, kernelSize: 1 });
  return relu6(batchNormalization(current, 'top_bn', normalization), 'top_activation');
}

function block(input: tf.SymbolicTensor, name: string, stage: Stage): tf.SymbolicTensor {
  const { kernelSize, strides, expansion, filters } = stage;
  const channels = input.shape[3]!;
  let current = input;
  if (expansion !== 1) {
    current = convolution(current, `${name}_expand_conv`, { filters: expansion * channels, kernelSize: 1 });
    current = batchNormalization(current, `${name}_expand_bn`, normalization);
    current = relu6(current, `${name}_expand_activation`);
  }
  current = depthwise(current, `${name}_dwconv`, { kernelSize, strides, padName: `${name}_dwconv_pad` });
  current = relu6(batchNormalization(current, `${name}_bn`, normalization), `${name}_activation`);
  current = convolution(current, `${name}_project_conv`, { filters, kernelSize: 1 });
  current = batchNormalization(current, `${name}_project_bn`, normalization);
  return strides === 1 && channels === filters ? sum([current, input], `${name}_add`) : current;
}
