import type { TensorLike } from '../bind';
import type { DType } from '../dtype';
import type { Graph } from '../graph';
import type { Tensor } from '../operation';
import { isStatic, type Shape } from '../shape';
import { graphOf, unary } from './support';

export type Sizes = readonly number[] | Tensor;

/** int32 [length]; an empty list of numbers has a type as well. */
export function integers(graph: Graph, values: Sizes): Tensor {
  return 'graph' in values ? values : graph.constant([...values], 'int32', { shape: [values.length] });
}

export const identity = unary('Identity');
export const stopGradient = unary('StopGradient');
export const zerosLike = unary('ZerosLike');
export const onesLike = unary('OnesLike');

/** The shape as an int32 vector: a constant where it is known. */
export function shapeOf(x: Tensor): Tensor {
  return isStatic(x.shape) ? integers(x.graph, x.shape) : x.graph.op('Shape', [x]).output;
}

/** States what is known of the shape; checked when the graph runs. */
export function ensureShape(x: Tensor, shape: Shape, name?: string): Tensor {
  return x.graph.op('EnsureShape', [x], { shape }, { name }).output;
}

/** One size may be -1. */
export function reshape(x: Tensor, shape: Sizes, name?: string): Tensor {
  return x.graph.op('Reshape', [x, integers(x.graph, shape)], {}, { name }).output;
}

export function transpose(x: Tensor, order: readonly number[], name?: string): Tensor {
  return x.graph.op('Transpose', [x, integers(x.graph, order)], {}, { name }).output;
}

/** [before, after] for each axis. */
export function pad(
  x: Tensor,
  paddings: readonly (readonly [number, number])[],
  value: TensorLike = 0,
): Tensor {
  const pairs = x.graph.constant(paddings, 'int32', { shape: [paddings.length, 2] });
  return value === 0 ? x.graph.op('Pad', [x, pairs]).output : x.graph.op('PadV2', [x, pairs, value]).output;
}

export function mirrorPad(
  x: Tensor,
  paddings: readonly (readonly [number, number])[],
  mode: 'REFLECT' | 'SYMMETRIC',
): Tensor {
  const pairs = x.graph.constant(paddings, 'int32', { shape: [paddings.length, 2] });
  return x.graph.op('MirrorPad', [x, pairs], { mode }).output;
}

export function concat(tensors: readonly Tensor[], axis: number, name?: string): Tensor {
  return graphOf(tensors).op('ConcatV2', [tensors, axis], {}, { name }).output;
}

/** A size of -1 takes the rest of the axis. */
export function slice(x: Tensor, begin: Sizes, size: Sizes, name?: string): Tensor {
  return x.graph.op('Slice', [x, integers(x.graph, begin), integers(x.graph, size)], {}, { name }).output;
}

export interface StridedSliceMasks {
  begin?: number;
  end?: number;
  ellipsis?: number;
  newAxis?: number;
  shrinkAxis?: number;
}

/** Python's slicing; bits of a mask stand for axes (tf.strided_slice). */
export function stridedSlice(
  x: Tensor,
  begin: Sizes,
  end: Sizes,
  strides: Sizes,
  masks: StridedSliceMasks = {},
): Tensor {
  const { graph } = x;
  return graph.op(
    'StridedSlice',
    [x, integers(graph, begin), integers(graph, end), integers(graph, strides)],
    {
      begin_mask: masks.begin,
      end_mask: masks.end,
      ellipsis_mask: masks.ellipsis,
      new_axis_mask: masks.newAxis,
      shrink_axis_mask: masks.shrinkAxis,
    },
  ).output;
}

/** The `index`-th element along the first axis. */
export function element(x: Tensor, index: number): Tensor {
  return stridedSlice(x, [index], [index + 1], [1], { shrinkAxis: 1 });
}

/** Along a new axis. */
export function stack(tensors: readonly TensorLike[], axis = 0, name?: string): Tensor {
  return graphOf(tensors).op('Pack', [tensors], { axis }, { name }).output;
}

export function unstack(x: Tensor, count: number, axis = 0, name?: string): Tensor[] {
  return [...x.graph.op('Unpack', [x], { num: count, axis }, { name }).outputs];
}

/** `parts`: a number of equal parts, or the sizes along the axis. */
export function split(x: Tensor, parts: number | readonly number[], axis: number, name?: string): Tensor[] {
  const operation =
    typeof parts === 'number'
      ? x.graph.op('Split', [axis, x], { num_split: parts }, { name })
      : x.graph.op('SplitV', [x, integers(x.graph, parts), axis], { num_split: parts.length }, { name });
  return [...operation.outputs];
}

/** Rows of a table by their indices (int32 or int64). Its gradient is dense: UnsortedSegmentSum. */
export function gather(x: Tensor, indices: Tensor, axis = 0, name?: string): Tensor {
  return x.graph.op('GatherV2', [x, indices, axis], {}, { name }).output;
}

export function oneHot(
  indices: Tensor,
  depth: number,
  options: { dtype?: DType; name?: string } = {},
): Tensor {
  const { graph } = indices;
  const dtype = options.dtype ?? 'float32';
  const on = graph.constant(1, dtype);
  const off = graph.constant(0, dtype);
  return graph.op('OneHot', [indices, depth, on, off], {}, { name: options.name }).output;
}

export function expandDims(x: Tensor, axis: number, name?: string): Tensor {
  return x.graph.op('ExpandDims', [x, axis], {}, { name }).output;
}

/** Axes of length 1; all of them by default. */
export function squeeze(x: Tensor, axes: readonly number[] = [], name?: string): Tensor {
  return x.graph.op('Squeeze', [x], { squeeze_dims: [...axes] }, { name }).output;
}

export function tile(x: Tensor, multiples: Sizes, name?: string): Tensor {
  return x.graph.op('Tile', [x, integers(x.graph, multiples)], {}, { name }).output;
}

export function reverse(x: Tensor, axes: readonly number[], name?: string): Tensor {
  return x.graph.op('ReverseV2', [x, integers(x.graph, axes)], {}, { name }).output;
}

export function broadcastTo(x: Tensor, shape: Sizes, name?: string): Tensor {
  return x.graph.op('BroadcastTo', [x, integers(x.graph, shape)], {}, { name }).output;
}

/** `shape` filled with one value. */
export function fill(graph: Graph, shape: Sizes, value: TensorLike, name?: string): Tensor {
  return graph.op('Fill', [integers(graph, shape), value], {}, { name }).output;
}

/** int32: start, start + step, ... below limit. */
export function range(graph: Graph, start: TensorLike, limit: TensorLike, step: TensorLike = 1): Tensor {
  const asInteger = (value: TensorLike) =>
    typeof value === 'number' ? graph.constant(value, 'int32') : value;
  return graph.op('Range', [asInteger(start), asInteger(limit), asInteger(step)]).output;
}

/** Sums rows by segment: out[s] = the sum of x[i] with segments[i] = s. */
export function segmentSum(x: Tensor, segments: Tensor, count: TensorLike, name?: string): Tensor {
  return x.graph.op('UnsortedSegmentSum', [x, segments, count], {}, { name }).output;
}
