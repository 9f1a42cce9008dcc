import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Hyperparameters } from '../../../src/contract/hyperparameters';
import { writeSample } from '../../../src/dataset/node/samples';
import { loadBackend } from '../../../src/engine/native/backend';
import { RandomStream, randomPurpose } from '../../../src/pipeline/random';
import { resourcesDir, train } from './support/train';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'descent-wasm-'));
  await writeSample('iris', join(directory, 'iris'), { resourcesDir });
  await writeSample('mails', join(directory, 'mails'), { resourcesDir });
  const random = new RandomStream(1, randomPurpose.order);
  const prices = Array.from({ length: 80 }, () => {
    const [size, age] = [random.nextWithin(1), random.nextWithin(1)];
    return `${size},${age},${100 * size - 20 * age + random.nextWithin(9)}`;
  });
  await mkdir(join(directory, 'prices'));
  await writeFile(join(directory, 'prices', 'prices.csv'), `size,age,price\n${prices.join('\n')}\n`);
  for (const [label, red] of [
    ['red', 200],
    ['green', 60],
  ] as const) {
    await mkdir(join(directory, 'pictures', label), { recursive: true });
    for (let index = 0; index < 12; index++) {
      const pixels = Buffer.alloc(16 * 16 * 3);
      for (let place = 0; place < pixels.length; place++)
        pixels[place] =
          random.nextBelow(50) + (place % 3 === 0 ? red : place % 3 === 1 ? 255 - red : 0) * 0.7;
      await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
        .png()
        .toFile(join(directory, 'pictures', label, `${index}.png`));
    }
  }
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function losses(backend: 'node' | 'wasm', dataset: string, settings: Partial<Hyperparameters>) {
  await loadBackend(backend);
  const recording = await train({
    dataset: join(directory, dataset),
    runDirectory: join(directory, `${backend}-${dataset}-${settings.model}`),
    cacheDirectory: join(directory, 'cache'),
    hyperparameters: settings,
  });
  return recording.series('batch_loss').map(([, value]) => value);
}

const cases: [string, Partial<Hyperparameters>][] = [
  ['iris', { model: 'mlp', epochs: 2, batchSize: 16 }],
  [
    'iris',
    {
      model: 'mlp',
      epochs: 2,
      batchSize: 16,
      hiddenUnits: 16,
      optimizer: 'adamw',
      clipNorm: 0.5,
      l1: 0.001,
      l2: 0.01,
      accumulateSteps: 3,
      emaMomentum: 0.5,
    },
  ],
  [
    'iris',
    { model: 'linear', epochs: 2, batchSize: 16, optimizer: 'rmsprop', clipValue: 0.1, weightDecay: 0.1 },
  ],
  [
    'iris',
    {
      model: 'mlp',
      epochs: 2,
      batchSize: 16,
      loss: 'binary-crossentropy',
      labelSmoothing: 0.1,
      layerLearningRates: 'dense=0, dense_1=0.5',
    },
  ],
  ['prices', { model: 'mlp', epochs: 2, batchSize: 16, loss: 'huber', huberDelta: 0.5 }],
  ['prices', { model: 'linear', epochs: 2, batchSize: 16, loss: 'mae' }],
  ['pictures', { model: 'small-cnn', epochs: 2, batchSize: 4, imageSize: 16, width: 0.25, rotation: 10 }],
  // Normalization of four pictures multiplies the last bits' differences: small steps keep them apart from the rest.
  ['pictures', { model: 'mobilenet-like', epochs: 1, batchSize: 4, imageSize: 16, learningRate: 1e-5 }],
  ['mails', { model: 'tfidf', epochs: 1, batchSize: 64, vocabularySize: 500, learningRate: 0.05 }],
  ['mails', { model: 'glove', epochs: 1, batchSize: 64, vocabularySize: 500, sequenceLength: 40 }],
  ['mails', { model: 'text-bag', epochs: 1, batchSize: 64, vocabularySize: 500, sequenceLength: 40 }],
  [
    'mails',
    {
      model: 'text-lstm',
      bidirectional: true,
      epochs: 1,
      batchSize: 128,
      vocabularySize: 200,
      sequenceLength: 8,
      hiddenUnits: 8,
    },
  ],
];

describe('the WebAssembly engine', () => {
  it.each(cases)('tells the same losses as the native one (%s, %o)', async (dataset, settings) => {
    const native = await losses('node', dataset, settings);
    const wasm = await losses('wasm', dataset, settings);
    expect(wasm.length).toBe(native.length);
    wasm.forEach((value, step) => {
      expect(Math.abs(value - native[step]!)).toBeLessThan(2e-3);
    });
    expect(Math.abs(wasm[0]! - native[0]!)).toBeLessThan(1e-4);
  });
});
