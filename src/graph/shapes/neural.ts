import type { Operation } from '../operation';
import { compatible, formatShape, type Shape } from '../shape';
import { constantNumbers, constantShape } from './constants';
import { requireRank, type ShapeFunction } from './shape-function';

const multiply: ShapeFunction = (operation) => {
  requireRank(operation, 0, 2);
  requireRank(operation, 1, 2);
  const [a, b] = operation.inputs.map((input) => input.shape ?? [null, null]);
  const [rows, inner] = operation.flag('transpose_a') ? [a![1]!, a![0]!] : [a![0]!, a![1]!];
  const [other, columns] = operation.flag('transpose_b') ? [b![1]!, b![0]!] : [b![0]!, b![1]!];
  if (inner !== null && other !== null && inner !== other)
    throw operation.error(`the inner sizes ${inner} and ${other} differ`);
  return [[rows, columns]];
};

const batchMultiply: ShapeFunction = (operation) => {
  const [a, b] = operation.inputs.map((input) => input.shape);
  if (!a || !b) return [null];
  if (a.length < 2 || b.length < 2) throw operation.error('its inputs should be of rank 2 or more');
  const [rows, inner] = operation.flag('adj_x') ? [a.at(-1)!, a.at(-2)!] : [a.at(-2)!, a.at(-1)!];
  const [other, columns] = operation.flag('adj_y') ? [b.at(-1)!, b.at(-2)!] : [b.at(-2)!, b.at(-1)!];
  if (inner !== null && other !== null && inner !== other)
    throw operation.error(`the inner sizes ${inner} and ${other} differ`);
  const rank = Math.max(a.length, b.length) - 2;
  const batch = Array.from({ length: rank }, (_, axis) => {
    const one = a[axis - rank + a.length - 2];
    const two = b[axis - rank + b.length - 2];
    return one === undefined || one === 1
      ? (two ?? (two === undefined ? 1 : null))
      : one === null
        ? two === 1
          ? null
          : (two ?? null)
        : one;
  });
  return [[...batch, rows, columns]];
};

/** Length of an axis after a window moved over it (tf.nn.convolution's rule). */
function windowed(
  size: number | null,
  window: number | null,
  stride: number,
  dilation: number,
  padding: string,
  explicit: readonly [number, number],
): number | null {
  if (size === null) return null;
  if (padding === 'SAME') return Math.ceil(size / stride);
  if (window === null) return null;
  const reach = (window - 1) * dilation + 1;
  const padded = padding === 'EXPLICIT' ? size + explicit[0] + explicit[1] : size;
  return Math.floor((padded - reach) / stride) + 1;
}

function spatial(operation: Operation, shape: Shape, windows: readonly (number | null)[]): (number | null)[] {
  const channelsFirst = operation.text('data_format').startsWith('NC');
  const strides = operation.ints('strides');
  const dilations = operation.ints('dilations');
  const explicit = operation.ints('explicit_paddings');
  return windows.map((window, place) => {
    const axis = place + (channelsFirst ? 2 : 1);
    const length = windowed(
      shape?.[axis] ?? null,
      window,
      strides[axis] ?? 1,
      dilations[axis] ?? 1,
      operation.text('padding'),
      [explicit[axis * 2] ?? 0, explicit[axis * 2 + 1] ?? 0],
    );
    if (length !== null && length <= 0)
      throw operation.error(`a window of ${window} is larger than axis ${axis} of ${formatShape(shape)}`);
    return length;
  });
}

function arrange(
  operation: Operation,
  batch: number | null,
  space: (number | null)[],
  channels: number | null,
): Shape {
  return operation.text('data_format').startsWith('NC')
    ? [batch, channels, ...space]
    : [batch, ...space, channels];
}

function channelsOf(operation: Operation, shape: Shape): number | null {
  if (!shape) return null;
  return (operation.text('data_format').startsWith('NC') ? shape[1] : shape.at(-1)) ?? null;
}

function convolution(dimensions: number, depthwise: boolean): ShapeFunction {
  return (operation) => {
    requireRank(operation, 0, dimensions + 2);
    requireRank(operation, 1, dimensions + 2);
    const [input, filter] = operation.inputs.map((tensor) => tensor.shape);
    const channels = channelsOf(operation, input ?? null);
    const incoming = filter?.[dimensions] ?? null;
    const outgoing = filter?.[dimensions + 1] ?? null;
    const fits = depthwise ? channels === incoming : channels! % incoming! === 0;
    if (channels !== null && incoming !== null && !fits)
      throw operation.error(`the input has ${channels} channels, but the filter takes ${incoming}`);
    const space = spatial(
      operation,
      input ?? null,
      (filter ?? new Array<null>(dimensions + 2).fill(null)).slice(0, dimensions),
    );
    const made = depthwise ? (incoming !== null && outgoing !== null ? incoming * outgoing : null) : outgoing;
    return [arrange(operation, input?.[0] ?? null, space, made)];
  };
}

function pooling(dimensions: number): ShapeFunction {
  return (operation) => {
    requireRank(operation, 0, dimensions + 2);
    const { shape } = operation.input(0);
    const first = operation.text('data_format').startsWith('NC') ? 2 : 1;
    const space = spatial(operation, shape, operation.ints('ksize').slice(first, first + dimensions));
    return [arrange(operation, shape?.[0] ?? null, space, channelsOf(operation, shape))];
  };
}

const bias: ShapeFunction = (operation) => {
  requireRank(operation, 1, 1);
  const [value, offset] = operation.inputs.map((input) => input.shape);
  const channels = value
    ? operation.text('data_format').startsWith('NC')
      ? value[1]!
      : value.at(-1)!
    : null;
  const length = offset?.[0] ?? null;
  if (channels !== null && length !== null && channels !== length)
    throw operation.error(`the bias has ${length} elements, but there are ${channels} channels`);
  return [value ?? null];
};

const normalization: ShapeFunction = (operation) => {
  const { shape } = operation.input(0);
  const channels = channelsOf(operation, shape);
  for (const index of [1, 2]) {
    requireRank(operation, index, 1);
    const length = operation.input(index).shape?.[0] ?? null;
    if (channels !== null && length !== null && channels !== length)
      throw operation.error(
        `${operation.definition.inputs[index]!.name} has ${length} elements, but there are ${channels} channels`,
      );
  }
  return [shape, [channels], [channels], [channels], [channels], null];
};

const crossEntropy: ShapeFunction = (operation) => {
  requireRank(operation, 0, 2);
  const [logits, labels] = operation.inputs.map((input) => input.shape);
  const sparse = operation.type.startsWith('Sparse');
  if (logits && labels && !compatible(sparse ? logits.slice(0, 1) : logits, labels))
    throw operation.error(`labels ${formatShape(labels)} don't fit the logits ${formatShape(logits)}`);
  return [[logits?.[0] ?? null], logits ?? [null, null]];
};

const resize: ShapeFunction = (operation) => {
  requireRank(operation, 0, 4);
  const { shape } = operation.input(0);
  const size = constantNumbers(operation.input(1));
  return [[shape?.[0] ?? null, size?.[0] ?? null, size?.[1] ?? null, shape?.[3] ?? null]];
};

/** Every output [time, batch, units]. */
const blockLstm: ShapeFunction = (operation) => {
  requireRank(operation, 1, 3);
  const [x, weights, bias] = [1, 4, 8].map((index) => operation.input(index).shape);
  const gates = bias?.[0] ?? null;
  const units = gates === null ? null : gates / 4;
  const inputs = x?.[2] ?? null;
  const rows = weights?.[0] ?? null;
  if (inputs !== null && units !== null && rows !== null && rows !== inputs + units)
    throw operation.error(`the weights have ${rows} rows for ${inputs} inputs and ${units} units`);
  const result = [x?.[0] ?? null, x?.[1] ?? null, units];
  return operation.definition.outputs.map(() => result);
};

const random: ShapeFunction = (operation) => [constantShape(operation.input(0))];
const like =
  (input: number): ShapeFunction =>
  (operation) => [operation.input(input).shape];
const shapeFrom =
  (input: number): ShapeFunction =>
  (operation) => [constantShape(operation.input(input))];

export const neuralShapes: Record<string, ShapeFunction> = {
  BlockLSTM: blockLstm,
  MatMul: multiply,
  BatchMatMulV2: batchMultiply,
  Conv2D: convolution(2, false),
  Conv3D: convolution(3, false),
  DepthwiseConv2dNative: convolution(2, true),
  Conv2DBackpropInput: shapeFrom(0),
  Conv2DBackpropFilter: shapeFrom(1),
  Conv3DBackpropInputV2: shapeFrom(0),
  Conv3DBackpropFilterV2: shapeFrom(1),
  DepthwiseConv2dNativeBackpropInput: shapeFrom(0),
  DepthwiseConv2dNativeBackpropFilter: shapeFrom(1),
  MaxPool: pooling(2),
  AvgPool: pooling(2),
  MaxPool3D: pooling(3),
  AvgPool3D: pooling(3),
  MaxPoolGrad: like(0),
  MaxPoolGradGrad: like(1),
  MaxPool3DGrad: like(0),
  AvgPoolGrad: shapeFrom(0),
  AvgPool3DGrad: shapeFrom(0),
  BiasAdd: bias,
  BiasAddGrad: (operation) => [[channelsOf(operation, operation.input(0).shape)]],
  FusedBatchNormV3: normalization,
  FusedBatchNormGradV3: (operation) => [
    operation.input(1).shape,
    operation.input(2).shape,
    operation.input(2).shape,
    null,
    null,
  ],
  SoftmaxCrossEntropyWithLogits: crossEntropy,
  SparseSoftmaxCrossEntropyWithLogits: crossEntropy,
  InTopKV2: (operation) => [operation.input(1).shape],
  TopKV2: (operation) => {
    const count = constantNumbers(operation.input(1))?.[0] ?? null;
    const { shape } = operation.input(0);
    const result = shape === null ? null : [...shape.slice(0, -1), count];
    return [result, result];
  },
  ResizeBilinear: resize,
  ResizeNearestNeighbor: resize,
  ResizeBicubic: resize,
  ResizeArea: resize,
  ResizeBilinearGrad: like(1),
  ImageProjectiveTransformV3: (operation) => {
    const { shape } = operation.input(0);
    const size = constantNumbers(operation.input(2));
    return [[shape?.[0] ?? null, size?.[0] ?? null, size?.[1] ?? null, shape?.[3] ?? null]];
  },
  StatelessRandomUniform: random,
  StatelessRandomUniformV2: random,
  StatelessRandomNormal: random,
  StatelessRandomNormalV2: random,
  StatelessTruncatedNormal: random,
  StatelessTruncatedNormalV2: random,
  StatelessRandomUniformInt: random,
  StatelessRandomUniformIntV2: random,
  RandomUniform: random,
  RandomStandardNormal: random,
};
