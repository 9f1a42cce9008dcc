import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { gradients } from '../../../src/graph/gradients/gradients';
import { Graph } from '../../../src/graph/graph';
import * as ops from '../../../src/graph/operations';
import { GraphSession } from '../../../src/graph/session/session';
import { TensorValue } from '../../../src/graph/tensor-value';
import type { Variable } from '../../../src/graph/variable';
import { numbers } from './support/compare';

beforeAll(async () => {
  await loadBackend('node');
});

const batch = 16;
const weights: Record<string, number[]> = {
  'conv/kernel': [3, 3, 1, 4],
  'conv/bias': [4],
  'dense/kernel': [6 * 6 * 4, 8],
  'dense/bias': [8],
  'logits/kernel': [8, 5],
  'logits/bias': [5],
};
const initial = Object.fromEntries(
  Object.entries(weights).map(([name, shape], index) => [name, numbers(shape, -0.3, 0.3, index)]),
);
const learningRate = 1e-2;
const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-7;

function examples(step: number) {
  const pictures = numbers([batch, 12, 12, 1], 0, 1, step + 20);
  const labels = Array.from({ length: batch }, (_, index) => (index * 3 + step) % 5);
  return { pictures, labels };
}

function buildStep(graph: Graph, compiled: boolean) {
  const pictures = graph.placeholder('float32', [compiled ? batch : null, 12, 12, 1], 'pictures');
  const labels = graph.placeholder('int32', [compiled ? batch : null], 'labels');
  const rate = graph.placeholder('float32', [], 'learning_rate');
  const step = graph.placeholder('float32', [], 'step');
  const variables = Object.entries(weights).map(([name, shape]) => graph.variable(name, 'float32', shape));
  const slots = variables.map(({ name, shape }) =>
    ['m', 'v'].map((slot) =>
      graph.variable(`adam/${name}/${slot}`, 'float32', shape, { initial: 0, trainable: false }),
    ),
  );
  const forward = (inputs: readonly (typeof pictures)[]) => {
    const [x, y, kernel, bias, dense, denseBias, out, outBias] = inputs as [
      typeof pictures,
      ...(typeof pictures)[],
    ];
    const convolved = ops.relu(ops.biasAdd(ops.conv2d(x, kernel!, { padding: 'SAME' }), bias!));
    const flat = ops.reshape(ops.maxPool(convolved, 2), [-1, 6 * 6 * 4]);
    const hidden = ops.relu(ops.biasAdd(ops.matMul(flat, dense!), denseBias!));
    const logits = ops.biasAdd(ops.matMul(hidden, out!), outBias!);
    return ops.mean(ops.sparseSoftmaxCrossEntropy(logits, y!));
  };
  let loss: typeof pictures;
  let found: (typeof pictures)[];
  if (compiled) {
    const all = [pictures, labels, ...variables.map((variable) => variable.value)];
    const step = graph.defineFunction(
      'step',
      all.map(({ dtype, shape }, index) => ({ name: `argument_${index}`, dtype, shape })),
      (inputs) => {
        const inner = forward(inputs);
        return [inner, ...gradients(inner, inputs.slice(2)).map((gradient) => gradient!)];
      },
      { attributes: { _XlaMustCompile: true } },
    );
    [loss, ...found] = graph.call(step, all) as [typeof pictures, ...(typeof pictures)[]];
  } else {
    loss = forward([pictures, labels, ...variables.map((variable) => variable.value)]);
    found = gradients(loss, variables).map((gradient) => gradient!);
  }
  const beta1Power = ops.power(graph.constant(beta1), step);
  const beta2Power = ops.power(graph.constant(beta2), step);
  // tfjs corrects the moments before epsilon is added.
  const scaled = ops.multiply(ops.sqrt(ops.subtract(1, beta2Power)), epsilon);
  const updates = found.map((gradient, index) => {
    const [m, v] = slots[index] as [Variable, Variable];
    return ops.applyAdam(
      variables[index]!,
      m,
      v,
      { learningRate: rate, beta1, beta2, epsilon: scaled, beta1Power, beta2Power },
      gradient,
    );
  });
  return { pictures, labels, rate, step, variables, loss, done: graph.group(updates, 'updates') };
}

function eagerLosses(steps: number): { losses: number[]; weights: Record<string, Float32Array> } {
  const variables = Object.fromEntries(
    Object.entries(initial).map(([name, { values, shape }]) => [name, tf.variable(tf.tensor(values, shape))]),
  );
  const optimizer = tf.train.adam(learningRate, beta1, beta2, epsilon);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { pictures, labels } = examples(step);
    const loss = optimizer.minimize(
      () => {
        const x = tf.tensor4d(pictures.values, [batch, 12, 12, 1]);
        const convolved = tf.relu(
          tf.add(
            tf.conv2d(x, variables['conv/kernel'] as unknown as tf.Tensor4D, 1, 'same'),
            variables['conv/bias']!,
          ),
        ) as tf.Tensor4D;
        const flat = tf.reshape(tf.maxPool(convolved, 2, 2, 'valid'), [batch, -1]);
        const hidden = tf.relu(tf.add(tf.matMul(flat, variables['dense/kernel']!), variables['dense/bias']!));
        const logits = tf.add(tf.matMul(hidden, variables['logits/kernel']!), variables['logits/bias']!);
        return tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d(labels, 'int32'), 5), logits) as tf.Scalar;
      },
      true,
      Object.values(variables),
    );
    losses.push(loss!.dataSync()[0]!);
  }
  return {
    losses,
    weights: Object.fromEntries(
      Object.entries(variables).map(([name, variable]) => [name, variable.dataSync<'float32'>()]),
    ),
  };
}

it.each([
  ['operation by operation', false],
  ['forward and backward compiled by XLA', true],
])(
  "a whole training step (convolution, dense, Adam) follows eager's losses and weights: %s",
  async (_, compiled) => {
    const graph = new Graph();
    const step = buildStep(graph, compiled);
    const session = await GraphSession.load(graph);
    session.initialize();
    session.setVariables(
      step.variables.map((variable) => [variable, Float32Array.from(initial[variable.name]!.values)]),
    );
    const call = session.prepare({ loss: step.loss, done: step.done }, [
      step.pictures,
      step.labels,
      step.rate,
      step.step,
    ]);
    const wanted = eagerLosses(10);
    const losses = Array.from({ length: 10 }, (_, index) => {
      const { pictures, labels } = examples(index);
      const fed = TensorValue.of(pictures.values, 'float32', pictures.shape);
      return call.run(fed, labels, learningRate, index + 1).loss.scalar();
    });
    losses.forEach((loss, index) => {
      expect(Math.abs(loss - wanted.losses[index]!), `step ${index}`).toBeLessThan(1e-5);
    });
    expect(losses.at(-1)).not.toBe(losses[0]);
    session.readVariables(step.variables).forEach((value, index) => {
      const eager = wanted.weights[step.variables[index]!.name]!;
      const error = Math.max(...value.floats().map((weight, place) => Math.abs(weight - eager[place]!)));
      expect(error, step.variables[index]!.name).toBeLessThan(5e-5);
    });
    session.dispose();
  },
);

it('gives the same bytes again from the same start', async () => {
  const runs: Float32Array[] = [];
  for (let run = 0; run < 2; run++) {
    const graph = new Graph();
    const step = buildStep(graph, false);
    const session = await GraphSession.load(graph);
    session.initialize();
    session.setVariables(
      step.variables.map((variable) => [variable, Float32Array.from(initial[variable.name]!.values)]),
    );
    for (let index = 0; index < 5; index++) {
      const { pictures, labels } = examples(index);
      session.run({ done: step.done }, [
        [step.pictures, Float32Array.from(pictures.values)],
        [step.labels, labels],
        [step.rate, learningRate],
        [step.step, index + 1],
      ]);
    }
    runs.push(session.readVariables(step.variables)[2]!.floats());
    session.dispose();
  }
  expect(runs[0]).toEqual(runs[1]);
});
