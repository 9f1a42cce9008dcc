import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { Graph } from '../../../src/graph/graph';
import { GraphSession } from '../../../src/graph/session/session';
import { dropoutMask } from '../../../src/training/dropout-mask';
import { emitModel } from '../../../src/training/graph/emit-model';
import { ModelVariables } from '../../../src/training/graph/model-variables';
import type { NamedTensor } from '../../../src/training/named-tensor';
import { expectEqualTensors } from './support/compare';
import {
  Programs,
  pictures,
  prices,
  type Question,
  rows,
  sourceOf,
  takeSteps,
  texts,
} from './support/programs';

let programs: Programs;
beforeAll(async () => {
  await loadBackend('node');
  programs = await Programs.create();
});
afterAll(() => programs.remove());

/** By the size of the difference as a whole: one of many activations may lie on either side of a kink. */
function expectNearlyEqual(found: NamedTensor[], wanted: NamedTensor[], tolerance: number): void {
  expect(found.map(({ name }) => name)).toEqual(wanted.map(({ name }) => name));
  const norm = (tensors: Float32Array[]) =>
    Math.sqrt(tensors.flatMap((values) => [...values]).reduce((sum, value) => sum + value * value, 0));
  const all = (tensors: NamedTensor[]) => tensors.map(({ values }) => values as Float32Array);
  const differences = all(found).map((values, index) =>
    values.map((value, place) => value - wanted[index]!.values[place]!),
  );
  expect(norm(differences) / norm(all(wanted))).toBeLessThanOrEqual(tolerance);
}

const small = { hiddenUnits: 12, dropout: 0.3, learningRate: 0.001 } as const;
const presets: Record<string, Question> = {
  'small-cnn': { task: pictures(), hyperparameters: { ...small, model: 'small-cnn', width: 0.2 } },
  'mobilenet-like': {
    task: pictures(16, 3),
    // Adam would turn the rounding of gradients that are nearly zero into whole steps.
    hyperparameters: {
      ...small,
      model: 'mobilenet-like',
      width: 0.25,
      optimizer: 'momentum',
      learningRate: 1e-5,
    },
  },
  'mlp on pictures': { task: pictures(), hyperparameters: { ...small, model: 'mlp' } },
  'linear on pictures': { task: pictures(), hyperparameters: { ...small, model: 'linear' } },
  'mlp with odd layers': { task: rows, hyperparameters: { ...small, model: 'mlp', hiddenUnits: 13 } },
  'mlp on a table': { task: rows, hyperparameters: { ...small, model: 'mlp' } },
  'mlp, regression': { task: prices, hyperparameters: { ...small, model: 'mlp', l2: 0.01 } },
  'text-bag': { task: texts, hyperparameters: { ...small, model: 'text-bag', embeddingDimension: 6 } },
  'text-lstm': { task: texts, hyperparameters: { ...small, model: 'text-lstm', embeddingDimension: 6 } },
  'text-lstm in both directions': {
    task: texts,
    hyperparameters: { ...small, model: 'text-lstm', embeddingDimension: 6, bidirectional: true, l2: 0.01 },
  },
  'linear on texts': { task: texts, hyperparameters: { ...small, model: 'linear' } },
  'label smoothing, class weights and L2': {
    task: rows,
    hyperparameters: { ...small, model: 'mlp', labelSmoothing: 0.1, l2: 0.01 },
    classWeights: Float32Array.of(0.5, 2, 1),
  },
};
for (const optimizer of ['sgd', 'momentum', 'nesterov', 'rmsprop', 'adagrad'] as const)
  presets[`mlp with ${optimizer}`] = { task: rows, hyperparameters: { ...small, model: 'mlp', optimizer } };

describe('the compiled step', () => {
  it.each(Object.keys(presets))('gives the plain one its losses, gradients and weights: %s', async (name) => {
    const question = presets[name]!;
    const plain = await programs.plain(question);
    const graph = await programs.graph(question);
    try {
      expectEqualTensors(await graph.readWeights(), await plain.readWeights(), 0);
      const wanted = await takeSteps(plain, 9);
      const found = await takeSteps(graph, 9);
      wanted.push(...(await takeSteps(plain, 1, { recordGradients: true })));
      found.push(...(await takeSteps(graph, 1, { recordGradients: true })));
      found.forEach((metrics, step) => {
        expect(Object.keys(metrics)).toEqual(Object.keys(wanted[step]!));
        for (const [metric, value] of Object.entries(metrics))
          expect(Math.abs(value - wanted[step]![metric]!), `${metric} of step ${step}`).toBeLessThanOrEqual(
            1e-5 * Math.max(1, Math.abs(value)),
          );
      });
      const gradients = [(await graph.readGradients())!, (await plain.readGradients())!] as const;
      const deep = name === 'mobilenet-like';
      if (deep) expectNearlyEqual(...gradients, 0.03);
      else expectEqualTensors(...gradients, 2e-5);
      expect(await graph.readGradients()).toBeUndefined();
      expectEqualTensors(await graph.readWeights(), await plain.readWeights(), 1e-5);
      const states = [await graph.save(), await plain.save()] as const;
      if (deep) expectNearlyEqual(states[0].tensors, states[1].tensors, 0.03);
      else expectEqualTensors(states[0].tensors, states[1].tensors, 2e-5);
      expect({ ...states[0], tensors: [] }).toEqual({ ...states[1], tensors: [] });

      const [compiled, eager] = [await graph.evaluate('validation'), await plain.evaluate('validation')];
      expect(compiled!.count).toBe(21);
      expect(compiled!.metrics.loss).toBeCloseTo(eager!.metrics.loss!, 4);
      expect([...compiled!.outcomes.truths]).toEqual([...eager!.outcomes.truths]);
      expect([...compiled!.outcomes.confidences].map((value) => value.toFixed(3))).toEqual(
        [...eager!.outcomes.confidences].map((value) => value.toFixed(3)),
      );
      expect(compiled!.outcomes.file(20)).toBe(eager!.outcomes.file(20));
      expect(await graph.evaluate('test')).toBeUndefined();
      expect(graph.parameters).toBe(plain.parameters);
      expect(graph.layers).toEqual(plain.layers);
    } finally {
      await graph.dispose();
      await plain.dispose();
    }
  });
});

describe('a compiled program', () => {
  const question: Question = {
    task: pictures(),
    hyperparameters: { ...small, model: 'small-cnn', width: 0.2, dropout: 0.4, optimizer: 'adam' },
  };

  it.each([
    ['small-cnn', question],
    [
      'text-lstm',
      {
        task: texts,
        hyperparameters: {
          ...small,
          model: 'text-lstm',
          embeddingDimension: 6,
          bidirectional: true,
          dropout: 0.4,
        },
      } as Question,
    ],
  ])(
    'goes on from a checkpoint with the very bytes of a run without a break, dropout included: %s',
    async (_, question) => {
      const whole = await programs.graph(question);
      const losses = await takeSteps(whole, 14);
      const end = await whole.save();
      await whole.dispose();

      const first = await programs.graph(question);
      await takeSteps(first, 7);
      const half = await first.save();
      await first.dispose();
      const second = await programs.graph(question);
      await second.restore(half);
      expect(second.step).toBe(7);
      expect(await takeSteps(second, 7)).toEqual(losses.slice(7));
      const resumed = await second.save();
      expectEqualTensors(resumed.tensors, end.tensors, 0);
      expect(resumed.position).toEqual(end.position);
      await second.dispose();
    },
  );

  it.each(['adam', 'rmsprop', 'nesterov'] as const)(
    'takes up what an eager one began and the reverse (%s)',
    async (optimizer) => {
      const asked = { ...question, hyperparameters: { ...question.hyperparameters, optimizer } };
      const whole = await programs.plain(asked);
      const losses = await takeSteps(whole, 12);
      await whole.dispose();
      const near = (found: Record<string, number>[], wanted: Record<string, number>[]) =>
        found.forEach((metrics, step) => {
          expect(metrics.loss).toBeCloseTo(wanted[step]!.loss!, 4);
        });

      const eager = await programs.plain(asked);
      await takeSteps(eager, 4);
      const compiled = await programs.graph(asked);
      await compiled.restore(await eager.save());
      near(await takeSteps(compiled, 4), losses.slice(4, 8));
      await eager.restore(await compiled.save());
      near(await takeSteps(eager, 4), losses.slice(8));
      await compiled.dispose();
      await eager.dispose();
    },
  );

  it('refuses the checkpoint of another optimizer and leaves itself as it was', async () => {
    const other = await programs.plain({
      ...question,
      hyperparameters: { ...question.hyperparameters, optimizer: 'sgd' },
    });
    const program = await programs.graph(question);
    const before = await program.readWeights();
    await takeSteps(other, 1);
    await expect(program.restore(await other.save())).rejects.toThrow('"optimizer/m/conv2d/kernel"');
    expectEqualTensors(await program.readWeights(), before, 0);
    await program.dispose();
    await other.dispose();
  });

  it('leaves weights, averages and slots alone when the loss is no number', async () => {
    const asked: Question = {
      task: pictures(16, 3),
      hyperparameters: { ...small, model: 'mobilenet-like', width: 0.25 },
    };
    const program = await programs.graph(asked);
    await takeSteps(program, 2);
    const state = await program.save();
    const head = state.tensors.find(({ name }) => name === 'weights/dense/bias')!;
    const kept = head.values[0]!;
    head.values[0] = Number.NaN;
    await program.restore(state);
    const [metrics] = await takeSteps(program, 1);
    expect(metrics!.loss).toBeNaN();
    expect(program.step).toBe(2);
    expectEqualTensors(
      (await program.save()).tensors.filter(({ name }) => name !== head.name),
      state.tensors.filter(({ name }) => name !== head.name),
      0,
    );
    head.values[0] = kept;
    await program.restore(state);
    const [again] = await takeSteps(program, 1);
    expect(again!.loss).toBeGreaterThan(0);
    expect(program.step).toBe(3);
    await program.dispose();
  });

  it('obeys a learning rate from the next step on', async () => {
    const program = await programs.graph(question);
    await takeSteps(program, 1);
    const before = await program.readWeights();
    program.setLearningRate(0);
    await takeSteps(program, 1);
    expectEqualTensors(await program.readWeights(), before, 0);
    program.setLearningRate(0.01);
    await takeSteps(program, 1);
    expect((await program.readWeights())[0]!.values).not.toEqual(before[0]!.values);
    await program.dispose();
  });

  it.each(['images', 'price'])('predicts what its saved model predicts (%s)', async (kind) => {
    const asked: Question =
      kind === 'images' ? question : { task: prices, hyperparameters: { ...small, model: 'mlp' } };
    const program = await programs.graph(asked);
    await takeSteps(program, 5);
    const source = sourceOf(asked.task, 3);
    const inputs = Float32Array.from([0, 1, 2].flatMap((index) => [...(source.load(index) as Float32Array)]));
    const predicted = await program.predict(inputs, 3);
    const { json, weights } = await program.modelFiles();
    const model = await tf.loadLayersModel(
      tf.io.fromMemory({
        modelTopology: json.modelTopology as object,
        weightSpecs: (json.weightsManifest as { weights: tf.io.WeightsManifestEntry[] }[])[0]!.weights,
        weightData: weights.slice().buffer,
      }),
    );
    const saved = tf.tidy(() =>
      (model.predict(tf.tensor(inputs, [3, ...source.shape])) as tf.Tensor).dataSync(),
    );
    expect(predicted.length).toBe(saved.length);
    predicted.forEach((value, index) => {
      expect(value / saved[index]!).toBeCloseTo(1, 4);
    });
    model.dispose();
    await program.dispose();
  });

  it('tells where the time of a step goes', async () => {
    const program = await programs.graph(question);
    await takeSteps(program, 2);
    const report = await program.next();
    if (report.type !== 'step') throw new Error('an epoch of two steps');
    const { timings } = report;
    const parts = [timings.forwardMilliseconds!, timings.backwardMilliseconds!, timings.updateMilliseconds!];
    for (const part of parts) expect(part).toBeGreaterThan(0);
    expect(parts.reduce((sum, part) => sum + part)).toBeCloseTo(timings.computeMilliseconds, 5);
    expect(timings.copyMilliseconds).toBeGreaterThanOrEqual(0);
    await program.dispose();
  });

  it('keeps memory flat over thousands of steps', async () => {
    const program = await programs.graph({ task: rows, hyperparameters: { ...small, model: 'mlp' } });
    await takeSteps(program, 1500);
    globalThis.gc?.();
    const tensors = program.tensorCount();
    const before = process.memoryUsage.rss();
    await takeSteps(program, 3000);
    globalThis.gc?.();
    expect(program.tensorCount()).toBe(tensors);
    expect(process.memoryUsage.rss() - before).toBeLessThan(20e6);
    await program.dispose();
  });
});

describe('dropout', () => {
  it('keeps the share that it should, from another draw each step and layer', () => {
    const mask = dropoutMask(42, 3, 1, [200, 101], 0.3);
    const kept = mask.filter((value) => value > 0);
    expect(new Set(kept)).toEqual(new Set([Math.fround(1 / 0.7)]));
    expect(kept.length / mask.length).toBeCloseTo(0.7, 1);
    const agreeing = (other: Float32Array) =>
      other.filter((value, place) => value === mask[place]).length / mask.length;
    expect(agreeing(dropoutMask(42, 3, 1, [200, 101], 0.3))).toBe(1);
    for (const [seed, step, layer] of [
      [43, 3, 1],
      [42, 4, 1],
      [42, 3, 2],
    ] as const)
      expect(agreeing(dropoutMask(seed, step, layer, [200, 101], 0.3))).toBeLessThan(0.62);
  });
});

describe('layers', () => {
  it('compile as tfjs computes them, whatever the preset', async () => {
    const input = tf.input({ shape: [10, 8, 3] });
    const left = tf.layers
      .separableConv2d({ filters: 6, kernelSize: 3, strides: 2, padding: 'same', activation: 'elu' })
      .apply(input);
    const right = tf.layers
      .averagePooling2d({ poolSize: 2, padding: 'same' })
      .apply(
        tf.layers.conv2d({ filters: 6, kernelSize: 3, padding: 'same', activation: 'swish' }).apply(input),
      );
    const padded = tf.layers
      .zeroPadding2d({
        padding: [
          [1, 0],
          [0, 2],
        ],
      })
      .apply(tf.layers.multiply().apply([left, right] as tf.SymbolicTensor[]));
    const merged = tf.layers
      .concatenate()
      .apply([padded, tf.layers.leakyReLU().apply(padded)] as tf.SymbolicTensor[]);
    const normalized = tf.layers
      .layerNormalization()
      .apply(tf.layers.batchNormalization({ scale: false }).apply(merged));
    const shaped = tf.layers.reshape({ targetShape: [6, 72] }).apply(normalized);
    const dense = tf.layers.dense({ units: 5, activation: 'tanh' }).apply(shaped);
    const pooled = [
      tf.layers.globalAveragePooling1d().apply(dense),
      tf.layers.globalMaxPooling1d().apply(dense),
    ] as tf.SymbolicTensor[];
    const sum = tf.layers.add().apply(pooled) as tf.SymbolicTensor;
    const output = tf.layers.softmax().apply(tf.layers.average().apply([sum, pooled[0]!]));
    const model = tf.model({ inputs: input, outputs: output as tf.SymbolicTensor });

    const graph = new Graph();
    const variables = new ModelVariables(graph, model);
    const fed = graph.placeholder('float32', [null, 10, 8, 3]);
    const [result] = emitModel(model, {
      inputs: [fed],
      training: false,
      variable: (layer, weight) => variables.of(layer, weight),
      dropoutMask: () => {
        throw new Error('there is no dropout');
      },
    }).outputs;
    const session = await GraphSession.load(graph);
    session.setVariables(variables.all.map(({ variable, eager }) => [variable, eager]));
    const values = Float32Array.from({ length: 2 * 240 }, (_, index) => Math.sin(index * 1.7));
    const found = session.fetch(result!, [[fed, values]]).numbers();
    const wanted = tf.tidy(() => (model.predict(tf.tensor(values, [2, 10, 8, 3])) as tf.Tensor).dataSync());
    expect(found.length).toBe(wanted.length);
    found.forEach((value, index) => {
      expect(value).toBeCloseTo(wanted[index]!, 5);
    });
    session.dispose();
    model.dispose();
  });
});
