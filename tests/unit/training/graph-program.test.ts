import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import type { NamedTensor } from '../../../src/training/named-tensor';
import { Programs, pictures, prices, type Question, rows, takeSteps, texts } from './support/programs';

let programs: Programs;
beforeAll(async () => {
  await loadBackend('node');
  programs = await Programs.create();
});
afterAll(() => programs.remove());

function expectEqualTensors(found: NamedTensor[], wanted: NamedTensor[], tolerance: number): void {
  expect(found.map(({ name, shape, dtype }) => ({ name, shape, dtype }))).toEqual(
    wanted.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
  );
  found.forEach(({ name, values }, index) => {
    const other = wanted[index]!.values;
    let largest = 0;
    values.forEach((value, place) => {
      const difference = Math.abs(value - other[place]!) / Math.max(1, Math.abs(other[place]!));
      if (!(difference <= largest)) largest = difference;
    });
    expect(largest, name).toBeLessThanOrEqual(tolerance);
  });
}

const small = { hiddenUnits: 12, dropout: 0.3, learningRate: 0.001 } as const;
const presets: Record<string, Question> = {
  'small-cnn': { task: pictures(), hyperparameters: { ...small, model: 'small-cnn', width: 0.2 } },
  'mobilenet-like': {
    task: pictures(16, 3),
    // Deep and normalized: rounding grows with the learning rate.
    hyperparameters: { ...small, model: 'mobilenet-like', width: 0.25, learningRate: 1e-5 },
  },
  'mlp on pictures': { task: pictures(), hyperparameters: { ...small, model: 'mlp' } },
  'linear on pictures': { task: pictures(), hyperparameters: { ...small, model: 'linear' } },
  'mlp on a table': { task: rows, hyperparameters: { ...small, model: 'mlp' } },
  'mlp, regression': { task: prices, hyperparameters: { ...small, model: 'mlp', l2: 0.01 } },
  'text-bag': { task: texts, hyperparameters: { ...small, model: 'text-bag', embeddingDimension: 6 } },
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
      expectEqualTensors((await graph.readGradients())!, (await plain.readGradients())!, 2e-5);
      expect(await graph.readGradients()).toBeUndefined();
      expectEqualTensors(await graph.readWeights(), await plain.readWeights(), 1e-5);
      const states = [await graph.save(), await plain.save()] as const;
      expectEqualTensors(states[0].tensors, states[1].tensors, 2e-5);
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
