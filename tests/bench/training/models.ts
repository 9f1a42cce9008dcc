import * as tf from '@tensorflow/tfjs';
import { outputLayerNames } from '../../../src/model/build-model';

type Symbolic = tf.SymbolicTensor;

const through = (tensor: Symbolic, ...layers: tf.layers.Layer[]): Symbolic =>
  layers.reduce((current, layer) => layer.apply(current) as Symbolic, tensor);

function ended(name: string, input: Symbolic, logits: Symbolic): tf.LayersModel {
  const output = tf.layers.activation({ activation: 'softmax', name: outputLayerNames.classification });
  return tf.model({ inputs: input, outputs: through(logits, output), name });
}

const rectified = (maxValue?: number) => tf.layers.reLU(maxValue === undefined ? {} : { maxValue });
const padded = (before: number, after: number) =>
  tf.layers.zeroPadding2d({
    padding: [
      [before, after],
      [before, after],
    ],
  });

/** Filters and strides of the blocks of tf.keras.applications.MobileNet at alpha 1. */
const mobileNetBlocks = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
] as const;

/** tf.keras.applications.MobileNet(alpha=alpha, weights=None), layer by layer. */
export function mobileNet(shape: number[], classes: number, alpha: number): tf.LayersModel {
  const normalized = () => [tf.layers.batchNormalization(), rectified(6)];
  const pointwise = (filters: number) =>
    tf.layers.conv2d({
      filters: Math.floor(filters * alpha),
      kernelSize: 1,
      padding: 'same',
      useBias: false,
    });
  const input = tf.input({ shape });
  const first = tf.layers.conv2d({
    filters: Math.floor(32 * alpha),
    kernelSize: 3,
    strides: 2,
    padding: 'same',
    useBias: false,
  });
  let current = through(input, first, ...normalized());
  for (const [filters, strides] of mobileNetBlocks) {
    if (strides === 2) current = through(current, padded(0, 1));
    const padding = strides === 1 ? ('same' as const) : ('valid' as const);
    const depthwise = tf.layers.depthwiseConv2d({ kernelSize: 3, strides, padding, useBias: false });
    current = through(current, depthwise, ...normalized(), pointwise(filters), ...normalized());
  }
  const logits = through(
    current,
    tf.layers.globalAveragePooling2d({}),
    tf.layers.reshape({ targetShape: [1, 1, Math.floor(1024 * alpha)] }),
    tf.layers.dropout({ rate: 1e-3 }),
    tf.layers.conv2d({ filters: classes, kernelSize: 1, padding: 'same' }),
    tf.layers.reshape({ targetShape: [classes] }),
  );
  return ended('mobilenet', input, logits);
}

/** tf.keras.applications.ResNet50(weights=None), layer by layer. */
export function resNet50(shape: number[], classes: number): tf.LayersModel {
  const convolution = (
    filters: number,
    kernelSize: number,
    strides = 1,
    padding: 'same' | 'valid' = 'valid',
  ) => tf.layers.conv2d({ filters, kernelSize, strides, padding });
  const normalization = () => tf.layers.batchNormalization({ epsilon: 1.001e-5 });
  const block = (x: Symbolic, filters: number, strides: number, shortcut: boolean): Symbolic => {
    const carried = shortcut ? through(x, convolution(4 * filters, 1, strides), normalization()) : x;
    const found = through(
      x,
      convolution(filters, 1, strides),
      normalization(),
      rectified(),
      convolution(filters, 3, 1, 'same'),
      normalization(),
      rectified(),
      convolution(4 * filters, 1),
      normalization(),
    );
    return through(tf.layers.add().apply([carried, found]) as Symbolic, rectified());
  };
  const input = tf.input({ shape });
  let current = through(
    input,
    padded(3, 3),
    convolution(64, 7, 2),
    normalization(),
    rectified(),
    padded(1, 1),
    tf.layers.maxPooling2d({ poolSize: 3, strides: 2 }),
  );
  const stacks = [
    [64, 3, 1],
    [128, 4, 2],
    [256, 6, 2],
    [512, 3, 2],
  ] as const;
  for (const [filters, blocks, strides] of stacks)
    for (let number = 0; number < blocks; number++)
      current = block(current, filters, number === 0 ? strides : 1, number === 0);
  const logits = through(current, tf.layers.globalAveragePooling2d({}), tf.layers.dense({ units: classes }));
  return ended('resnet50', input, logits);
}
