import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetOptions } from '../../../src/contract/dataset';
import type { JobEvent } from '../../../src/contract/frames';
import { type Hyperparameters, hyperparameters } from '../../../src/contract/hyperparameters';
import { loadBackend } from '../../../src/engine/native/backend';
import { loadModel } from '../../../src/model/load-model';
import { writeModelFiles } from '../../../src/model/model-files';
import { prepareTraining } from '../../../src/training/prepare-training';
import type { TrainingProgram } from '../../../src/training/program';
import { hubModels, hubSide } from '../../support/hub-models';
import { pythonJudge } from '../../support/python-judge';

const judge = await pythonJudge();
let directory: string;
let base: string;
let photos: string;

/** Two classes of coloured noise, one with rings. */
async function writePictures(folder: string): Promise<void> {
  const side = 40;
  let state = 1;
  const random = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  for (const label of ['noise', 'rings']) {
    await mkdir(join(folder, label), { recursive: true });
    for (let number = 0; number < 16; number++) {
      const pixels = Buffer.alloc(side * side * 3);
      const [cx, cy] = [10 + 20 * random(), 10 + 20 * random()];
      for (let at = 0; at < side * side; at++) {
        const radius = Math.hypot((at % side) - cx, Math.floor(at / side) - cy);
        const ring = label === 'rings' && Math.sin(radius) > 0;
        for (let channel = 0; channel < 3; channel++)
          pixels[at * 3 + channel] = ring ? 255 : Math.floor(200 * random());
      }
      await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
        .png()
        .toFile(join(folder, label, `${number}.png`));
    }
  }
}

beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent-saved-model-'));
  photos = join(directory, 'photos');
  await writePictures(photos);
  if (typeof judge === 'string') return;
  base = join(directory, 'My_Base v4');
  await cp(join(await hubModels(judge), 'hub'), base, { recursive: true });
}, 300_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

async function open(settings: Partial<Hyperparameters>, weights: 'pretrained' | 'later' = 'pretrained') {
  const events: JobEvent[] = [];
  const job = {
    runDirectory: join(directory, 'run'),
    configuration: {
      dataset: { path: photos, options: datasetOptions.parse({}) },
      hyperparameters: hyperparameters.parse({
        model: 'saved-model',
        base,
        batchSize: 8,
        epochs: 20,
        dropout: 0.2,
        headUnits: 16,
        learningRate: 0.01,
        ...settings,
      }),
    },
    resume: false,
    cacheDirectory: join(directory, 'cache'),
  };
  const prepared = await prepareTraining(job, (event) => events.push(event), new AbortController().signal, {
    weights,
  });
  return { ...prepared, events };
}

async function lossesOf(program: TrainingProgram, count: number): Promise<number[]> {
  const losses: number[] = [];
  while (losses.length < count) {
    const report = await program.next();
    if (report.type === 'step') losses.push(report.metrics.loss!);
  }
  return losses;
}

describe.skipIf(typeof judge === 'string')('a head on a SavedModel', () => {
  it('is trained on kept features, in one graph and eagerly with the same losses', async () => {
    const features = await open({});
    expect(features.description.kind).toBe('features');
    expect(features.description.reason).toContain('saved_model');
    const wanted = await lossesOf(features.program, 9);
    const later = await lossesOf(features.program, 30);
    const mean = (losses: number[]) => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    expect(mean(later.slice(-9))).toBeLessThan(0.8 * mean(wanted));
    await features.program.dispose();
    const graph = await open({ compile: 'graph' });
    expect(graph.description.kind).toBe('graph');
    const inGraph = await lossesOf(graph.program, 9);
    await graph.program.dispose();
    const eager = await open({ compile: 'eager' });
    expect(eager.description.kind).toBe('plain');
    const inSteps = await lossesOf(eager.program, 9);
    await eager.program.dispose();
    wanted.forEach((loss, step) => {
      expect(Math.abs(inGraph[step]! - loss)).toBeLessThan(1e-4);
      expect(Math.abs(inSteps[step]! - loss)).toBeLessThan(1e-4);
    });
  });

  it('has nothing to fine-tune, which a run that asks for it says', async () => {
    const { program, events } = await open({ fineTuneEpochs: 1, fineTuneLayers: 3 });
    await program.dispose();
    expect(events).toContainEqual({
      type: 'notice',
      severity: 'warns',
      message: 'Nothing is fine-tuned: the model has no pretrained base of layers.',
    });
  });

  it('is saved as a model that finds its SavedModel beside it, in the cache, or tells what is missing', async () => {
    const { program } = await open({});
    await lossesOf(program, 3);
    const folder = join(directory, 'run', 'model');
    await writeModelFiles(folder, await program.modelFiles());
    await program.dispose();
    const kept = join(folder, 'bases');
    expect(existsSync(kept)).toBe(true);
    const pixels = new Float32Array(2 * hubSide * hubSide * 3).map((_, index) => (index * 31) % 256);
    const answer = async () => {
      const tf = await import('@tensorflow/tfjs');
      const { model } = await loadModel(folder);
      const values = tf.tidy(() =>
        (
          model.predict(tf.tensor(pixels, [2, hubSide, hubSide, 3])) as import('@tensorflow/tfjs').Tensor
        ).dataSync(),
      );
      model.dispose();
      return [...values];
    };
    const first = await answer();
    expect(first[0]! + first[1]!).toBeCloseTo(1, 5);
    await rm(base, { recursive: true });
    expect(await answer()).toEqual(first);
    const resumed = await open({}, 'later');
    expect(resumed.description.kind).toBe('features');
    await lossesOf(resumed.program, 1);
    await resumed.program.dispose();
    await expect(open({})).rejects.toThrow(/There is no saved_model.pb in .*My_Base v4/);
    await rm(kept, { recursive: true });
    expect(await answer()).toEqual(first);
    await rm(join(directory, 'cache', 'bases'), { recursive: true });
    await expect(loadModel(folder)).rejects.toThrow(/My_Base v4\) is gone: it is neither in .*bases/);
    const text = await readFile(join(folder, 'model.json'), 'utf8');
    expect(text).toContain('My_Base v4');
  });
});
