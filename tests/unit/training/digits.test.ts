import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluation } from '../../../src/contract/evaluation';
import { writeSample } from '../../../src/dataset/node/samples';
import { loadBackend } from '../../../src/engine/native/backend';
import { loadModel } from '../../../src/model/load-model';
import { resourcesDir, train } from './support/train';

let directory: string;
beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent digits ü '));
  await writeSample('digits', join(directory, 'digits'), { resourcesDir });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('digits with the small CNN', () => {
  it('reaches 0.95 validation accuracy in three epochs of batches of 64, and tells all of it', async () => {
    const broken = join(directory, 'digits', '3', 'broken picture.png');
    const first = (await readdir(join(directory, 'digits', '3')))[0]!;
    await writeFile(broken, (await readFile(join(directory, 'digits', '3', first))).subarray(0, 60));
    const runDirectory = join(directory, 'run');
    const started = performance.now();
    const recording = await train({
      dataset: join(directory, 'digits'),
      runDirectory,
      cacheDirectory: join(directory, 'cache'),
      hyperparameters: { model: 'small-cnn', epochs: 3, batchSize: 64, hiddenUnits: 128 },
      onEvent: (event) => {
        if (process.env.DESCENT_TEST_TIMES && event.type !== 'preparing')
          console.log(Math.round(performance.now() - started), event.type);
      },
    });
    expect(recording.end).toBe('done');
    expect(recording.summary.val_accuracy).toBeGreaterThanOrEqual(0.95);

    const { stepsPerEpoch, totalSteps } = recording.all('started')[0]!;
    expect(totalSteps).toBe(stepsPerEpoch * 3);
    for (const tag of [
      'batch_loss',
      'batch_accuracy',
      'timing/wait_ms',
      'timing/copy_ms',
      'timing/compute_ms',
      'timing/callbacks_ms',
    ]) {
      const series = recording.series(tag);
      expect(series.map(([step]) => step)).toEqual(Array.from({ length: totalSteps }, (_, step) => step + 1));
      expect(series.every(([, value]) => Number.isFinite(value) && value >= 0)).toBe(true);
    }
    for (const tag of [
      'epoch_loss',
      'epoch_accuracy',
      'epoch_learning_rate',
      'system/rss_bytes',
      'system/tensors',
    ])
      expect(recording.series(tag).map(([step]) => step)).toEqual([0, 1, 2]);
    expect(recording.series('epoch_accuracy', 'validation').map(([step]) => step)).toEqual([0, 1, 2]);
    const tensors = recording.series('system/tensors').map(([, value]) => value);
    expect(new Set(tensors).size).toBe(1);

    const histograms = recording.all('histograms');
    expect(histograms.map(({ step }) => step)).toEqual([0, 1, 2, 3].map((epoch) => epoch * stepsPerEpoch));
    expect(histograms[0]!.items.map(({ tag }) => tag)).toContain('conv2d/kernel_0');
    expect(histograms[1]!.items.map(({ tag }) => tag)).toContain('gradients/dense/bias_0');
    const kernel = histograms[3]!.items.find(({ tag }) => tag === 'conv2d/kernel_0')!;
    let counted = 0;
    for (let row = 0; row < 30; row++) counted += kernel.buckets[row * 3 + 2]!;
    expect(counted).toBe(3 * 3 * 32);

    expect(recording.all('skipped').flatMap(({ files }) => files.map(({ file }) => file))).toEqual([
      '3/broken picture.png',
    ]);
    expect(recording.all('progress').length).toBeGreaterThan(3);
    expect((await readdir(join(runDirectory, 'checkpoints'))).length).toBe(3);

    const report = evaluation.parse(
      JSON.parse(await readFile(join(runDirectory, 'evaluation.json'), 'utf8')),
    );
    expect(report.split).toBe('validation');
    expect(report.confusion.reduce((sum, count) => sum + count, 0)).toBe(report.count);
    expect(report.examples[0]!.loss).toBeGreaterThanOrEqual(report.examples.at(-1)!.loss);
    const right = report.confusion
      .filter((_, place) => place % 11 === 0)
      .reduce((sum, count) => sum + count, 0);
    expect(right / report.count).toBeCloseTo(report.metrics.accuracy!, 10);

    const { model, metadata } = await loadModel(join(runDirectory, 'model'));
    expect(metadata.input).toEqual({ kind: 'images', height: 28, width: 28, channels: 1 });
    expect(metadata.labels).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    model.dispose();
  });
});
