import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { gradients } from '../../../src/graph/gradients/gradients';
import { Graph } from '../../../src/graph/graph';
import * as ops from '../../../src/graph/operations';
import { GraphSession } from '../../../src/graph/session/session';
import { TensorValue } from '../../../src/graph/tensor-value';
import { trace, traceModel } from '../../../src/graph/tracer/trace';
import type { Variable } from '../../../src/graph/variable';

beforeAll(async () => {
  await loadBackend('node');
});

async function tracedEqualsEager(model: tf.LayersModel, wordIds?: number): Promise<void> {
  const graph = new Graph();
  const shape = model.inputs[0]!.shape.slice(1) as number[];
  const input = graph.placeholder('float32', [null, ...shape], 'input');
  const weights: [Variable, tf.Tensor][] = [];
  const [output] = traceModel(graph, model, input, ({ name, tensor }) => {
    const variable = graph.variable(name, 'float32', tensor.shape);
    weights.push([variable, tensor]);
    return variable.value;
  });
  const session = await GraphSession.load(graph);
  session.setVariables(weights);
  for (const batch of [1, 7]) {
    const example = tf.tidy(() => {
      const values = tf.randomUniform([batch, ...shape]);
      return wordIds === undefined ? values : tf.floor(tf.mul(values, wordIds));
    });
    const eager = model.predict(example) as tf.Tensor;
    const traced = session.fetch(output!, [[input, example]]);
    expect(traced.shape).toEqual(eager.shape);
    const wanted = eager.dataSync();
    expect(
      Math.max(...traced.numbers().map((value, index) => Math.abs(value - wanted[index]!))),
    ).toBeLessThan(1e-6);
    tf.dispose([example, eager]);
  }
  session.dispose();
}

describe('traced models give what eager gives, for other batch sizes too', () => {
  it('a CNN with batch normalization', () =>
    tracedEqualsEager(
      tf.sequential({
        layers: [
          tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [12, 12, 3] }),
          tf.layers.batchNormalization(),
          tf.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same' }),
          tf.layers.maxPooling2d({ poolSize: 2 }),
          tf.layers.dropout({ rate: 0.5 }),
          tf.layers.flatten(),
          tf.layers.dense({ units: 5, activation: 'softmax' }),
        ],
      }),
    ));
  it('an embedding with an LSTM', () =>
    tracedEqualsEager(
      tf.sequential({
        layers: [
          tf.layers.embedding({ inputDim: 20, outputDim: 6, inputLength: 5 }),
          tf.layers.lstm({ units: 4 }),
          tf.layers.dense({ units: 2 }),
        ],
      }),
      20,
    ));
});

describe('tracing a function', () => {
  it('computes numbers that follow the batch size, and its operations can be differentiated', async () => {
    const graph = new Graph();
    const x = graph.placeholder('float32', [null, 3], 'x');
    const [y] = trace(graph, {
      inputs: [x],
      weights: [],
      example: (batch) => [tf.randomUniform([batch, 3])],
      run: ([value]) =>
        tf.add(tf.square(tf.reshape(value!, [value!.shape[0]! * 3])), value!.shape[0]! * 2 + 1),
    });
    const [gradient] = gradients(ops.sum(y!), [x]);
    const session = await GraphSession.load(graph);
    const given = new TensorValue(
      'float32',
      [4, 3],
      Float32Array.from({ length: 12 }, (_, index) => index),
    );
    const values = session.run({ y: y!, gradient: gradient! }, [[x, given]]);
    expect(values.y.numbers()).toEqual([...given.floats()].map((value) => value ** 2 + 9));
    expect(values.gradient.numbers()).toEqual([...given.floats()].map((value) => 2 * value));
    session.dispose();
  });

  it('refuses random numbers, control flow over values, and tensors from outside', () => {
    const graph = new Graph();
    const x = graph.placeholder('float32', [null], 'x');
    const attempt = (run: (x: tf.Tensor) => tf.Tensor) => () =>
      trace(graph, {
        inputs: [x],
        weights: [],
        example: (batch) => [tf.randomUniform([batch])],
        run: ([a]) => run(a!),
      });
    expect(attempt((a) => tf.mul(a, Math.random()))).toThrow('changes from run to run');
    let turn = 0;
    expect(attempt((a) => (turn++ === 0 ? tf.exp(a) : tf.log(a)))).toThrow('operation 0 is Exp once and Log');
    const outside = tf.tidy(() => tf.keep(tf.add(1, 2)));
    expect(attempt((a) => tf.add(a, outside))).toThrow('neither input, weight nor constant');
    outside.dispose();
    expect(tf.square(3).dataSync()[0]).toBe(9);
  });
});

it('times parts of a graph', async () => {
  const graph = new Graph();
  // TensorFlow folds what depends on constants alone before the graph runs.
  const seed = graph.placeholder('int64', [2]);
  const start = ops.timestamp(graph);
  const work = graph.after([start], () => {
    let x = ops.statelessUniform(graph, [600, 600], seed);
    for (let turn = 0; turn < 4; turn++) x = ops.matMul(x, x);
    return ops.sum(x);
  });
  const elapsed = ops.elapsedMilliseconds(start, ops.timestamp(graph, [work]));
  const session = await GraphSession.load(graph);
  const before = performance.now();
  const measured = session.run({ elapsed, work }, [[seed, [1, 2]]]).elapsed.scalar();
  expect(measured).toBeGreaterThan(0.1);
  expect(measured).toBeLessThanOrEqual(performance.now() - before + 1);
  session.dispose();
});
