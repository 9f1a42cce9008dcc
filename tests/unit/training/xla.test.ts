import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetKind } from '../../../src/contract/dataset';
import type { JobEvent } from '../../../src/contract/frames';
import type { PresetName } from '../../../src/contract/hyperparameters';
import { loadBackend } from '../../../src/engine/native/backend';
import { buildModel } from '../../../src/model/build-model';
import { createProgram, describeProgram } from '../../../src/training/create-program';
import type { NamedTensor } from '../../../src/training/named-tensor';
import {
  Programs,
  pictures,
  prices,
  type Question,
  rows,
  specificationOf,
  type Task,
  takeSteps,
  texts,
} from './support/programs';

let programs: Programs;
beforeAll(async () => {
  await loadBackend('node');
  programs = await Programs.create();
});
afterAll(() => programs.remove());

const tasks: Record<DatasetKind, Task> = { images: pictures(16, 3), table: rows, texts };
const settings = { hiddenUnits: 12, width: 0.25, dropout: 0.3, embeddingDimension: 6, l2: 0.01 } as const;
/** Models that begin from random weights; a base's layers are theirs, too. */
const models: Record<DatasetKind, readonly PresetName[]> = {
  images: ['small-cnn', 'mobilenet-like', 'mlp', 'linear'],
  table: ['mlp', 'linear'],
  texts: ['text-bag', 'linear'],
};
const questions = Object.fromEntries(
  (Object.keys(tasks) as DatasetKind[]).flatMap((kind) =>
    models[kind].map((model): [string, Question] => [
      `${model} on ${kind}`,
      // Adam would turn the rounding of gradients that are nearly zero into whole steps.
      {
        task: tasks[kind],
        // XLA takes seconds over the depthwise convolutions, for each size of batch.
        ...(model === 'mobilenet-like' ? { examples: 40 } : {}),
        hyperparameters: { ...settings, model, optimizer: 'momentum', learningRate: 1e-4 },
      },
    ]),
  ),
);
questions['mlp, regression, with Adam'] = { task: prices, hyperparameters: { ...settings, model: 'mlp' } };

function largestDifference(found: readonly NamedTensor[], wanted: readonly NamedTensor[]): number {
  expect(found.map(({ name, shape }) => ({ name, shape }))).toEqual(
    wanted.map(({ name, shape }) => ({ name, shape })),
  );
  return Math.max(
    ...found.map(({ values }, index) =>
      Math.max(
        ...Array.from(values, (value, place) => {
          const other = wanted[index]!.values[place]!;
          return Math.abs(value - other) / Math.max(1, Math.abs(other));
        }),
      ),
    ),
  );
}

describe('compile: xla', () => {
  it('says beforehand that recurrent layers are not for it', async () => {
    const specification = specificationOf({ task: texts, hyperparameters: { model: 'text-lstm' } });
    const model = buildModel(specification);
    await expect(describeProgram(model, 'xla')).rejects.toThrow('XLA compiles no recurrent layers ("lstm")');
    expect(await describeProgram(model, 'auto')).toMatchObject({ kind: 'graph', compile: 'graph' });
    model.dispose();
  });

  // 44 examples in batches of 8: the last batch of an epoch is smaller.
  it.each(Object.keys(questions))('gives the losses and weights of compile: graph: %s', async (name) => {
    const question = questions[name]!;
    const graph = await programs.graph(question);
    const xla = await programs.graph({
      ...question,
      hyperparameters: { ...question.hyperparameters, compile: 'xla' },
    });
    try {
      const wanted = await takeSteps(graph, 10);
      const found = await takeSteps(xla, 10);
      found.forEach(({ loss, ...others }, step) => {
        const { loss: wantedLoss, ...wantedOthers } = wanted[step]!;
        expect(Math.abs(loss! / wantedLoss! - 1), `loss of step ${step}`).toBeLessThan(3e-5);
        for (const [metric, value] of Object.entries(others))
          expect(value, `${metric} of step ${step}`).toBeCloseTo(wantedOthers[metric]!, 3);
      });
      expect(largestDifference(await xla.readWeights(), await graph.readWeights())).toBeLessThan(2e-5);
    } finally {
      await graph.dispose();
      await xla.dispose();
    }
  });

  it('tells forward and backward pass as one time', async () => {
    const program = await programs.graph({
      task: rows,
      hyperparameters: { ...settings, model: 'mlp', compile: 'xla' },
    });
    const report = await program.next();
    expect(report.type).toBe('step');
    if (report.type !== 'step') return;
    expect(report.timings).not.toHaveProperty('forwardMilliseconds');
    expect(report.timings.computeMilliseconds).toBeGreaterThan(report.timings.updateMilliseconds!);
    await program.dispose();
  });

  it('gives the gradients of compile: graph', async () => {
    const question: Question = { task: rows, hyperparameters: { ...settings, model: 'mlp' } };
    const compiled: Question = {
      ...question,
      hyperparameters: { ...settings, model: 'mlp', compile: 'xla' },
    };
    const [graph, xla] = [await programs.graph(question), await programs.graph(compiled)];
    await takeSteps(graph, 1, { recordGradients: true });
    await takeSteps(xla, 1, { recordGradients: true });
    const [wanted, found] = [(await graph.readGradients())!, (await xla.readGradients())!];
    expect(largestDifference(found, wanted)).toBeLessThan(1e-6);
    expect(Math.max(...wanted.flatMap(({ values }) => [...values].map(Math.abs)))).toBeGreaterThan(0.01);
    await graph.dispose();
    await xla.dispose();
  });

  it('warns that it is mostly slower', async () => {
    const events: JobEvent[] = [];
    const question: Question = { task: rows, hyperparameters: { ...settings, model: 'mlp', compile: 'xla' } };
    const { program, description } = await createProgram(await programs.choice(question), (event) =>
      events.push(event),
    );
    expect(description).toMatchObject({ kind: 'graph', compile: 'xla' });
    expect(events).toEqual([
      { type: 'notice', severity: 'warns', message: expect.stringMatching(/XLA.*slower.*16 times/) },
    ]);
    await program.dispose();
  });

  it('is refused on an engine without graphs', async () => {
    const choice = await programs.choice({
      task: rows,
      hyperparameters: { ...settings, model: 'mlp', compile: 'xla' },
    });
    const before = tf.getBackend();
    await tf.setBackend('cpu');
    try {
      await expect(createProgram(choice, () => {})).rejects.toMatchObject({ code: 'unsupported' });
    } finally {
      await tf.setBackend(before);
      choice.model.dispose();
    }
  });
});
