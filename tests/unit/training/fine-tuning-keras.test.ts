import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { datasetOptions } from '../../../src/contract/dataset';
import { hyperparameters } from '../../../src/contract/hyperparameters';
import { openDataset } from '../../../src/dataset/node/open';
import { loadBackend } from '../../../src/engine/native/backend';
import { epochOrder } from '../../../src/pipeline/epoch-order';
import { prepareTraining } from '../../../src/training/prepare-training';
import { pythonJudge, runPython } from '../../support/python-judge';
import { takeSteps } from './support/programs';

const judge = await pythonJudge();
const side = 96;
const settings = hyperparameters.parse({
  model: 'mobilenet-v2',
  alpha: '0.35',
  imageSize: side,
  batchSize: 8,
  epochs: 2,
  learningRate: 0.001,
  fineTuneEpochs: 2,
  fineTuneLayers: 10,
  // Adam doubles what rounding changes; a low rate, as one takes it, leaves little of that.
  fineTuneLearningRate: 0.0001,
  dropout: 0,
});
const options = datasetOptions.parse({});

let directory: string;
let photos: string;

beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent-fine-tuning-'));
  photos = join(directory, 'photos');
  vi.stubEnv('KERAS_HOME', join(directory, 'keras'));
  await mkdir(join(directory, 'keras', 'models'), { recursive: true });
  for (const [label, red] of [40, 120, 220].entries()) {
    await mkdir(join(photos, `class-${label}`), { recursive: true });
    for (let number = 0; number < 10; number++) {
      const pixels = Buffer.alloc(side * side * 3);
      for (let place = 0; place < side * side; place++) {
        const [x, y] = [place % side, Math.floor(place / side)];
        pixels[place * 3] = red;
        pixels[place * 3 + 1] = (x * (number + 1) + y * label * 3) % 256;
        pixels[place * 3 + 2] = (y * (number + 2)) % 256;
      }
      await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
        .png()
        .toFile(join(photos, `class-${label}`, `${number}.png`));
    }
  }
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

/** Files and labels of the batches of an epoch of the run. */
async function batchesOf(epoch: number) {
  const { examples } = await openDataset(photos, options, {
    cacheDirectory: join(directory, 'cache'),
    onProgress: () => {},
    signal: new AbortController().signal,
  });
  const train = examples.indices('train');
  const order = epochOrder(settings.seed, epoch, train.length, settings.shuffleBuffer);
  const items = Array.from(order, (place) => {
    const file = examples.file(train[place]!);
    return { file: join(photos, file), label: Number(/class-(\d)/.exec(file)![1]) };
  });
  return Array.from({ length: Math.ceil(items.length / settings.batchSize) }, (_, batch) =>
    items.slice(batch * settings.batchSize, (batch + 1) * settings.batchSize),
  );
}

it.skipIf(typeof judge === 'string')(
  'a head on MobileNetV2 and fine-tuning of its last 10 layers take the steps of Keras',
  async () => {
    if (typeof judge === 'string') throw new Error(judge);
    const epochs = await Promise.all([0, 1, 2, 3].map(batchesOf));
    const question = join(directory, 'question.json');
    const weights = join(
      directory,
      'keras',
      'models',
      'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5',
    );
    await writeFile(
      question,
      JSON.stringify({
        weights,
        side,
        alpha: Number(settings.alpha),
        classes: 3,
        phases: [
          { learningRate: settings.learningRate, layers: 0, batches: epochs.slice(0, 2).flat() },
          { learningRate: settings.fineTuneLearningRate, layers: 10, batches: epochs.slice(2).flat() },
        ],
      }),
    );
    const script = await readFile(join(import.meta.dirname, 'support/fine_tuning.py'), 'utf8');
    const keras = JSON.parse((await runPython(judge, script, [question])).stdout) as {
      losses: number[];
      kernel: number[];
      bias: number[];
      before: number[];
      after: number[];
    };

    const job = {
      runDirectory: join(directory, 'run'),
      configuration: { dataset: { path: photos, options }, hyperparameters: settings },
      resume: false,
      cacheDirectory: join(directory, 'cache'),
    };
    const { program } = await prepareTraining(job, () => {}, new AbortController().signal);
    try {
      // The head begins as Keras' does.
      const state = await program.save();
      const heads = new Map([
        ['weights/dense/kernel', keras.kernel],
        ['weights/dense/bias', keras.bias],
      ]);
      await program.restore({
        ...state,
        tensors: state.tensors.map((tensor) => {
          const values = heads.get(tensor.name);
          return values ? { ...tensor, values: Float32Array.from(values) } : tensor;
        }),
      });
      const steps = epochs.slice(0, 2).flat().length;
      expect(program.kind).toBe('features');
      program.setLearningRate(settings.learningRate);
      const losses = await takeSteps(program, steps);
      expect(await program.next()).toEqual({ type: 'end-of-epoch' });
      await program.enterPhase!('fine-tuning', 2);
      expect(program.kind).toBe('features');
      program.setLearningRate(settings.fineTuneLearningRate);
      losses.push(...(await takeSteps(program, keras.losses.length - steps)));
      for (const [step, { loss }] of losses.entries())
        expect(Math.abs(loss! - keras.losses[step]!), `step ${step + 1}`).toBeLessThan(1e-4);
      const trained = (await program.readWeights()).find(({ name }) => name === 'Conv_1/kernel')!.values;
      const apart = (one: ArrayLike<number>, other: readonly number[]) =>
        other.reduce((sum, value, place) => sum + Math.abs(value - one[place]!), 0) / other.length;
      expect(apart(keras.before, keras.after)).toBeGreaterThan(1e-4);
      expect(apart(trained, keras.after)).toBeLessThan(1e-5);
    } finally {
      await program.dispose();
    }
  },
  120_000,
);
