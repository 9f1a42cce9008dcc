import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hyperparameters, hyperparameters } from '../../../src/contract/hyperparameters';
import { loadBackend } from '../../../src/engine/native/backend';
import type { Base } from '../../../src/model/bases/base';
import { baseLayers } from '../../../src/model/bases/base-layers';
import { loadBase } from '../../../src/model/bases/load-base';
import { buildModel } from '../../../src/model/build-model';
import type { TrainingProgram } from '../../../src/training/program';
import { Programs, pictures, type Question, specificationOf, takeSteps } from './support/programs';

const side = 48;
const settings: Partial<Hyperparameters> = {
  model: 'efficientnet-lite0',
  headUnits: 12,
  dropout: 0.3,
  learningRate: 0.01,
};

let programs: Programs;
let base: Base;
beforeAll(async () => {
  await loadBackend('node');
  programs = await Programs.create();
  base = (await loadBase('images', hyperparameters.parse(settings), {
    weights: 'pretrained',
    cacheDirectory: '',
    onProgress: () => {},
    signal: new AbortController().signal,
  }))!;
});
afterAll(() => programs.remove());

function question(channels: 1 | 3): Question {
  const asked: Question = { task: pictures(side, channels), hyperparameters: settings };
  return { ...asked, build: () => buildModel({ ...specificationOf(asked), base }) };
}

const valuesOf = async (program: TrainingProgram) =>
  new Map((await program.save()).tensors.map(({ name, values }) => [name, Array.from(values)]));

describe('a head on the embedded base', () => {
  it.each([3, 1] as const)(
    'is trained alike by both programs, which leave the base as it is, on pictures of %i channels',
    async (channels) => {
      const [plain, graph] = [
        await programs.plain(question(channels)),
        await programs.graph(question(channels)),
      ];
      const before = await valuesOf(graph);
      const losses = async (program: TrainingProgram) =>
        (await takeSteps(program, 8)).map(({ loss }) => loss!);
      const [eager, compiled] = [await losses(plain), await losses(graph)];
      eager.forEach((loss, step) => {
        expect(compiled[step]! / loss).toBeCloseTo(1, 3);
      });
      const [one, other] = [await valuesOf(plain), await valuesOf(graph)];
      const trained = [...before.keys()].filter(
        (name) => name.startsWith('weights/') && before.get(name)!.join() !== other.get(name)!.join(),
      );
      expect(trained).toEqual(
        ['dense/kernel', 'dense/bias', 'dense_1/kernel', 'dense_1/bias'].map((name) => `weights/${name}`),
      );
      for (const name of trained)
        for (const [at, value] of one.get(name)!.entries())
          expect(other.get(name)![at]! - value).toBeCloseTo(0, 3);
      await plain.dispose();
      await graph.dispose();
    },
    60_000,
  );

  it('sees grey pictures as the coloured ones of the same values', () => {
    const [grey, coloured] = ([1, 3] as const).map((channels) => question(channels).build!());
    const x = tf.randomUniform([2, side, side, 1], 0, 255, 'float32', 3);
    const answers = [grey!.predict(x), coloured!.predict(tf.tile(x, [1, 1, 1, 3]))] as tf.Tensor[];
    const [one, other] = answers.map((answer) => Array.from(answer.dataSync()));
    for (const [at, value] of one!.entries()) expect(value).toBeCloseTo(other![at]!, 5);
    grey!.dispose();
    coloured!.dispose();
  });

  it('has the layers of the base as Keras users count them, without input and preprocessing', () => {
    const model = question(3).build!();
    const layers = baseLayers(model);
    expect(layers[0]!.name).toBe('stem_conv_pad');
    expect(layers.at(-1)!.name).toBe('top_activation');
    expect(layers.every(({ trainable }) => !trainable)).toBe(true);
    expect(model.layers.slice(-5).map(({ name }) => name)).toEqual([
      'global_average_pooling2d',
      'dense',
      'dropout',
      'dense_1',
      'softmax',
    ]);
    model.dispose();
  });

  it('refuses pictures that are too small for it', () => {
    const asked: Question = { task: pictures(28, 3), hyperparameters: settings };
    expect(() => buildModel({ ...specificationOf(asked), base })).toThrow(
      'efficientnet-lite0 takes pictures of at least 32 × 32 pixels, not 28 × 28.',
    );
  });
});
