import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { Graph } from '../../../src/graph/graph';
import * as ops from '../../../src/graph/operations';
import { type Case, compare, integers, numbers } from './support/compare';

beforeAll(async () => {
  await loadBackend('node');
});

const x = numbers([3, 4]);
const y = numbers([3, 4], -2, 2, 2);
const cases: Record<string, Case> = {
  reshape: {
    inputs: [x],
    graph: ([a]) => ops.reshape(a!, [-1, 2]),
    eager: (a) => tf.reshape(a!, [-1, 2]),
    by: [0],
  },
  transpose: {
    inputs: [numbers([2, 3, 4])],
    graph: ([a]) => ops.transpose(a!, [2, 0, 1]),
    eager: (a) => tf.transpose(a!, [2, 0, 1]),
    by: [0],
  },
  pad: {
    inputs: [x],
    graph: ([a]) =>
      ops.pad(a!, [
        [1, 0],
        [2, 1],
      ]),
    eager: (a) =>
      tf.pad(a!, [
        [1, 0],
        [2, 1],
      ]),
    by: [0],
  },
  'pad with a value': {
    inputs: [x],
    graph: ([a]) =>
      ops.pad(
        a!,
        [
          [1, 0],
          [2, 1],
        ],
        7,
      ),
    eager: (a) =>
      tf.pad(
        a!,
        [
          [1, 0],
          [2, 1],
        ],
        7,
      ),
    by: [0],
  },
  mirrorPad: {
    inputs: [x],
    graph: ([a]) =>
      ops.mirrorPad(
        a!,
        [
          [1, 1],
          [2, 1],
        ],
        'REFLECT',
      ),
    eager: (a) =>
      tf.mirrorPad(
        a!,
        [
          [1, 1],
          [2, 1],
        ],
        'reflect',
      ),
    by: [0],
    against: 'finite',
  },
  'concat along the batch': {
    inputs: [x, y],
    graph: (all) => ops.concat(all, 0),
    eager: (...all) => tf.concat(all, 0),
    by: [0, 1],
  },
  'concat along the last axis': {
    inputs: [x, numbers([3, 2])],
    graph: (all) => ops.concat(all, -1),
    eager: (...all) => tf.concat(all, -1),
    by: [0, 1],
  },
  slice: {
    inputs: [x],
    graph: ([a]) => ops.slice(a!, [1, 0], [-1, 3]),
    eager: (a) => tf.slice(a!, [1, 0], [-1, 3]),
    by: [0],
  },
  stridedSlice: {
    inputs: [numbers([4, 5, 3])],
    graph: ([a]) => ops.stridedSlice(a!, [0, 4, 1], [4, 0, 2], [2, -2, 1], { shrinkAxis: 4 }),
    eager: (a) => tf.stridedSlice(a!, [0, 4, 1], [4, 0, 2], [2, -2, 1], 0, 0, 0, 0, 4),
    by: [0],
    against: 'finite',
  },
  'stridedSlice to the ends': {
    inputs: [numbers([4, 5])],
    graph: ([a]) => ops.stridedSlice(a!, [1, 0], [0, 0], [1, 2], { end: 3, begin: 2 }),
    eager: (a) => tf.stridedSlice(a!, [1, 0], [0, 0], [1, 2], 2, 3),
    by: [0],
    against: 'finite',
  },
  element: { inputs: [x], graph: ([a]) => ops.element(a!, 1), eager: (a) => tf.gather(a!, 1), by: [0] },
  stack: {
    inputs: [x, y],
    graph: (all) => ops.stack(all, 1),
    eager: (...all) => tf.stack(all, 1),
    by: [0, 1],
  },
  'unstack, one of the parts': {
    inputs: [numbers([3, 2, 4])],
    graph: ([a]) => ops.unstack(a!, 2, 1)[1]!,
    eager: (a) => tf.unstack(a!, 1)[1]!,
    by: [0],
  },
  'split, two of three': {
    inputs: [numbers([2, 6])],
    graph: ([a]) => {
      const [first, , third] = ops.split(a!, 3, 1);
      return ops.add(first!, third!);
    },
    eager: (a) => {
      const [first, , third] = tf.split(a!, 3, 1);
      return tf.add(first!, third!);
    },
    by: [0],
  },
  'split by sizes': {
    inputs: [numbers([2, 6])],
    graph: ([a]) => ops.split(a!, [1, 5], 1)[1]!,
    eager: (a) => tf.split(a!, [1, 5], 1)[1]!,
    by: [0],
  },
  gather: {
    inputs: [numbers([5, 3]), integers([2, 3], [4, 0, 4, 1, 2, 4])],
    graph: ([table, indices]) => ops.gather(table!, indices!),
    eager: (table, indices) => tf.gather(table!, indices!.toInt()),
    by: [0],
    fixed: [0],
  },
  'gather along an inner axis': {
    inputs: [numbers([2, 5, 3]), integers([2, 2], [4, 0, 4, 1])],
    graph: ([table, indices]) => ops.gather(table!, indices!, 1),
    eager: (table, indices) => tf.gather(table!, indices!.toInt(), 1),
    by: [0],
  },
  oneHot: {
    inputs: [integers([4], [0, 2, 1, 2])],
    graph: ([indices]) => ops.oneHot(indices!, 3),
    eager: (indices) => tf.oneHot(indices!.toInt(), 3).toFloat(),
  },
  expandDims: {
    inputs: [x],
    graph: ([a]) => ops.expandDims(a!, 1),
    eager: (a) => tf.expandDims(a!, 1),
    by: [0],
  },
  squeeze: {
    inputs: [numbers([3, 1, 2])],
    graph: ([a]) => ops.squeeze(a!, [1]),
    eager: (a) => tf.squeeze(a!, [1]),
    by: [0],
  },
  tile: { inputs: [x], graph: ([a]) => ops.tile(a!, [2, 3]), eager: (a) => tf.tile(a!, [2, 3]), by: [0] },
  reverse: { inputs: [x], graph: ([a]) => ops.reverse(a!, [1]), eager: (a) => tf.reverse(a!, [1]), by: [0] },
  broadcastTo: {
    inputs: [numbers([3, 1])],
    graph: ([a]) => ops.broadcastTo(a!, [3, 4]),
    eager: (a) => tf.tile(a!, [1, 4]),
    by: [0],
  },
  segmentSum: {
    inputs: [numbers([5, 2]), integers([5], [2, 0, 2, 1, 2])],
    graph: ([a, segments]) => ops.segmentSum(a!, segments!, 4),
    eager: (a, segments) => tf.unsortedSegmentSum(a!, segments as tf.Tensor1D, 4),
    by: [0],
  },
  'zerosLike and onesLike': {
    inputs: [x],
    graph: ([a]) => ops.add(ops.zerosLike(a!), ops.onesLike(a!)),
    eager: (a) => tf.onesLike(a!),
  },
  fill: {
    inputs: [x],
    graph: ([a], graph) => ops.fill(graph, ops.shapeOf(a!), 3),
    eager: (a) => tf.fill(a!.shape, 3),
  },
  range: {
    inputs: [],
    graph: (_, graph) => ops.range(graph, 2, 11, 3),
    eager: () => tf.range(2, 11, 3, 'int32'),
  },
};

describe('arrangements of elements: values and gradients equal eager', () => {
  for (const [name, test] of Object.entries(cases)) it(name, () => compare(test));
});

describe('inputs that do not fit are refused while the graph is built', () => {
  const graph = new Graph();
  const matrix = graph.placeholder('float32', [2, 3], 'matrix');
  const other = graph.placeholder('float32', [4, 3], 'other');
  const whole = graph.placeholder('int32', [2], 'whole');
  const mistakes: Record<string, [() => unknown, string]> = {
    'inner sizes of a product': [
      () => ops.matMul(matrix, other, { name: 'product' }),
      'MatMul "product": the inner sizes 3 and 4 differ (inputs: float32[2, 3], float32[4, 3]).',
    ],
    'types of a sum': [
      () => ops.add(matrix, whole, 'sum'),
      'AddV2 "sum": input y (whole:0) is int32, but float32 is expected as of input x.',
    ],
    'shapes of a sum': [
      () => ops.add(matrix, other, 'sum2'),
      "the shapes [2, 3] and [4, 3] don't fit together",
    ],
    'a reshape': [() => ops.reshape(matrix, [4, 2]), "[2, 3] can't be reshaped to [4, 2]"],
    'a concatenation': [() => ops.concat([matrix, other], 1), 'its inputs differ beside axis 1'],
    'a transposition': [() => ops.transpose(matrix, [0, 0]), '[0, 0] is no order of the axes of [2, 3]'],
    'an axis': [() => ops.sum(matrix, [2]), 'there is no axis 2 in a tensor of rank 2'],
    'a type that the operation lacks': [
      () => ops.tanh(graph.constant('text')),
      'the attribute T is "string", but bfloat16, complex128, complex64, float16, float32, float64 are known',
    ],
    'an attribute that is missing': [() => graph.op('Cast', [matrix]), 'the attribute DstT is missing'],
    'an attribute that is unknown': [
      () => graph.op('Neg', [matrix], { axis: 1 }),
      'it has no attribute axis',
    ],
    'an attribute out of its choices': [
      () => ops.maxPool(graph.placeholder('float32', [1, 4, 4, 1]), 2, { padding: 'Same' as 'SAME' }),
      'the attribute padding is "Same", but SAME, VALID, EXPLICIT are known',
    ],
    'too few inputs': [() => graph.op('Sub', [matrix]), '1 inputs were given, but it takes 2 (x, y)'],
    'a list where one is wanted': [
      () => graph.op('ConcatV2', [matrix, 0]),
      'input values takes a list of tensors',
    ],
    'channels of a convolution': [
      () =>
        ops.conv2d(graph.placeholder('float32', [null, 8, 8, 3]), graph.placeholder('float32', [3, 3, 2, 4])),
      'the input has 3 channels, but the filter takes 2',
    ],
    'a window beyond the picture': [
      () =>
        ops.conv2d(graph.placeholder('float32', [null, 2, 8, 3]), graph.placeholder('float32', [3, 3, 3, 4])),
      'a window of 3 is larger than axis 1 of [?, 2, 8, 3]',
    ],
    'a name': [
      () => graph.constant(1, 'float32', { name: 'a,b' }),
      '"a,b" can\'t be the name of an operation',
    ],
    'another graph': [() => ops.add(matrix, new Graph().constant(1)), 'which lies in another graph'],
    'ragged arrays': [() => graph.constant([[1, 2], [3]]), 'different lengths'],
  };
  for (const [name, [mistake, message]] of Object.entries(mistakes))
    it(name, () => expect(mistake).toThrow(message));
});
