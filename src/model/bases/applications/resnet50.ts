import * as tf from '@tensorflow/tfjs';
import { batchNormalization, convolution, put, relu, sum, zeroPadding } from './blocks';

const normalization = { epsilon: 1.001e-5, momentum: 0.99 };

/** Means of ImageNet's blue, green and red values, as Caffe's models take them. */
const means = [103.939, 116.779, 123.68] as const;

/** Filters, blocks and strides of the four stacks. */
const stacks: readonly (readonly [filters: number, count: number, strides: number])[] = [
  [64, 3, 1],
  [128, 4, 2],
  [256, 6, 2],
  [512, 3, 2],
];

/**
 * `keras.applications.ResNet50(include_top=False)` with its preprocess_input in front: the same layers, names and order (K. He
 * et al., "Deep residual learning for image recognition", 2015; strides in the first convolution of a block, as in Keras).
 *
 * @param pixels float32 0..255 [batch, height, width, 3], red first
 * @returns [batch, height / 32, width / 32, 2048], rounded up
 */
export function resNet50(pixels: tf.SymbolicTensor): tf.SymbolicTensor {
  const around = (size: number): [[number, number], [number, number]] => [
    [size, size],
    [size, size],
  ];
  let current = zeroPadding(bluesFirst(pixels), 'conv1_pad', around(3));
  const first = { filters: 64, kernelSize: 7, strides: 2, padding: 'valid', useBias: true } as const;
  current = convolution(current, 'conv1_conv', first);
  current = relu(batchNormalization(current, 'conv1_bn', normalization), 'conv1_relu');
  current = zeroPadding(current, 'pool1_pad', around(1));
  current = put(tf.layers.maxPooling2d({ poolSize: 3, strides: 2, name: 'pool1_pool' }), current);
  stacks.forEach(([filters, count, strides], stack) => {
    for (let block = 1; block <= count; block++)
      current = bottleneck(
        current,
        `conv${stack + 2}_block${block}`,
        filters,
        block === 1 ? strides : undefined,
      );
  });
  return current;
}

/**
 * Red, green, blue to blue, green, red without their means (`preprocess_input`, mode "caffe"), as a convolution of one pixel: a
 * layer that every format has.
 */
function bluesFirst(pixels: tf.SymbolicTensor): tf.SymbolicTensor {
  const layer = tf.layers.conv2d({ filters: 3, kernelSize: 1, trainable: false, name: 'preprocess_input' });
  const output = put(layer, pixels);
  tf.tidy(() =>
    layer.setWeights([tf.eye(3).reverse(0).reshape([1, 1, 3, 3]), tf.neg(tf.tensor1d([...means]))]),
  );
  return output;
}

/** `strides`: of the first block of a stack, whose shortcut is a convolution, too. */
function bottleneck(
  input: tf.SymbolicTensor,
  name: string,
  filters: number,
  strides: number | undefined,
): tf.SymbolicTensor {
  const normalized = (
    x: tf.SymbolicTensor,
    part: number,
    settings: { kernelSize: number; strides?: number },
  ) => {
    const count = part === 0 || part === 3 ? 4 * filters : filters;
    const padding = settings.kernelSize === 1 ? 'valid' : 'same';
    const made = convolution(x, `${name}_${part}_conv`, {
      ...settings,
      filters: count,
      padding,
      useBias: true,
    });
    return batchNormalization(made, `${name}_${part}_bn`, normalization);
  };
  const shortcut = strides === undefined ? input : normalized(input, 0, { kernelSize: 1, strides });
  let current = relu(normalized(input, 1, { kernelSize: 1, strides }), `${name}_1_relu`);
  current = relu(normalized(current, 2, { kernelSize: 3 }), `${name}_2_relu`);
  current = normalized(current, 3, { kernelSize: 1 });
  return relu(sum([shortcut, current], `${name}_add`), `${name}_out`);
}
