import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Evaluation } from '../../../src/contract/evaluation';
import { RunLibrary } from '../../../src/record/node/run-library';
import { RunRecorder } from '../../../src/record/node/run-recorder';
import { SeriesStore } from '../../../src/record/node/series-store';
import { batchLosses, epochScalars, newRun, numbered, started, weightHistogram } from './job-frames';
import { scratchDirectory } from './scratch';

let library: RunLibrary;
let store: SeriesStore;
let id: string;

beforeEach(async () => {
  library = await RunLibrary.open(await scratchDirectory());
  store = new SeriesStore();
  ({ id } = await library.create(newRun()));
});

const evaluation: Evaluation = {
  split: 'test',
  task: 'classification',
  count: 1,
  metrics: { loss: 0.1, accuracy: 1 },
  labels: ['0', '1'],
  confusion: [1, 0, 0, 0],
  classes: [],
  examples: [],
};

describe('recording a job', () => {
  it('leaves run.json, evaluation.json and series as the frames told them', async () => {
    const recorder = await RunRecorder.open({ library, store, id });
    for (const frame of numbered(
      { type: 'preparing', stage: 'scan', done: 1, total: 2 },
      started(),
      { type: 'phase', name: 'training', step: 0, epoch: 0 },
      batchLosses(0, 100),
      weightHistogram(0),
      epochScalars(0),
      {
        type: 'epoch',
        epoch: 0,
        step: 100,
        seconds: 1,
        metrics: { loss: 1, val_loss: 0.5, val_accuracy: 0.5 },
      },
      { type: 'skipped', files: [{ file: 'a/broken.jpg', reason: 'not a JPEG' }] },
      { type: 'skipped', files: [{ file: 'a/broken.jpg', reason: 'not a JPEG' }] },
      { type: 'notice', severity: 'warns', message: 'Slow disk.' },
      { type: 'evaluation', evaluation },
      {
        type: 'done',
        reason: 'finished',
        summary: { val_accuracy: 0.97, best_epoch: 2, broken: Number.NaN },
      },
    )) {
      recorder.record(frame);
    }
    expect(await recorder.flush()).toBe(12);
    const run = await recorder.end({ status: 'failed', failure: { message: 'must not count' } });
    expect(await library.read(id)).toEqual(JSON.parse(JSON.stringify(run)));
    expect(run).toMatchObject({
      status: 'done',
      summary: { val_accuracy: 0.97, best_epoch: 2 },
      dataset: {
        name: 'digits',
        fingerprint: 'abc',
        train: 80,
        skipped: [{ file: 'a/broken.jpg', reason: 'not a JPEG' }],
      },
      phases: [{ name: 'training', step: 0, epoch: 0 }],
      model: { parameters: 1234 },
      environment: { engine: 'node' },
      program: { kind: 'graph', compile: 'graph', reason: 'its one layer is compiled' },
      progress: { step: 100, totalSteps: 300, epochs: 3 },
    });
    expect(run.summary).not.toHaveProperty('broken');
    expect(run.owner).toBeUndefined();
    expect(run.failure).toBeUndefined();
    expect(run.progress.trainingSeconds).toBeGreaterThan(0);
    expect(Date.parse(run.finished!)).toBeGreaterThanOrEqual(Date.parse(run.started!));
    const kept = JSON.parse(await readFile(join(library.directoryOf(id), 'evaluation.json'), 'utf8'));
    expect(kept).toEqual(evaluation);

    const again = new SeriesStore();
    again.register(id, library.directoryOf(id));
    expect(await again.list(id)).toEqual(await store.list(id));
    expect((await again.list(id)).map(({ split, tag }) => `${split}/${tag}`)).toEqual([
      '/descent/configuration',
      '/descent/model',
      '/descent/notices',
      'train/conv2d/kernel_0',
      'train/batch_loss',
      'train/epoch_loss',
      'validation/epoch_accuracy',
      'validation/epoch_loss',
    ]);
    const query = { run: id, split: 'train', tag: 'batch_loss', maxPoints: 1000 };
    const { revision: _, ...fromFiles } = await again.queryScalars(query);
    const { revision: __, ...fromFrames } = await store.queryScalars(query);
    expect(fromFiles).toEqual(fromFrames);
  });

  it('keeps the last measurement of each stage of the pipeline', async () => {
    const recorder = await RunRecorder.open({ library, store, id });
    const map = { stage: 'map', settings: { num_parallel_calls: 'AUTOTUNE' } };
    const batch = { stage: 'batch', settings: { batch_size: 32, drop_remainder: false } };
    const measured = (epoch: number, unit: 'example' | 'batch', millisecondsPerElement: number) => ({
      measured: { epoch, unit, elements: 4, millisecondsPerElement },
    });
    const waiting = { epoch: 1, steps: 4, waitMillisecondsPerStep: 0.5, stepMilliseconds: 40 };
    const begun = { ...started(), pipeline: [map, batch] };
    for (const frame of numbered(
      begun,
      {
        type: 'pipeline',
        stages: [
          { ...map, ...measured(1, 'example', 0.4) },
          { ...batch, ...measured(1, 'batch', 2) },
        ],
        waiting,
      },
      {
        type: 'pipeline',
        stages: [map, { ...batch, ...measured(2, 'batch', 1) }],
        waiting: { ...waiting, epoch: 2 },
      },
      begun,
    ))
      recorder.record(frame);
    await recorder.end();
    expect((await library.read(id)).pipeline).toEqual({
      stages: [
        { ...map, ...measured(1, 'example', 0.4) },
        { ...batch, ...measured(2, 'batch', 1) },
      ],
      waiting: { ...waiting, epoch: 2 },
    });
  });

  it('shows points to a query as soon as they are recorded, and run.json soon after', async () => {
    const recorder = await RunRecorder.open({ library, store, id });
    const [first, second] = numbered(started(), batchLosses(0, 3));
    recorder.record(first!);
    recorder.record(second!);
    const { total } = await store.queryScalars({ run: id, split: 'train', tag: 'batch_loss', maxPoints: 10 });
    expect(total).toBe(3);
    await recorder.flush();
    expect(await library.read(id)).toMatchObject({ status: 'running', owner: { pid: process.pid } });
    await recorder.end();
  });

  it('passes over frames that it has had', async () => {
    const recorder = await RunRecorder.open({ library, store, id });
    for (const frame of [
      ...numbered(started(), batchLosses(0, 10)),
      ...numbered(started(), batchLosses(0, 10)),
    ]) {
      recorder.record(frame);
    }
    const { total } = await store.queryScalars({
      run: id,
      split: 'train',
      tag: 'batch_loss',
      maxPoints: 100,
    });
    expect(total).toBe(10);
    await recorder.end();
  });

  it('keeps what a dead engine had told, and the reason of its end', async () => {
    const recorder = await RunRecorder.open({ library, store, id });
    for (const frame of numbered(
      started(),
      batchLosses(0, 7),
      { type: 'epoch', epoch: 0, step: 7, seconds: 1, metrics: { loss: 1, val_loss: 0.4 } },
      { type: 'epoch', epoch: 1, step: 14, seconds: 1, metrics: { loss: 0.5, val_loss: 0.6 } },
    )) {
      recorder.record(frame);
    }
    await recorder.end({
      status: 'failed',
      failure: { message: 'The engine was killed.', signal: 'SIGKILL' },
    });
    expect(await library.read(id)).toMatchObject({
      status: 'failed',
      failure: { message: 'The engine was killed.', signal: 'SIGKILL' },
      summary: { loss: 1, val_loss: 0.4, best_epoch: 0 },
    });
    const { total } = await store.queryScalars({
      run: id,
      split: 'train',
      tag: 'batch_loss',
      maxPoints: 100,
    });
    expect(total).toBe(7);
  });

  it('says why an engine failed', async () => {
    const recorder = await RunRecorder.open({ library, store, id });
    const error = { code: 'non-finite', message: 'The loss is NaN at step 3.', remedy: 'Lower it.' } as const;
    for (const frame of numbered(started(), { type: 'failed', error, step: 3 })) recorder.record(frame);
    await recorder.end();
    expect(await library.read(id)).toMatchObject({
      status: 'failed',
      failure: { message: 'The loss is NaN at step 3.', remedy: 'Lower it.' },
    });
  });

  it("leaves a person's changes alone and counts only the time that was trained", async () => {
    const recorder = await RunRecorder.open({ library, store, id });
    recorder.record(numbered(started())[0]!);
    await library.rename(id, 'my name');
    await library.setTags(id, ['mine']);
    recorder.record({ sequence: 2, type: 'paused', step: 0 });
    await recorder.flush();
    expect(await library.read(id)).toMatchObject({ status: 'paused', name: 'my name' });
    const { trainingSeconds } = recorder.state.progress;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(recorder.state.progress.trainingSeconds).toBe(trainingSeconds);
    recorder.record({ sequence: 3, type: 'resumed', step: 0 });
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(recorder.state.progress.trainingSeconds).toBeGreaterThan(trainingSeconds);
    const run = await recorder.end({ status: 'stopped' });
    expect(run.status).toBe('stopped');
    expect(await library.read(id)).toMatchObject({ name: 'my name', tags: ['mine'] });
  });

  it('goes on after an interruption as one run', async () => {
    const first = await RunRecorder.open({ library, store, id });
    for (const frame of numbered(started(), batchLosses(0, 130), epochScalars(0), epochScalars(1)))
      first.record(frame);
    await first.end();
    const startedAt = (await library.read(id)).started;
    await library.claim(id);
    const second = await RunRecorder.open({ library, store, id });
    for (const frame of numbered(started(100, 1), batchLosses(101, 150), epochScalars(1)))
      second.record(frame);
    const run = await second.end({ status: 'stopped' });
    expect(run.started).toBe(startedAt);
    const fresh = new SeriesStore();
    fresh.register(id, library.directoryOf(id));
    for (const source of [store, fresh]) {
      const losses = await source.queryScalars({
        run: id,
        split: 'train',
        tag: 'batch_loss',
        maxPoints: 1000,
      });
      expect([...losses.steps]).toEqual(Array.from({ length: 150 }, (_, step) => step));
      const epochs = await source.queryScalars({
        run: id,
        split: 'train',
        tag: 'epoch_loss',
        maxPoints: 1000,
      });
      expect([...epochs.steps]).toEqual([0, 1]);
    }
  });

  it('refuses to record one run twice at a time', async () => {
    const recorder = await RunRecorder.open({ library, store, id });
    await expect(RunRecorder.open({ library, store, id })).rejects.toMatchObject({ code: 'busy' });
    await recorder.end();
  });
});
