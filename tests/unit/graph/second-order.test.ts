import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { gradients } from '../../../src/graph/gradients/gradients';
import type { Tensor } from '../../../src/graph/operation';
import * as ops from '../../../src/graph/operations';
import { compare, type Input, numbers } from './support/compare';

beforeAll(async () => {
  await loadBackend('node');
});

/** The gradient of sum(f(x) × f(x)) by every input, added up into one, is differentiated by every input. */
function differentiatedTwice(
  inputs: Input[],
  graph: (...inputs: Tensor[]) => Tensor,
  eager: (...inputs: tf.Tensor[]) => tf.Tensor,
  options: { fixed?: number[] } = {},
): () => Promise<void> {
  const places = inputs.map((_, index) => index);
  return () =>
    compare({
      inputs,
      graph: (tensors) => {
        const found = gradients(ops.sum(ops.square(graph(...tensors))), tensors);
        return ops.addN(found.map((gradient) => ops.sum(ops.square(gradient!))));
      },
      eager: (...tensors) => {
        const found = tf.grads((...given: tf.Tensor[]) => tf.sum(tf.square(eager(...given))))(tensors);
        return tf.addN(found.map((gradient) => tf.sum(tf.square(gradient))));
      },
      by: places,
      against: 'finite',
      tolerance: 1e-4,
      ...options,
    });
}

describe('gradients of gradients have the slopes that they should', () => {
  const x = numbers([3, 4], -1.5, 1.5);
  const positive = numbers([3, 4], 0.5, 1.5);
  it.each<[string, Input, (x: Tensor) => Tensor, (x: tf.Tensor) => tf.Tensor]>([
    ['relu', x, ops.relu, tf.relu],
    ['relu6', x, ops.relu6, tf.relu6],
    ['leaky relu', x, (a) => ops.leakyRelu(a, 0.3), (a) => tf.leakyRelu(a, 0.3)],
    ['elu', x, ops.elu, tf.elu],
    ['selu', x, ops.selu, tf.selu],
    ['tanh', x, ops.tanh, tf.tanh],
    ['sigmoid', x, ops.sigmoid, tf.sigmoid],
    ['softplus', x, ops.softplus, tf.softplus],
    ['softsign', x, (a) => a.graph.op('Softsign', [a]).output, (a) => tf.div(a, tf.add(tf.abs(a), 1))],
    ['square root', positive, ops.sqrt, tf.sqrt],
    ['reciprocal square root', positive, ops.rsqrt, tf.rsqrt],
    ['reciprocal', positive, ops.reciprocal, tf.reciprocal],
    ['softmax', x, (a) => ops.softmax(a), (a) => tf.softmax(a)],
  ])('%s', (_, input, graph, eager) => differentiatedTwice([input], graph, eager)());

  it('a dense layer', () =>
    differentiatedTwice(
      [x, numbers([4, 2]), numbers([2])],
      (a, kernel, bias) => ops.tanh(ops.biasAdd(ops.matMul(a!, kernel!), bias!)),
      (a, kernel, bias) => tf.tanh(tf.add(tf.matMul(a!, kernel!), bias!)),
      { fixed: [1, 2] },
    )());

  const picture = numbers([2, 5, 5, 2], -1, 1);
  const filter = numbers([3, 3, 2, 2], -0.5, 0.5, 3);
  it('a convolution', () =>
    differentiatedTwice(
      [picture, filter],
      (a, kernel) => ops.conv2d(a!, kernel!, { strides: [2, 2], padding: 'SAME' }),
      (a, kernel) => tf.conv2d(a as tf.Tensor4D, kernel as tf.Tensor4D, 2, 'same'),
      { fixed: [1] },
    )());
  it('a depthwise convolution', () =>
    differentiatedTwice(
      [picture, numbers([3, 3, 2, 1], -0.5, 0.5, 3)],
      (a, kernel) => ops.depthwiseConv2d(a!, kernel!, { padding: 'SAME' }),
      (a, kernel) => tf.depthwiseConv2d(a as tf.Tensor4D, kernel as tf.Tensor4D, 1, 'same'),
      { fixed: [1] },
    )());
  it('largest values', () =>
    differentiatedTwice(
      [picture],
      (a) => ops.maxPool(a!, [2, 2], { strides: [2, 2], padding: 'VALID' }),
      (a) => tf.maxPool(a as tf.Tensor4D, 2, 2, 'valid'),
    )());
  it('mean values', () =>
    differentiatedTwice(
      [picture],
      (a) => ops.averagePool(a!, [2, 2], { strides: [2, 2], padding: 'VALID' }),
      (a) => tf.avgPool(a as tf.Tensor4D, 2, 2, 'valid'),
    )());
});
