import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { Graph } from '../../../src/graph/graph';
import * as ops from '../../../src/graph/operations';
import { GraphSession } from '../../../src/graph/session/session';
import { type Case, compare, integers, numbers } from './support/compare';

beforeAll(async () => {
  await loadBackend('node');
});

const cases: Record<string, Case> = {};
for (const transposeA of [false, true])
  for (const transposeB of [false, true]) {
    cases[`matMul${transposeA ? ', a transposed' : ''}${transposeB ? ', b transposed' : ''}`] = {
      inputs: [numbers(transposeA ? [4, 3] : [3, 4]), numbers(transposeB ? [2, 4] : [4, 2], -2, 2, 2)],
      graph: ([a, b]) => ops.matMul(a!, b!, { transposeA, transposeB }),
      eager: (a, b) => tf.matMul(a!, b!, transposeA, transposeB),
      by: [0, 1],
    };
    cases[`batchMatMul${transposeA ? ', a transposed' : ''}${transposeB ? ', b transposed' : ''}`] = {
      inputs: [
        numbers(transposeA ? [2, 4, 3] : [2, 3, 4]),
        numbers(transposeB ? [2, 5, 4] : [2, 4, 5], -2, 2, 2),
      ],
      graph: ([a, b]) => ops.batchMatMul(a!, b!, { transposeA, transposeB }),
      eager: (a, b) => tf.matMul(a!, b!, transposeA, transposeB),
      by: [0, 1],
    };
  }
cases['batchMatMul, one matrix for all'] = {
  inputs: [numbers([2, 3, 4]), numbers([4, 5], -2, 2, 2)],
  graph: ([a, b]) => ops.batchMatMul(a!, b!),
  eager: (a, b) => tf.matMul(a!, tf.stack([b!, b!])),
  by: [0, 1],
  fixed: [0, 1],
};

const picture = numbers([2, 7, 6, 3]);
for (const padding of ['SAME', 'VALID'] as const)
  for (const strides of [1, 2]) {
    const eagerPadding = padding.toLowerCase() as 'same' | 'valid';
    cases[`conv2d ${padding}, stride ${strides}`] = {
      inputs: [picture, numbers([3, 2, 3, 4], -1, 1, 2)],
      graph: ([x, w]) => ops.conv2d(x!, w!, { strides, padding }),
      eager: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, eagerPadding),
      by: [0, 1],
      fixed: [1],
    };
    cases[`depthwiseConv2d ${padding}, stride ${strides}`] = {
      inputs: [picture, numbers([3, 3, 3, 2], -1, 1, 2)],
      graph: ([x, w]) => ops.depthwiseConv2d(x!, w!, { strides, padding }),
      eager: (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, eagerPadding),
      by: [0, 1],
      fixed: [1],
    };
    cases[`maxPool ${padding}, stride ${strides}`] = {
      inputs: [picture],
      graph: ([x]) => ops.maxPool(x!, 3, { strides, padding }),
      eager: (x) => tf.maxPool(x as tf.Tensor4D, 3, strides, eagerPadding),
      by: [0],
    };
    cases[`averagePool ${padding}, stride ${strides}`] = {
      inputs: [picture],
      graph: ([x]) => ops.averagePool(x!, 2, { strides, padding }),
      eager: (x) => tf.avgPool(x as tf.Tensor4D, 2, strides, eagerPadding),
      by: [0],
    };
  }

const channels = (values: tf.Tensor) => tf.moments(values, [0, 1, 2]);
Object.assign(cases, {
  'conv2d with explicit padding': {
    inputs: [picture, numbers([3, 3, 3, 2], -1, 1, 2)],
    graph: ([x, w]) =>
      ops.conv2d(x!, w!, {
        strides: 2,
        padding: [
          [0, 1],
          [2, 0],
        ],
      }),
    eager: (x, w) =>
      tf.conv2d(
        tf.pad(x!, [
          [0, 0],
          [0, 1],
          [2, 0],
          [0, 0],
        ]) as tf.Tensor4D,
        w as tf.Tensor4D,
        2,
        'valid',
      ),
    by: [0, 1],
    fixed: [1],
  },
  'conv2d with dilation': {
    inputs: [picture, numbers([2, 2, 3, 2], -1, 1, 2)],
    graph: ([x, w]) => ops.conv2d(x!, w!, { dilations: 2 }),
    eager: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'valid', 'NHWC', 2),
    by: [0, 1],
    against: 'finite',
    fixed: [1],
  },
  conv2dTranspose: {
    inputs: [numbers([2, 3, 3, 4]), numbers([3, 3, 2, 4], -1, 1, 2)],
    graph: ([x, w]) => ops.conv2dTranspose(x!, w!, [2, 7, 7, 2], { strides: 2 }),
    eager: (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [2, 7, 7, 2], 2, 'valid'),
    by: [0, 1],
    fixed: [1],
  },
  biasAdd: {
    inputs: [picture, numbers([3])],
    graph: ([x, b]) => ops.biasAdd(x!, b!),
    eager: (x, b) => tf.add(x!, b!),
    by: [0, 1],
    fixed: [1],
  },
  'batchNormalization, training': {
    inputs: [picture, numbers([3], 0.5, 2), numbers([3], -1, 1, 3)],
    graph: ([x, scale, offset]) =>
      ops.batchNormalization(x!, scale!, offset!, { training: true, epsilon: 1e-3 }).y,
    eager: (x, scale, offset) => {
      const { mean, variance } = channels(x!);
      return tf.add(tf.mul(tf.div(tf.sub(x!, mean), tf.sqrt(tf.add(variance, 1e-3))), scale!), offset!);
    },
    by: [0, 1, 2],
    fixed: [1, 2],
    tolerance: 1e-4,
  },
  'batchNormalization, frozen': {
    inputs: [
      picture,
      numbers([3], 0.5, 2),
      numbers([3], -1, 1, 3),
      numbers([3], -1, 1, 4),
      numbers([3], 0.5, 2, 5),
    ],
    graph: ([x, scale, offset, mean, variance]) =>
      ops.batchNormalization(x!, scale!, offset!, {
        training: false,
        epsilon: 1e-3,
        mean: mean!,
        variance: variance!,
      }).y,
    eager: (x, scale, offset, mean, variance) =>
      tf.batchNorm(
        x!,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        offset as tf.Tensor1D,
        scale as tf.Tensor1D,
        1e-3,
      ),
    by: [0, 1, 2],
    fixed: [1, 2, 3, 4],
    tolerance: 1e-4,
  },
  sparseSoftmaxCrossEntropy: {
    inputs: [numbers([4, 3]), integers([4], [0, 2, 1, 2])],
    graph: ([logits, labels]) => ops.sparseSoftmaxCrossEntropy(logits!, labels!),
    eager: (logits, labels) =>
      tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits!), tf.oneHot(labels!.toInt(), 3).toFloat()), 1)),
    by: [0],
  },
  // The rows of the labels have to sum to 1, which TensorFlow's gradient takes for granted.
  softmaxCrossEntropy: {
    inputs: [numbers([4, 3]), numbers([4, 3], 0, 1, 2)],
    graph: ([logits, labels]) => ops.softmaxCrossEntropy(logits!, ops.softmax(labels!)),
    eager: (logits, labels) => tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits!), tf.softmax(labels!)), 1)),
    by: [0, 1],
  },
  sigmoidCrossEntropy: {
    inputs: [numbers([4, 3], -30, 30), numbers([4, 3], 0, 1, 2)],
    graph: ([logits, labels]) => ops.sigmoidCrossEntropy(logits!, labels!),
    eager: (logits, labels) =>
      tf.add(
        tf.sub(tf.maximum(logits!, 0), tf.mul(logits!, labels!)),
        tf.log1p(tf.exp(tf.neg(tf.abs(logits!)))),
      ),
    by: [0, 1],
  },
  // Backward step by step; where the number of steps is unknown, in one operation.
  blockLstm: {
    inputs: [
      numbers([3, 2, 3], -1, 1),
      numbers([2, 2], -1, 1, 2),
      numbers([2, 2], -1, 1, 3),
      numbers([5, 8], -1, 1, 4),
      numbers([8], -1, 1, 5),
    ],
    graph: ([x, hidden, cell, weights, bias]) => {
      const sequence = ops.blockLstm(x!, { hidden: hidden!, cell: cell! }, weights!, bias!);
      return ops.sum(ops.add(sequence.hidden, ops.multiply(sequence.cell, 2)), [0]);
    },
    eager: (x, hidden, cell, weights, bias) => {
      let [h, c] = [hidden!, cell!];
      let total = tf.zerosLike(h);
      for (const step of tf.unstack(x!)) {
        const gates = tf.add(tf.matMul(tf.concat([step, h], 1), weights!), bias!);
        const [input, candidate, forget, output] = tf.split(gates, 4, 1) as [
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
        ];
        c = tf.add(tf.mul(tf.sigmoid(forget), c), tf.mul(tf.sigmoid(input), tf.tanh(candidate)));
        h = tf.mul(tf.sigmoid(output), tf.tanh(c));
        total = tf.add(total, tf.add(h, tf.mul(c, 2)));
      }
      return total;
    },
    by: [0, 1, 2, 3, 4],
    fixed: [1, 2, 3, 4],
  },
  resizeBilinear: {
    inputs: [picture],
    graph: ([x]) => ops.resizeBilinear(x!, [9, 4]),
    eager: (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [9, 4], false, true),
    by: [0],
    against: 'finite',
  },
  resizeNearestNeighbor: {
    inputs: [picture],
    graph: ([x]) => ops.resizeNearestNeighbor(x!, [14, 12]),
    eager: (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [14, 12], false, true),
    by: [0],
    against: 'finite',
  },
} satisfies Record<string, Case>);

describe('layers: values and gradients equal eager', () => {
  for (const [name, test] of Object.entries(cases)) it(name, () => compare(test));
});

describe('statistics and random numbers', () => {
  it('batch normalization gives mean and unbiased variance of the batch', async () => {
    const graph = new Graph();
    const x = graph.constant([
      [
        [[1], [2]],
        [[3], [6]],
      ],
    ]);
    const { mean, variance } = ops.batchNormalization(x, graph.constant([1]), graph.constant([0]), {
      training: true,
      epsilon: 1e-3,
    });
    const session = await GraphSession.load(graph);
    const values = session.run({ mean, variance });
    expect(values.mean.numbers()).toEqual([3]);
    expect(values.variance.numbers()[0]).toBeCloseTo(14 / 3, 5);
    session.dispose();
  });

  it('dropout depends on its seed alone, keeps its share, and has the gradient of its mask', async () => {
    const graph = new Graph();
    const x = graph.constant(1, 'float32', { shape: [100, 100] });
    const seed = graph.placeholder('int64', [2]);
    const dropped = ops.dropout(x, 0.3, seed);
    const one = await GraphSession.load(graph);
    const two = await GraphSession.load(graph);
    const first = one.fetch(dropped, [[seed, [1, 5]]]).floats();
    expect(two.fetch(dropped, [[seed, [1, 5]]]).floats()).toEqual(first);
    expect(two.fetch(dropped, [[seed, [1, 6]]]).floats()).not.toEqual(first);
    const kept = first.filter((value) => value !== 0);
    expect(kept.length / first.length).toBeCloseTo(0.7, 1);
    expect(kept.every((value) => value === Math.fround(1 / 0.7))).toBe(true);
    one.dispose();
    two.dispose();
  });

  it('draws uniform, normal and integer numbers within their ranges', async () => {
    const graph = new Graph();
    const fetches = {
      uniform: ops.statelessUniform(graph, [10_000], [1, 2]),
      normal: ops.statelessNormal(graph, [10_000], [1, 2]),
      truncated: ops.statelessTruncatedNormal(graph, [10_000], [1, 2]),
      integers: ops.statelessUniformInteger(graph, [10_000], [1, 2], 3, 7),
    };
    expect(fetches.uniform.shape).toEqual([10_000]);
    const session = await GraphSession.load(graph);
    const values = session.run(fetches);
    const mean = (all: number[]) => all.reduce((sum, value) => sum + value, 0) / all.length;
    expect(mean(values.uniform.numbers())).toBeCloseTo(0.5, 1);
    expect(mean(values.normal.numbers().map((value) => value ** 2))).toBeCloseTo(1, 1);
    expect(Math.max(...values.truncated.numbers().map(Math.abs))).toBeLessThanOrEqual(2);
    expect([...new Set(values.integers.numbers())].sort()).toEqual([3, 4, 5, 6]);
    session.dispose();
  });

  it('counts targets among the best predictions', async () => {
    const graph = new Graph();
    const hits = ops.inTopK(
      graph.constant([
        [0.1, 0.7, 0.2],
        [0.5, 0.3, 0.2],
      ]),
      graph.constant([2, 2], 'int32'),
      2,
    );
    const session = await GraphSession.load(graph);
    expect(session.fetch(hits).numbers()).toEqual([1, 0]);
    session.dispose();
  });
});
