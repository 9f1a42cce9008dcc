import type { Operation, Tensor } from '../operation';
import {
  element,
  expandDims,
  gather,
  reshape,
  reverse,
  shapeOf,
  slice,
  stack,
  transpose,
  unstack,
  zerosLike,
} from '../operations/array';
import { matMul, multiply, sum } from '../operations/math';
import { constantNumbers } from '../shapes/constants';
import { call, type GradientFunction, type OneOutputGradient, ofFirst } from './gradient-function';

const back = ofFirst((operation, gradient) => [
  reshape(gradient, shapeOf(operation.input(0))),
  ...operation.inputs.slice(1).map(() => null),
]);

const transposeGradient = ofFirst((operation, gradient) => {
  const order = constantNumbers(operation.input(1));
  if (!order)
    return [
      call(gradient, 'Transpose', [gradient, call(gradient, 'InvertPermutation', [operation.input(1)])]),
      null,
    ];
  return [
    transpose(
      gradient,
      order.map((_, axis) => order.indexOf(axis)),
    ),
    null,
  ];
});

const padGradient = ofFirst((operation, gradient) => {
  const x = operation.input(0);
  const paddings = operation.input(1);
  const known = constantNumbers(paddings);
  const begin = known
    ? known.filter((_, place) => place % 2 === 0)
    : reshape(slice(paddings, [0, 0], [-1, 1]), [-1]);
  return [slice(gradient, begin, shapeOf(x)), ...operation.inputs.slice(1).map(() => null)];
});

const concatGradient = ofFirst((operation, gradient) => {
  const parts = operation.inputs.slice(0, -1);
  const axis = operation.inputs.at(-1)!;
  const axisNumber = constantNumbers(axis)?.[0];
  const lengths = parts.map((part) =>
    axisNumber === undefined || part.shape === null ? null : (part.shape.at(axisNumber) ?? null),
  );
  if (axisNumber !== undefined && lengths.every((length) => length !== null)) {
    const pieces = gradient.graph.op(
      'SplitV',
      [gradient, gradient.graph.constant(lengths as number[], 'int32', { shape: [lengths.length] }), axis],
      { num_split: parts.length },
    );
    return [...pieces.outputs, null];
  }
  const shapes = parts.map((part) => call(part, 'Shape', [part]));
  const offsets = gradient.graph.op('ConcatOffset', [axis, shapes]);
  return [...parts.map((_, index) => slice(gradient, offsets.out(index), shapes[index]!)), null];
});

const sliceGradient = ofFirst((operation, gradient) => {
  const [x, begin] = operation.inputs as [Tensor, Tensor];
  const before = call(begin, 'ExpandDims', [begin, 1]);
  const end = call(x, 'Sub', [call(x, 'Sub', [shapeOf(x), shapeOf(operation.output)]), begin]);
  const paddings = call(x, 'ConcatV2', [[before, call(end, 'ExpandDims', [end, 1])], 1]);
  return [call(gradient, 'Pad', [gradient, paddings]), null, null];
});

const gatherGradient: GradientFunction = ofFirst((operation, gradient) => {
  const [table, indices] = operation.inputs as [Tensor, Tensor];
  const axis = operation.type === 'GatherV2' ? constantNumbers(operation.input(2))?.[0] : 0;
  if (axis === undefined || (operation.type === 'GatherV2' && operation.int('batch_dims') !== 0))
    throw operation.error('the gradient of gathering along a computed axis or by batches is not known');
  const places = axis < 0 ? axis + table.rank : axis;
  const none = operation.inputs.slice(1).map(() => null);
  const rows = table.shape?.[places];
  const count =
    typeof rows === 'number'
      ? table.graph.constant(rows, 'int32')
      : call(table, 'GatherV2', [shapeOf(table), places, 0]);
  const rank = indices.rank;
  if (places === 0) return [call(gradient, 'UnsortedSegmentSum', [gradient, indices, count]), ...none];
  // The gathered axes come first, are summed by index, and go back to their place.
  const order = Array.from({ length: gradient.rank }, (_, index) => index);
  const gathered = order.slice(places, places + rank);
  const others = order.filter((index) => !gathered.includes(index));
  const summed = call(gradient, 'UnsortedSegmentSum', [
    transpose(gradient, [...gathered, ...others]),
    indices,
    count,
  ]);
  const returning = Array.from({ length: table.rank }, (_, index) =>
    index === places ? 0 : index < places ? index + 1 : index,
  );
  return [transpose(summed, returning), ...none];
});

const matMulGradient: OneOutputGradient = (operation, gradient, wanted) => {
  const [a, b] = operation.inputs as [Tensor, Tensor];
  const transposeA = operation.flag('transpose_a');
  const transposeB = operation.flag('transpose_b');
  const ofA = () =>
    transposeA
      ? matMul(b, gradient, { transposeA: transposeB, transposeB: true })
      : matMul(gradient, b, { transposeB: !transposeB });
  const ofB = () =>
    transposeB
      ? matMul(gradient, a, { transposeA: true, transposeB: transposeA })
      : matMul(a, gradient, { transposeA: !transposeA });
  return [wanted(0) ? ofA() : null, wanted(1) ? ofB() : null];
};

const batchMatMulGradient: OneOutputGradient = (operation, gradient, wanted) => {
  const [a, b] = operation.inputs as [Tensor, Tensor];
  const product = (x: Tensor, y: Tensor, adjointX: boolean, adjointY: boolean) =>
    call(gradient, 'BatchMatMulV2', [x, y], { adj_x: adjointX, adj_y: adjointY });
  const adjointA = operation.flag('adj_x');
  const adjointB = operation.flag('adj_y');
  const ofA = () =>
    adjointA ? product(b, gradient, adjointB, true) : product(gradient, b, false, !adjointB);
  const ofB = () =>
    adjointB ? product(gradient, a, true, adjointA) : product(a, gradient, !adjointA, false);
  return [wanted(0) ? sumBatch(ofA(), a) : null, wanted(1) ? sumBatch(ofB(), b) : null];
};

/** Sums over batch axes along which a matrix was broadcast. */
function sumBatch(gradient: Tensor, input: Tensor): Tensor {
  const { shape } = input;
  const result = gradient.shape;
  if (
    shape &&
    result &&
    shape.length === result.length &&
    shape.every((size, axis) => size !== 1 || result[axis] === 1)
  )
    return gradient;
  if (!shape || !result) throw input.operation.error('the gradient of a batched product needs known ranks');
  const missing = result.length - shape.length;
  const axes = result
    .map((_, axis) => axis)
    .slice(0, -2)
    .filter((axis) => axis < missing || shape[axis - missing] === 1);
  return reshape(sum(gradient, axes, { keepDimensions: true }), shapeOf(input));
}

export const arrayGradients: Record<string, GradientFunction> = {
  Reshape: back,
  ExpandDims: back,
  Squeeze: back,
  Transpose: transposeGradient,
  Pad: padGradient,
  PadV2: padGradient,
  MirrorPad: ofFirst((operation, gradient) => [
    call(gradient, 'MirrorPadGrad', [gradient, operation.input(1)], { mode: operation.text('mode') }),
    null,
  ]),
  ConcatV2: concatGradient,
  Slice: sliceGradient,
  StridedSlice: ofFirst((operation, gradient) => {
    const [x, begin, end, strides] = operation.inputs as [Tensor, Tensor, Tensor, Tensor];
    const masks = ['begin_mask', 'end_mask', 'ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'];
    const attributes = Object.fromEntries(masks.map((name) => [name, operation.int(name)]));
    return [
      call(gradient, 'StridedSliceGrad', [shapeOf(x), begin, end, strides, gradient], attributes),
      null,
      null,
      null,
    ];
  }),
  Pack: ofFirst((operation, gradient) => unstack(gradient, operation.inputs.length, operation.int('axis'))),
  Unpack: (operation, gradients) => [stack(filled(operation, gradients), operation.int('axis'))],
  Split: (operation, gradients) => [
    null,
    call(operation.output, 'ConcatV2', [filled(operation, gradients), operation.input(0)]),
  ],
  SplitV: (operation, gradients) => [
    call(operation.output, 'ConcatV2', [filled(operation, gradients), operation.input(2)]),
    null,
    null,
  ],
  Gather: gatherGradient,
  GatherV2: gatherGradient,
  ResourceGather: ofFirst((operation) => {
    throw operation.error('gradients flow through ReadVariableOp and GatherV2, not through ResourceGather');
  }),
  Tile: ofFirst((operation, gradient) => {
    const x = operation.input(0);
    const shape = shapeOf(x);
    const pairs = call(x, 'Reshape', [
      call(x, 'Transpose', [
        call(x, 'Pack', [[operation.input(1), shape]]),
        x.graph.constant([1, 0], 'int32'),
      ]),
      x.graph.constant([-1], 'int32'),
    ]);
    const axes = Array.from({ length: x.rank }, (_, axis) => axis * 2);
    return [reshape(sum(reshape(gradient, pairs), axes), shape), null];
  }),
  ReverseV2: ofFirst((operation, gradient) => {
    const axes = constantNumbers(operation.input(1));
    return [
      axes ? reverse(gradient, axes) : call(gradient, 'ReverseV2', [gradient, operation.input(1)]),
      null,
    ];
  }),
  BroadcastTo: ofFirst((operation, gradient) => {
    const x = operation.input(0);
    const found = gradient.graph.op('BroadcastGradientArgs', [shapeOf(x), operation.input(1)]);
    return [reshape(sum(gradient, found.out(0)), shapeOf(x)), null];
  }),
  GatherNd: ofFirst((operation, gradient) => {
    const [x, indices] = operation.inputs as [Tensor, Tensor];
    const shape = call(x, 'Cast', [shapeOf(x)], { DstT: indices.dtype });
    return [call(gradient, 'ScatterNd', [indices, gradient, shape]), null];
  }),
  // Each value's gradient goes to its place in the row that it came from.
  TopKV2: ofFirst((operation, gradient) => {
    const x = operation.input(0);
    const width = x.shape?.at(-1);
    const count = gradient.shape?.at(-1);
    if (typeof width !== 'number' || typeof count !== 'number')
      throw operation.error('the gradient needs rows of a known length');
    const places = reshape(operation.out(1), [-1, count]);
    const rows = call(x, 'Range', [
      x.graph.constant(0, 'int32'),
      element(call(places, 'Shape', [places]), 0),
      x.graph.constant(1, 'int32'),
    ]);
    const flat = reshape(call(x, 'AddV2', [places, multiply(expandDims(rows, 1), width)]), [-1]);
    const size = call(x, 'Size', [x]);
    return [
      reshape(call(gradient, 'UnsortedSegmentSum', [reshape(gradient, [-1]), flat, size]), shapeOf(x)),
      null,
    ];
  }),
  UnsortedSegmentSum: ofFirst((operation, gradient) => {
    const segments = operation.input(1);
    // Negative segments were dropped.
    const safe = call(segments, 'Maximum', [segments, zerosLike(segments)]);
    const taken = gather(gradient, safe);
    const kept = call(segments, 'GreaterEqual', [segments, zerosLike(segments)]);
    const mask = call(gradient, 'Cast', [kept], { DstT: gradient.dtype });
    const extra = taken.rank - segments.rank;
    const shaped =
      extra === 0
        ? mask
        : reshape(
            mask,
            call(mask, 'ConcatV2', [
              [call(mask, 'Shape', [mask]), mask.graph.constant(new Array<number>(extra).fill(1), 'int32')],
              0,
            ]),
          );
    return [multiply(taken, shaped), null, null];
  }),
  MatMul: ofFirst(matMulGradient),
  BatchMatMulV2: ofFirst(batchMatMulGradient),
  MatrixBandPart: ofFirst((operation, gradient) => [
    call(gradient, 'MatrixBandPart', [gradient, operation.input(1), operation.input(2)]),
    null,
    null,
  ]),
};

/** Outputs without a gradient get zeros. */
function filled(operation: Operation, gradients: readonly (Tensor | null)[]): Tensor[] {
  return operation.outputs.map((output, index) => gradients[index] ?? zerosLike(output));
}
