import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { Graph } from '../../../src/graph/graph';
import type { Operation } from '../../../src/graph/operation';
import * as ops from '../../../src/graph/operations';
import { LayerTimes } from '../../../src/training/graph/layer-times';
import type { LayerSpan, StepReport, TrainingProgram } from '../../../src/training/program';
import { Programs, pictures, prices, type Question, rows, texts } from './support/programs';

let programs: Programs;
beforeAll(async () => {
  await loadBackend('node');
  programs = await Programs.create();
});
afterAll(() => programs.remove());

const accumulating: Question = {
  task: rows,
  hyperparameters: {
    model: 'mlp',
    optimizer: 'adamw',
    weightDecay: 0.01,
    clipNorm: 1,
    accumulateSteps: 2,
    emaMomentum: 0.9,
  },
};

const cases: [string, Question][] = [
  ['small-cnn', { task: pictures(16, 3), hyperparameters: { model: 'small-cnn', dropout: 0.4, l2: 0.001 } }],
  ['mobilenet-like', { task: pictures(16, 3), hyperparameters: { model: 'mobilenet-like', width: 0.25 } }],
  ['mlp', { task: prices, hyperparameters: { model: 'mlp', dropout: 0.2, optimizer: 'rmsprop' } }],
  ['mlp that accumulates', accumulating],
  ['text-bag', { task: texts, hyperparameters: { model: 'text-bag' } }],
];

async function step(program: TrainingProgram, recordGradients = false): Promise<StepReport> {
  const report = await program.next({ recordGradients });
  if (report.type !== 'step') throw new Error('The epoch is over.');
  return report;
}

async function bytesOf(program: TrainingProgram): Promise<[string, Buffer][]> {
  const { tensors } = await program.save();
  return tensors.map(({ name, values }) => [name, Buffer.from(values.buffer)]);
}

const namesOf = (layers: readonly LayerSpan[], part: LayerSpan['part']) =>
  new Set(layers.filter((span) => span.part === part).map(({ layer }) => layer));

describe('timing the layers of compiled steps', () => {
  it.each(cases)(
    'fills the computing with the layers’ spans and leaves weights as they are (%s)',
    async (_, question) => {
      const timed = await programs.graph({ ...question, timesLayers: true });
      const other = await programs.graph(question);
      expect((await step(timed)).timings.layers).toBeUndefined();
      await step(other);
      const leave = timed.timeLayers!();
      for (const recordGradients of [true, false]) {
        const { layers, ...timings } = (await step(timed, recordGradients)).timings;
        await step(other, recordGradients);
        let at = 0;
        for (const { begin, end } of layers!) {
          expect(begin).toBe(at);
          expect(end).toBeGreaterThan(begin);
          at = end;
        }
        expect(at).toBe(timings.computeMilliseconds);
        const known = new Set([...timed.layers.map(({ name }) => name), 'loss', 'optimizer']);
        for (const { layer } of layers!) expect(known).toContain(layer);
        const trained = new Set(
          timed.layers
            .filter(({ trainable, weights }) => trainable && weights.length > 0)
            .map(({ name }) => name),
        );
        expect(namesOf(layers!, 'backward').size).toBeGreaterThan(trained.size / 2);
        expect(namesOf(layers!, 'update').size).toBeGreaterThan(trained.size / 2);
      }
      leave();
      expect((await step(timed)).timings.layers).toBeUndefined();
      await step(other);
      expect(await bytesOf(timed)).toEqual(await bytesOf(other));
      await timed.dispose();
      await other.dispose();
    },
  );

  it('names the layer that does most of the work first', async () => {
    const program = await programs.graph({
      task: pictures(40, 3),
      hyperparameters: { model: 'small-cnn', batchSize: 16 },
      timesLayers: true,
    });
    program.timeLayers!();
    await step(program);
    const totals = new Map<string, number>();
    const { layers } = (await step(program)).timings;
    for (const { layer, begin, end } of layers!) totals.set(layer, (totals.get(layer) ?? 0) + end - begin);
    const [first] = [...totals].sort((left, right) => right[1] - left[1])[0]!;
    expect(['conv2d', 'conv2d_1']).toContain(first);
    await program.dispose();
  });

  it('goes on when a loss is no number and nothing is updated', async () => {
    const program = await programs.graph({
      task: prices,
      hyperparameters: { model: 'mlp', optimizer: 'sgd' },
      timesLayers: true,
    });
    program.timeLayers!();
    program.setLearningRate(1e38);
    await step(program);
    const report = await step(program);
    expect(report.metrics.loss).toBeNaN();
    expect(namesOf(report.timings.layers!, 'forward').size).toBeGreaterThan(1);
    const updated = [...namesOf(report.timings.layers!, 'update')];
    expect(updated.filter((name) => name !== 'optimizer')).toEqual([]);
    await program.dispose();
  });
});

describe('spans of layers', () => {
  function finish(graph: Graph, times: LayerTimes, operations: readonly Operation[]) {
    const begin = graph.constant(0, 'float64');
    return times.finish(begin, { operations, times: times.stamp(operations), variables: [] });
  }

  it('put a late Timestamp before what was made of its layer’s result', () => {
    const graph = new Graph();
    const x = graph.placeholder('float32', [2], 'x');
    const times = new LayerTimes(graph);
    const layer = (name: string, input: typeof x) => {
      const before = graph.operations.length;
      const output = ops.relu(input);
      times.emitted(name, graph.operations.slice(before));
      return output;
    };
    const loss = ops.sum(layer('c', layer('b', layer('a', x))));
    times.passes(loss, []);
    const timed = finish(graph, times, [ops.relu(loss).operation]);
    const ends = { forward: 10, backward: 10, update: 12 };
    // a, b, c, loss, update
    expect(timed.spans(Float32Array.of(2, 7, 5, 10, 12), ends)).toEqual([
      { part: 'forward', layer: 'a', begin: 0, end: 2 },
      { part: 'forward', layer: 'b', begin: 2, end: 5 },
      { part: 'forward', layer: 'loss', begin: 5, end: 10 },
      { part: 'update', layer: 'optimizer', begin: 10, end: 12 },
    ]);
    expect(timed.spans(Float32Array.of(1, 3, 6, 10, 12), ends).map(({ layer: name }) => name)).toEqual([
      'a',
      'b',
      'c',
      'loss',
      'optimizer',
    ]);
  });

  it('are cut where the backward pass ends', () => {
    const graph = new Graph();
    const loss = ops.sum(graph.placeholder('float32', [2], 'x'));
    const times = new LayerTimes(graph);
    times.passes(loss, []);
    const timed = finish(graph, times, [ops.relu(loss).operation]);
    expect(timed.spans(Float32Array.of(4, 9), { forward: 4, backward: 6, update: 9 })).toEqual([
      { part: 'forward', layer: 'loss', begin: 0, end: 4 },
      { part: 'update', layer: 'optimizer', begin: 4, end: 6 },
      { part: 'update', layer: 'optimizer', begin: 6, end: 9 },
    ]);
  });
});
