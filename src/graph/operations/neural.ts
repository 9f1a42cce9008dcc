import type { TensorLike } from '../bind';
import type { Operation, Tensor } from '../operation';
import { type Sizes, shapeOf, zerosLike } from './array';
import { add, cast, exp, greaterEqual, log1p, multiply, negate, subtract, where } from './math';
import { statelessUniform } from './random';
import { unary } from './support';

export const relu = unary('Relu');
export const relu6 = unary('Relu6');
export const elu = unary('Elu');
export const selu = unary('Selu');
/** Over the last axis. */
export const softmax = unary('Softmax');
export const logSoftmax = unary('LogSoftmax');

export function leakyRelu(x: Tensor, alpha = 0.2, name?: string): Tensor {
  return x.graph.op('LeakyRelu', [x], { alpha }, { name }).output;
}

type Pair = number | readonly [height: number, width: number];
export type Padding = 'SAME' | 'VALID' | readonly [readonly [number, number], readonly [number, number]];

export interface WindowOptions {
  strides?: Pair;
  /** Rows and columns to add on either side, where it is neither SAME nor VALID. */
  padding?: Padding;
  name?: string;
}

export interface ConvolutionOptions extends WindowOptions {
  dilations?: Pair;
}

function inner(pair: Pair): number[] {
  return typeof pair === 'number' ? [1, pair, pair, 1] : [1, pair[0], pair[1], 1];
}

function paddingAttributes(padding: Padding) {
  if (typeof padding === 'string') return { padding };
  return { padding: 'EXPLICIT', explicit_paddings: [0, 0, ...padding[0], ...padding[1], 0, 0] };
}

/** x [batch, height, width, channels], filter [height, width, channels, filters]. */
export function conv2d(x: Tensor, filter: Tensor, options: ConvolutionOptions = {}): Tensor {
  const { strides = 1, padding = 'VALID', dilations = 1, name } = options;
  return x.graph.op(
    'Conv2D',
    [x, filter],
    { strides: inner(strides), dilations: inner(dilations), ...paddingAttributes(padding) },
    { name },
  ).output;
}

/** filter [height, width, channels, multiplier]. TensorFlow wants the same stride both ways. */
export function depthwiseConv2d(x: Tensor, filter: Tensor, options: ConvolutionOptions = {}): Tensor {
  const { strides = 1, padding = 'VALID', dilations = 1, name } = options;
  return x.graph.op(
    'DepthwiseConv2dNative',
    [x, filter],
    { strides: inner(strides), dilations: inner(dilations), ...paddingAttributes(padding) },
    { name },
  ).output;
}

/** The transpose of conv2d: filter [height, width, filters, channels], `shape` of the result [batch, height, width, filters]. */
export function conv2dTranspose(
  x: Tensor,
  filter: Tensor,
  shape: Sizes,
  options: WindowOptions = {},
): Tensor {
  const { strides = 1, padding = 'VALID', name } = options;
  return x.graph.op(
    'Conv2DBackpropInput',
    ['graph' in shape ? shape : x.graph.constant([...shape], 'int32'), filter, x],
    { strides: inner(strides), ...paddingAttributes(padding) },
    { name },
  ).output;
}

export function biasAdd(x: Tensor, bias: Tensor, name?: string): Tensor {
  return x.graph.op('BiasAdd', [x, bias], {}, { name }).output;
}

export function maxPool(x: Tensor, size: Pair, options: WindowOptions = {}): Tensor {
  const { strides = size, padding = 'VALID', name } = options;
  const attributes = { ksize: inner(size), strides: inner(strides), ...paddingAttributes(padding) };
  return x.graph.op('MaxPool', [x], attributes, { name }).output;
}

/** `padding` SAME or VALID. */
export function averagePool(x: Tensor, size: Pair, options: WindowOptions = {}): Tensor {
  const { strides = size, padding = 'VALID', name } = options;
  const attributes = { ksize: inner(size), strides: inner(strides), ...paddingAttributes(padding) };
  return x.graph.op('AvgPool', [x], attributes, { name }).output;
}

export interface BatchNormalization {
  y: Tensor;
  /** Of the batch when training, else as they were given. */
  mean: Tensor;
  /** Of the batch with n - 1 in the denominator when training (as FusedBatchNormV3 gives it). */
  variance: Tensor;
  operation: Operation;
}

/**
 * Normalizes over all axes but the last; scale, offset, mean and variance are [channels]. When training, the statistics are
 * those of the batch and the given ones aren't used.
 */
export function batchNormalization(
  x: Tensor,
  scale: Tensor,
  offset: Tensor,
  options: { training: boolean; epsilon: number; mean?: Tensor; variance?: Tensor; name?: string },
): BatchNormalization {
  const none = () => x.graph.constant([], 'float32', { shape: [0] });
  const operation = x.graph.op(
    'FusedBatchNormV3',
    [
      x,
      scale,
      offset,
      options.training ? none() : (options.mean ?? none()),
      options.training ? none() : (options.variance ?? none()),
    ],
    { epsilon: options.epsilon, is_training: options.training },
    { name: options.name },
  );
  return { y: operation.out(0), mean: operation.out(1), variance: operation.out(2), operation };
}

/** Cross-entropy of each row: logits [batch, classes], labels [batch] (int32 or int64). */
export function sparseSoftmaxCrossEntropy(logits: Tensor, labels: Tensor, name?: string): Tensor {
  return logits.graph.op('SparseSoftmaxCrossEntropyWithLogits', [logits, labels], {}, { name }).output;
}

/** Cross-entropy of each row against probabilities: both [batch, classes]. */
export function softmaxCrossEntropy(logits: Tensor, labels: Tensor, name?: string): Tensor {
  return logits.graph.op('SoftmaxCrossEntropyWithLogits', [logits, labels], {}, { name }).output;
}

/**
 * Element by element: max(x, 0) - x z + log(1 + e^-|x|), which doesn't overflow. By choices instead of max and abs, as
 * tf.nn.sigmoid_cross_entropy_with_logits does it, so that the gradient at x = 0 is right.
 */
export function sigmoidCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const positive = greaterEqual(logits, 0);
  const size = where(positive, logits, zerosLike(logits));
  const negative = where(positive, negate(logits), logits);
  return add(subtract(size, multiply(logits, labels)), log1p(exp(negative)));
}

/** Zeroes a share `rate` of the values and scales the others by 1 / (1 - rate). `seed`: int32 or int64 [2]. */
export function dropout(x: Tensor, rate: number, seed: Tensor): Tensor {
  if (rate === 0) return x;
  const keep = greaterEqual(statelessUniform(x.graph, shapeOf(x), seed), rate);
  return multiply(multiply(x, 1 / (1 - rate)), cast(keep, x.dtype));
}

/** Whether each target is among the k largest predictions of its row. */
export function inTopK(predictions: Tensor, targets: Tensor, k: TensorLike): Tensor {
  const count = typeof k === 'number' ? predictions.graph.constant(k, targets.dtype) : k;
  return predictions.graph.op('InTopKV2', [predictions, targets, count]).output;
}
