import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import type { Tensor } from '../../../src/graph/operation';
import * as ops from '../../../src/graph/operations';
import { type Case, compare, flags, integers, numbers } from './support/compare';

beforeAll(async () => {
  await loadBackend('node');
});

type GraphUnary = (x: Tensor) => Tensor;
type EagerUnary = (x: tf.Tensor) => tf.Tensor;
const unary: Record<string, [GraphUnary, EagerUnary, lower?: number, upper?: number]> = {
  abs: [ops.abs, tf.abs],
  negate: [ops.negate, tf.neg],
  square: [ops.square, tf.square],
  sqrt: [ops.sqrt, tf.sqrt, 0.1, 4],
  rsqrt: [ops.rsqrt, tf.rsqrt, 0.1, 4],
  exp: [ops.exp, tf.exp],
  expm1: [ops.expm1, tf.expm1],
  log: [ops.log, tf.log, 0.1, 4],
  log1p: [ops.log1p, tf.log1p, 0.1, 4],
  reciprocal: [ops.reciprocal, tf.reciprocal, 0.5, 2],
  sin: [ops.sin, tf.sin],
  cos: [ops.cos, tf.cos],
  tan: [ops.tan, tf.tan, -1, 1],
  asin: [ops.asin, tf.asin, -0.9, 0.9],
  acos: [ops.acos, tf.acos, -0.9, 0.9],
  atan: [ops.atan, tf.atan],
  sinh: [ops.sinh, tf.sinh],
  cosh: [ops.cosh, tf.cosh],
  tanh: [ops.tanh, tf.tanh],
  erf: [ops.erf, tf.erf],
  sigmoid: [ops.sigmoid, tf.sigmoid],
  softplus: [ops.softplus, tf.softplus],
  relu: [ops.relu, tf.relu],
  relu6: [ops.relu6, tf.relu6, -3, 9],
  leakyRelu: [(x) => ops.leakyRelu(x, 0.3), (x) => tf.leakyRelu(x, 0.3)],
  elu: [ops.elu, tf.elu],
  selu: [ops.selu, tf.selu],
  softmax: [ops.softmax, (x) => tf.softmax(x)],
  logSoftmax: [ops.logSoftmax, (x) => tf.logSoftmax(x)],
  clip: [(x) => ops.clip(x, -1, 1), (x) => tf.clipByValue(x, -1, 1)],
};

describe('functions of one tensor: values and gradients equal eager', () => {
  for (const [name, [graph, eager, lower, upper]] of Object.entries(unary))
    it(name, () =>
      compare({
        inputs: [numbers([3, 5], lower, upper)],
        graph: ([x]) => graph(x!),
        eager,
        by: [0],
        tolerance: 3e-6,
      }),
    );
  for (const [name, graph, eager] of [
    ['floor', ops.floor, tf.floor],
    ['ceil', ops.ceil, tf.ceil],
    ['round', ops.round, tf.round],
    ['sign', ops.sign, tf.sign],
    ['softsign', ops.softsign, (x: tf.Tensor) => tf.div(x, tf.add(tf.abs(x), 1))],
  ] as const)
    it(`${name} (value)`, () => compare({ inputs: [numbers([4, 3])], graph: ([x]) => graph(x!), eager }));
  it('softsign (gradient)', () =>
    compare({
      inputs: [numbers([4, 3])],
      graph: ([x]) => ops.softsign(x!),
      eager: (x) => tf.div(x, tf.add(tf.abs(x), 1)),
      by: [0],
      against: 'both',
    }));
});

type GraphBinary = (a: Tensor, b: Tensor) => Tensor;
type EagerBinary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
const binary: Record<string, [GraphBinary, EagerBinary, lower?: number, upper?: number]> = {
  add: [ops.add, tf.add],
  subtract: [ops.subtract, tf.sub],
  multiply: [ops.multiply, tf.mul],
  divide: [ops.divide, tf.div, 0.5, 2],
  divideNoNan: [ops.divideNoNan, tf.divNoNan, 0.5, 2],
  maximum: [ops.maximum, tf.maximum],
  minimum: [ops.minimum, tf.minimum],
  power: [ops.power, tf.pow, 0.5, 2],
  squaredDifference: [ops.squaredDifference, tf.squaredDifference],
};
/** tfjs has no gradient of these, or none when it broadcasts. */
const lackingInEager = new Set(['divideNoNan', 'maximum', 'minimum', 'squaredDifference']);
const broadcasts: [string, number[], number[]][] = [
  ['same shapes', [3, 4], [3, 4]],
  ['a bias', [3, 4], [4]],
  ['a column', [3, 4], [3, 1]],
  ['both ways', [3, 1, 2], [4, 1]],
  ['a scalar', [], [3, 4]],
  ['a batch of one', [1, 4], [3, 4]],
];

describe('functions of two tensors: values and gradients equal eager, with broadcasting', () => {
  for (const [name, [graph, eager, lower, upper]] of Object.entries(binary))
    for (const [kind, a, b] of broadcasts)
      it(`${name}, ${kind}`, () =>
        compare({
          inputs: [numbers(a, lower, upper), numbers(b, lower, upper, 2)],
          graph: ([x, y]) => graph(x!, y!),
          eager,
          by: [0, 1],
          against:
            lackingInEager.has(name) && (kind !== 'same shapes' || name === 'divideNoNan')
              ? 'finite'
              : 'eager',
        }));
});

const one = numbers([3, 4]);
const two = numbers([3, 4], -2, 2, 2);
const others: Record<string, Case> = {
  equal: {
    inputs: [integers([4], [1, 2, 3, 4]), integers([4], [1, 0, 3, 0])],
    graph: ([a, b]) => ops.equal(a!, b!),
    eager: tf.equal,
  },
  notEqual: {
    inputs: [integers([4], [1, 2, 3, 4]), integers([4], [1, 0, 3, 0])],
    graph: ([a, b]) => ops.notEqual(a!, b!),
    eager: tf.notEqual,
  },
  less: { inputs: [one, two], graph: ([a, b]) => ops.less(a!, b!), eager: tf.less },
  greaterEqual: { inputs: [one, two], graph: ([a, b]) => ops.greaterEqual(a!, b!), eager: tf.greaterEqual },
  floorDivide: {
    inputs: [integers([4], [7, -7, 5, 3]), integers([4], [2, 2, 5, 4])],
    graph: ([a, b]) => ops.floorDivide(a!, b!),
    eager: tf.floorDiv,
  },
  modulo: {
    inputs: [integers([4], [7, -7, 5, 3]), integers([4], [2, 2, 5, 4])],
    graph: ([a, b]) => ops.modulo(a!, b!),
    eager: tf.mod,
  },
  logicalAnd: {
    inputs: [flags([4], [0, 0, 1, 1]), flags([4], [0, 1, 0, 1])],
    graph: ([a, b]) => ops.logicalAnd(a!, b!),
    eager: tf.logicalAnd,
  },
  where: {
    inputs: [flags([3, 1], [1, 0, 1]), one, two],
    graph: ([c, a, b]) => ops.where(c!, a!, b!),
    eager: (c, a, b) => tf.where(tf.tile(c!, [1, 4]), a!, b!),
    by: [1, 2],
  },
  addN: {
    inputs: [one, two, one],
    graph: (tensors) => ops.addN(tensors),
    eager: (...tensors) => tf.addN(tensors),
    by: [0, 1, 2],
  },
  cast: {
    inputs: [integers([3], [1, -2, 3])],
    graph: ([x]) => ops.cast(x!, 'float32'),
    eager: (x) => tf.cast(x!, 'float32'),
  },
  cumulativeSum: {
    inputs: [one],
    graph: ([x]) => ops.cumulativeSum(x!, 1, { exclusive: true }),
    eager: (x) => tf.cumsum(x!, 1, true),
    by: [0],
  },
  l2Loss: {
    inputs: [one],
    graph: ([x]) => ops.l2Loss(x!),
    eager: (x) => tf.mul(tf.sum(tf.square(x!)), 0.5),
    by: [0],
  },
};

describe('other functions equal eager', () => {
  for (const [name, test] of Object.entries(others)) it(name, () => compare(test));
});

const reductions: Record<
  string,
  [typeof ops.sum, (x: tf.Tensor, axes?: number[], keep?: boolean) => tf.Tensor]
> = {
  sum: [ops.sum, tf.sum],
  mean: [ops.mean, tf.mean],
  max: [ops.max, tf.max],
  min: [ops.min, tf.min],
  product: [ops.product, tf.prod],
};

describe('reductions: values and gradients equal eager', () => {
  for (const [name, [graph, eager]] of Object.entries(reductions))
    for (const axes of [undefined, [0], [1, 2], [-1]])
      for (const keep of [false, true])
        it(`${name} over ${axes ?? 'all'}${keep ? ', axes kept' : ''}`, () =>
          compare({
            inputs: [numbers([3, 4, 2], 0.5, 2)],
            graph: ([x]) => graph(x!, axes, { keepDimensions: keep }),
            eager: (x) => eager(x!, axes, keep),
            by: [0],
            // tfjs has no gradient of the product over several axes.
            against: name === 'product' ? 'finite' : 'eager',
          }));
  it('argMax', () =>
    compare({ inputs: [one], graph: ([x]) => ops.argMax(x!, 1), eager: (x) => tf.argMax(x!, 1) }));
  it('all and any', async () => {
    const input = flags([2, 2], [1, 1, 0, 1]);
    await compare({ inputs: [input], graph: ([x]) => ops.all(x!, [1]), eager: (x) => tf.all(x!, 1) });
    await compare({ inputs: [input], graph: ([x]) => ops.any(x!, [1]), eager: (x) => tf.any(x!, 1) });
  });
});
