import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetOptions } from '../../../src/contract/dataset';
import { type Hyperparameters, hyperparameters } from '../../../src/contract/hyperparameters';
import { textEncoder } from '../../../src/dataset/common/text-encoder';
import { writeSample } from '../../../src/dataset/node/samples';
import { loadBackend } from '../../../src/engine/native/backend';
import { readGlove } from '../../../src/model/bases/glove';
import { loadBase } from '../../../src/model/bases/load-base';
import { buildModel } from '../../../src/model/build-model';
import { loadModel } from '../../../src/model/load-model';
import { prepareTraining } from '../../../src/training/prepare-training';
import { expectEqualTensors } from './support/compare';
import { takeSteps } from './support/programs';
import { resourcesDir, train } from './support/train';

let directory: string;
beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent-text-models-'));
  await writeSample('mails', join(directory, 'mails'), { resourcesDir });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function open(settings: Partial<Hyperparameters>, keepsFeatures = false) {
  const job = {
    runDirectory: join(directory, 'run'),
    configuration: {
      dataset: { path: join(directory, 'mails'), options: datasetOptions.parse({}) },
      hyperparameters: hyperparameters.parse({ batchSize: 16, learningRate: 0.05, dropout: 0, ...settings }),
    },
    resume: false,
    cacheDirectory: join(directory, 'cache'),
  };
  const { program } = await prepareTraining(job, () => {}, new AbortController().signal, { keepsFeatures });
  return program;
}

const models: Record<string, Partial<Hyperparameters>> = {
  tfidf: { model: 'tfidf', vocabularySize: 2000 },
  'tfidf of pairs': { model: 'tfidf', ngrams: 2, vocabularySize: 3000 },
  glove: { model: 'glove', vocabularySize: 3000, sequenceLength: 80 },
  'glove with a hidden layer and trained vectors': {
    model: 'glove',
    vocabularySize: 1000,
    sequenceLength: 60,
    headUnits: 8,
    trainEmbedding: true,
  },
};

describe('the cheap models of texts', () => {
  it.each(Object.keys(models))('train alike in a compiled step and eagerly: %s', async (name) => {
    const eager = await open({ ...models[name], compile: 'eager' });
    const compiled = await open({ ...models[name], compile: 'graph' });
    expect([eager.kind, compiled.kind]).toEqual(['plain', 'graph']);
    const [wanted, found] = [await takeSteps(eager, 6), await takeSteps(compiled, 6)];
    found.forEach(({ loss }, step) => {
      expect(Math.abs(loss! - wanted[step]!.loss!)).toBeLessThan(1e-5);
    });
    expectEqualTensors(await compiled.readWeights(), await eager.readWeights(), 1e-4);
    const [one, other] = [await compiled.evaluate('validation'), await eager.evaluate('validation')];
    expect(one!.metrics.loss).toBeCloseTo(other!.metrics.loss!, 4);
    await eager.dispose();
    await compiled.dispose();
  });

  it('keep the means of frozen word vectors, and train on those', async () => {
    const features = await open({ ...models.glove }, true);
    const whole = await open({ ...models.glove, compile: 'graph' });
    expect([features.kind, whole.kind]).toEqual(['features', 'graph']);
    const losses: number[] = [];
    while (losses.length < 6) {
      const report = await features.next();
      if (report.type === 'step') losses.push(report.metrics.loss!);
    }
    (await takeSteps(whole, 6)).forEach(({ loss }, step) => {
      expect(losses[step]).toBeCloseTo(loss!, 5);
    });
    await features.dispose();
    await whole.dispose();
  });

  it('tell spam from other mail, and the saved model needs nothing else', async () => {
    for (const [model, learningRate] of [
      ['tfidf', 0.05],
      ['glove', 0.05],
    ] as const) {
      const runDirectory = join(directory, model);
      const recording = await train({
        dataset: join(directory, 'mails'),
        runDirectory,
        cacheDirectory: join(directory, 'cache'),
        hyperparameters: { model, learningRate, epochs: 15, batchSize: 16, dropout: 0, sequenceLength: 256 },
      });
      expect(recording.summary.val_accuracy, model).toBeGreaterThan(0.9);
      const saved = await loadModel(join(runDirectory, 'model'));
      if (saved.metadata.input.kind !== 'texts') throw new Error('no text model');
      const encoder = textEncoder(saved.metadata.input);
      const values = encoder.encode(
        'Free money!!! Click here now to get your free credit report, 100% guaranteed.',
      );
      const output = saved.model.predict(
        tf.tensor(values, [1, ...encoder.shape], encoder.dtype),
      ) as tf.Tensor;
      expect(output.dataSync()[saved.metadata.labels.indexOf('spam')], model).toBeGreaterThan(0.5);
      saved.model.dispose();
    }
  });
});

describe('averaged word vectors', () => {
  it('are the mean over the words that are known, whatever fills the places behind them; zeros without any', async () => {
    const settings = hyperparameters.parse({ model: 'glove', dropout: 0, sequenceLength: 12 });
    const base = await loadBase('texts', settings, {
      weights: 'pretrained',
      cacheDirectory: directory,
      onProgress: () => {},
      signal: new AbortController().signal,
    });
    const vocabulary = ['the', 'money', 'meeting'];
    const input = { kind: 'texts', vocabulary, sequenceLength: 12, splitting: 'glove' } as const;
    const model = buildModel({
      name: 'mean',
      task: 'classification',
      input,
      labels: ['a', 'b'],
      hyperparameters: settings,
      base: base!,
    });
    const mean = tf.model({
      inputs: model.inputs,
      outputs: model.getLayer('mean_vector').output as tf.SymbolicTensor,
    });
    const encoder = textEncoder(input);
    const of = (text: string) =>
      (mean.predict(tf.tensor(encoder.encode(text), [1, 12], 'int32')) as tf.Tensor).dataSync();
    const { words, vectors } = await readGlove();
    const vector = (word: string) => {
      const place = words.indexOf(word) * 50;
      return vectors.subarray(place, place + 50);
    };
    of('Money, money: the unknowable MEETING?').forEach((value, place) => {
      const wanted = (2 * vector('money')[place]! + vector('the')[place]! + vector('meeting')[place]!) / 4;
      expect(value).toBeCloseTo(wanted, 5);
    });
    expect(Math.max(...of('nothing known').map(Math.abs))).toBe(0);
    expect(model.getLayer('word_vectors').trainable).toBe(false);
    model.dispose();
  });
});
