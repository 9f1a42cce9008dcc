import { compatible, formatShape, isStatic, mergeShapes, normalizeAxis, type Shape, sizeOf } from '../shape';
import type { TensorValue } from '../tensor-value';
import { constantNumbers, constantShape } from './constants';
import { knownAxes, type ShapeFunction } from './shape-function';

const reshape: ShapeFunction = (operation) => {
  const { shape } = operation.input(0);
  const wanted = constantNumbers(operation.input(1));
  if (!wanted) return [constantShape(operation.input(1))];
  const holes = wanted.filter((size) => size < 0).length;
  if (holes > 1) throw operation.error(`only one size of [${wanted.join(', ')}] may be left open`);
  const known = wanted.filter((size) => size >= 0).reduce((product, size) => product * size, 1);
  const size = sizeOf(shape);
  const open = size === null || known === 0 ? null : size / known;
  if (size !== null && (holes === 0 ? known !== size : known > 0 && !Number.isInteger(open)))
    throw operation.error(`${formatShape(shape)} can't be reshaped to [${wanted.join(', ')}]`);
  return [wanted.map((length) => (length < 0 ? open : length))];
};

const transpose: ShapeFunction = (operation) => {
  const { shape } = operation.input(0);
  const order = constantNumbers(operation.input(1));
  if (shape === null) return [order ? order.map(() => null) : null];
  if (!order) return [shape.map(() => null)];
  if (order.length !== shape.length || [...order].sort((a, b) => a - b).some((axis, place) => axis !== place))
    throw operation.error(`[${order.join(', ')}] is no order of the axes of ${formatShape(shape)}`);
  return [order.map((axis) => shape[axis]!)];
};

const pad: ShapeFunction = (operation) => {
  const { shape } = operation.input(0);
  const paddings = constantNumbers(operation.input(1));
  if (shape === null) return [null];
  if (!paddings) return [shape.map(() => null)];
  if (paddings.length !== shape.length * 2)
    throw operation.error(`${shape.length} pairs of paddings are needed, not ${paddings.length / 2}`);
  return [
    shape.map((size, axis) => (size === null ? null : size + paddings[axis * 2]! + paddings[axis * 2 + 1]!)),
  ];
};

const concat: ShapeFunction = (operation) => {
  const parts = operation.inputs.slice(0, -1);
  const ranked = parts.find((part) => part.shape !== null)?.shape;
  const axes = knownAxes(operation, operation.inputs.length - 1, ranked?.length);
  if (!ranked || !axes) return [ranked ? ranked.map(() => null) : null];
  const axis = axes[0]!;
  let total: number | null = 0;
  let others: Shape = ranked.map(() => null);
  for (const { shape } of parts) {
    const length: number | null = shape === null ? null : (shape[axis] ?? null);
    total = total === null || length === null ? null : total + length;
    const merged: Shape | undefined = mergeShapes(
      others,
      shape === null ? null : shape.map((size, place) => (place === axis ? null : size)),
    );
    if (merged === undefined) throw operation.error(`its inputs differ beside axis ${axis}`);
    others = merged;
  }
  return [others!.map((size, place) => (place === axis ? total : size))];
};

const slice: ShapeFunction = (operation) => {
  const { shape } = operation.input(0);
  const begin = constantNumbers(operation.input(1));
  const size = constantNumbers(operation.input(2));
  if (!size) return [shape ? shape.map(() => null) : null];
  return [
    size.map((length, axis) => {
      const whole = shape?.[axis] ?? null;
      if (length >= 0) {
        if (whole !== null && begin && begin[axis]! + length > whole)
          throw operation.error(
            `${length} from ${begin[axis]} on is beyond axis ${axis} of ${formatShape(shape)}`,
          );
        return length;
      }
      return whole === null || !begin ? null : whole - begin[axis]!;
    }),
  ];
};

/** Python's slicing of one axis. */
function slicedLength(size: number, begin: number | null, end: number | null, stride: number): number {
  const clamp = (value: number) => {
    const fromStart = value < 0 ? value + size : value;
    return stride > 0 ? Math.min(Math.max(fromStart, 0), size) : Math.min(Math.max(fromStart, -1), size - 1);
  };
  const first = begin === null ? (stride > 0 ? 0 : size - 1) : clamp(begin);
  const last = end === null ? (stride > 0 ? size : -1) : clamp(end);
  return Math.max(0, Math.ceil((last - first) / stride));
}

const stridedSlice: ShapeFunction = (operation) => {
  const { shape } = operation.input(0);
  const begin = constantNumbers(operation.input(1));
  const end = constantNumbers(operation.input(2));
  const strides = constantNumbers(operation.input(3));
  if (shape === null || !begin || !end || !strides) return [null];
  const bit = (name: string, place: number) => (operation.int(name) & (1 << place)) !== 0;
  const result: (number | null)[] = [];
  let axis = 0;
  for (let place = 0; place < begin.length; place++) {
    if (bit('ellipsis_mask', place)) {
      const after = begin.filter((_, later) => later > place && !bit('new_axis_mask', later)).length;
      while (axis < shape.length - after) result.push(shape[axis++]!);
    } else if (bit('new_axis_mask', place)) result.push(1);
    else {
      if (axis >= shape.length) throw operation.error('it slices more axes than there are');
      const size = shape[axis++]!;
      if (bit('shrink_axis_mask', place)) continue;
      if (size === null) result.push(null);
      else
        result.push(
          slicedLength(
            size,
            bit('begin_mask', place) ? null : begin[place]!,
            bit('end_mask', place) ? null : end[place]!,
            strides[place]!,
          ),
        );
    }
  }
  while (axis < shape.length) result.push(shape[axis++]!);
  return [result];
};

const pack: ShapeFunction = (operation) => {
  let shape: Shape = null;
  for (const input of operation.inputs) {
    const merged = mergeShapes(shape, input.shape);
    if (merged === undefined) throw operation.error('its inputs should be shaped alike');
    shape = merged;
  }
  if (shape === null) return [null];
  const axis = normalizeAxis(operation.int('axis'), shape.length + 1);
  return [[...shape.slice(0, axis), operation.inputs.length, ...shape.slice(axis)]];
};

const unpack: ShapeFunction = (operation) => {
  const { shape } = operation.input(0);
  const count = operation.int('num');
  if (shape === null) return new Array<Shape>(count).fill(null);
  const axis = normalizeAxis(operation.int('axis'), shape.length);
  if (shape[axis] !== null && shape[axis] !== count)
    throw operation.error(`axis ${axis} of ${formatShape(shape)} can't be unpacked to ${count}`);
  return new Array<Shape>(count).fill(shape.filter((_, place) => place !== axis));
};

const gather: ShapeFunction = (operation) => {
  const [parameters, indices] = operation.inputs;
  const rank = parameters!.shape?.length;
  const axes = operation.type === 'GatherV2' ? knownAxes(operation, 2, rank) : [0];
  const batch = operation.type === 'GatherV2' ? operation.int('batch_dims') : 0;
  if (!parameters!.shape || !indices!.shape || !axes) return [null];
  const axis = axes[0]!;
  return [
    [
      ...parameters!.shape.slice(0, axis),
      ...indices!.shape.slice(batch),
      ...parameters!.shape.slice(axis + 1),
    ],
  ];
};

const split: ShapeFunction = (operation) => {
  const { shape } = operation.input(1);
  const count = operation.int('num_split');
  const axes = knownAxes(operation, 0, shape?.length);
  if (!shape || !axes) return new Array<Shape>(count).fill(null);
  const size = shape[axes[0]!] ?? null;
  if (size !== null && size % count !== 0)
    throw operation.error(
      `axis ${axes[0]} of ${formatShape(shape)} can't be split into ${count} equal parts`,
    );
  return new Array<Shape>(count).fill(
    shape.map((length, axis) => (axis === axes[0] ? (size === null ? null : size / count) : length)),
  );
};

const splitV: ShapeFunction = (operation) => {
  const { shape } = operation.input(0);
  const count = operation.int('num_split');
  const sizes = constantNumbers(operation.input(1));
  const axes = knownAxes(operation, 2, shape?.length);
  if (!shape || !axes || !sizes) return new Array<Shape>(count).fill(null);
  return sizes.map((size) =>
    shape.map((length, axis) => (axis === axes[0] ? (size < 0 ? null : size) : length)),
  );
};

const squeeze: ShapeFunction = (operation) => {
  const { shape } = operation.input(0);
  if (shape === null) return [null];
  const axes = operation.ints('squeeze_dims').map((axis) => normalizeAxis(axis, shape.length));
  for (const axis of axes)
    if (shape[axis] !== null && shape[axis] !== 1)
      throw operation.error(`axis ${axis} of ${formatShape(shape)} is not of length 1`);
  if (axes.length > 0) return [shape.filter((_, axis) => !axes.includes(axis))];
  return [isStatic(shape) ? shape.filter((size) => size !== 1) : null];
};

export const arrayShapes: Record<string, ShapeFunction> = {
  Const: (operation) => [(operation.attribute('value') as TensorValue).shape],
  Placeholder: (operation) => [(operation.attribute('shape') as Shape | undefined) ?? null],
  PlaceholderWithDefault: (operation) => [(operation.attribute('shape') as Shape | undefined) ?? null],
  Shape: (operation) => [[operation.input(0).shape?.length ?? null]],
  Size: () => [[]],
  Rank: () => [[]],
  Fill: (operation) => [constantShape(operation.input(0))],
  BroadcastTo: (operation) => [constantShape(operation.input(1))],
  Range: (operation) => {
    const [start, limit, delta] = operation.inputs.map((input) => constantNumbers(input)?.[0]);
    if (start === undefined || limit === undefined || delta === undefined) return [[null]];
    return [[Math.max(0, Math.ceil((limit - start) / delta))]];
  },
  LinSpace: (operation) => [[constantNumbers(operation.input(2))?.[0] ?? null]],
  BroadcastGradientArgs: () => [[null], [null]],
  Reshape: reshape,
  Transpose: transpose,
  Pad: pad,
  PadV2: pad,
  MirrorPad: pad,
  ConcatV2: concat,
  Slice: slice,
  StridedSlice: stridedSlice,
  Pack: pack,
  Unpack: unpack,
  Gather: gather,
  GatherV2: gather,
  ResourceGather: () => [null],
  GatherNd: (operation) => {
    const [parameters, indices] = operation.inputs;
    const depth = indices!.shape?.at(-1);
    if (!parameters!.shape || !indices!.shape || typeof depth !== 'number') return [null];
    return [[...indices!.shape.slice(0, -1), ...parameters!.shape.slice(depth)]];
  },
  ScatterNd: (operation) => [constantShape(operation.input(2))],
  TensorScatterUpdate: (operation) => [operation.input(0).shape],
  TensorScatterAdd: (operation) => [operation.input(0).shape],
  OneHot: (operation) => {
    const { shape } = operation.input(0);
    const depth = constantNumbers(operation.input(1))?.[0] ?? null;
    if (shape === null) return [null];
    const axis = normalizeAxis(operation.int('axis'), shape.length + 1);
    return [[...shape.slice(0, axis), depth, ...shape.slice(axis)]];
  },
  ExpandDims: (operation) => {
    const { shape } = operation.input(0);
    const axes = knownAxes(operation, 1, shape === null ? undefined : shape.length + 1);
    return [shape && axes ? [...shape.slice(0, axes[0]), 1, ...shape.slice(axes[0])] : null];
  },
  Squeeze: squeeze,
  Tile: (operation) => {
    const { shape } = operation.input(0);
    const multiples = constantNumbers(operation.input(1));
    if (shape === null) return [null];
    return [shape.map((size, axis) => (size === null || !multiples ? null : size * multiples[axis]!))];
  },
  Split: split,
  SplitV: splitV,
  Where: (operation) => [[null, operation.input(0).shape?.length ?? null]],
  Unique: (operation) => [[null], operation.input(0).shape],
  UnsortedSegmentSum: (operation) => {
    const [data, segments, count] = operation.inputs;
    const number = constantNumbers(count!)?.[0] ?? null;
    if (!data!.shape || !segments!.shape) return [null];
    if (!compatible(data!.shape.slice(0, segments!.shape.length), segments!.shape))
      throw operation.error(`segments ${formatShape(segments!.shape)} don't begin the data's shape`);
    return [[number, ...data!.shape.slice(segments!.shape.length)]];
  },
  VariableShape: () => [[null]],
  VarHandleOp: () => [[]],
  VarIsInitializedOp: () => [[]],
};
