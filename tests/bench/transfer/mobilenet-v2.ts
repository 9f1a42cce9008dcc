import * as tf from '@tensorflow/tfjs';

/** Channels, repetitions and stride of the first of each group of blocks; all but the first group expand sixfold. */
const groups: readonly (readonly [filters: number, repetitions: number, strides: 1 | 2])[] = [
  [16, 1, 1],
  [24, 2, 2],
  [32, 3, 2],
  [64, 4, 2],
  [96, 3, 1],
  [160, 3, 2],
  [320, 1, 1],
];

const apply = (tensor: tf.SymbolicTensor, ...layers: tf.layers.Layer[]) =>
  layers.reduce((current, layer) => layer.apply(current) as tf.SymbolicTensor, tensor);

/**
 * The layers of tf.keras.applications.MobileNetV2 (alpha 1, include_top=False), by their names there, on pictures of even size
 * with values from -1 to 1. M. Sandler et al., "MobileNetV2: Inverted residuals and linear bottlenecks", 2018. The same random weights each time.
 */
export function mobileNetV2(input: tf.SymbolicTensor): tf.SymbolicTensor {
  const normalized = (name: string) => tf.layers.batchNormalization({ epsilon: 1e-3, momentum: 0.999, name });
  const relu = (name: string) => tf.layers.reLU({ maxValue: 6, name });
  let seed = 1;
  const initializer = () => tf.initializers.glorotUniform({ seed: seed++ });
  const pointwise = (filters: number, name: string) =>
    tf.layers.conv2d({
      filters,
      kernelSize: 1,
      padding: 'same',
      useBias: false,
      kernelInitializer: initializer(),
      name,
    });

  let current = apply(
    input,
    tf.layers.conv2d({
      filters: 32,
      kernelSize: 3,
      strides: 2,
      padding: 'same',
      useBias: false,
      kernelInitializer: initializer(),
      name: 'Conv1',
    }),
    normalized('bn_Conv1'),
    relu('Conv1_relu'),
  );
  let number = 0;
  for (const [filters, repetitions, first] of groups)
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const strides = repetition === 0 ? first : 1;
      const prefix = number === 0 ? 'expanded_conv' : `block_${number}`;
      const before = current;
      const channels = current.shape[3]!;
      if (number > 0)
        current = apply(
          current,
          pointwise(channels * 6, `${prefix}_expand`),
          normalized(`${prefix}_expand_BN`),
          relu(`${prefix}_expand_relu`),
        );
      if (strides === 2) {
        // What correct_pad of Keras' applications gives for even sizes and kernels of 3.
        const even = current.shape[1]! % 2 === 0;
        const side: [number, number] = even ? [0, 1] : [1, 1];
        current = apply(current, tf.layers.zeroPadding2d({ padding: [side, side], name: `${prefix}_pad` }));
      }
      current = apply(
        current,
        tf.layers.depthwiseConv2d({
          kernelSize: 3,
          strides,
          padding: strides === 2 ? 'valid' : 'same',
          useBias: false,
          depthwiseInitializer: initializer(),
          name: `${prefix}_depthwise`,
        }),
        normalized(`${prefix}_depthwise_BN`),
        relu(`${prefix}_depthwise_relu`),
        pointwise(filters, `${prefix}_project`),
        normalized(`${prefix}_project_BN`),
      );
      if (strides === 1 && channels === filters)
        current = tf.layers.add({ name: `${prefix}_add` }).apply([before, current]) as tf.SymbolicTensor;
      number++;
    }
  return apply(current, pointwise(1280, 'Conv_1'), normalized('Conv_1_bn'), relu('out_relu'));
}
