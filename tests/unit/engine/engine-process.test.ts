import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeMessage } from '../../../src/channel/common/codec';
import { FrameReader } from '../../../src/channel/common/framing';
import { datasetOptions } from '../../../src/contract/dataset';
import type { TrainingJob } from '../../../src/contract/engine';
import type { JobFrame } from '../../../src/contract/frames';
import { type Hyperparameters, hyperparameters } from '../../../src/contract/hyperparameters';
import { openDataset } from '../../../src/dataset/node/open';
import { writeSample } from '../../../src/dataset/node/samples';
import { checkpointSteps } from '../../../src/training/checkpoint';
import { resourcesDir } from '../training/support/train';
import { buildEngine } from './support/engine-build';
import { type StartedEngine, startEngine } from './support/engine-process';

let directory: string;
let built: { entry: string; remove: () => Promise<void> };
let runs = 0;
const started: StartedEngine[] = [];

function engine(): StartedEngine {
  const process = startEngine(built.entry);
  started.push(process);
  return process;
}

function job(dataset: string, settings: Partial<Hyperparameters>, runDirectory?: string): TrainingJob {
  return {
    runDirectory: runDirectory ?? join(directory, `run ${runs++}`),
    configuration: {
      dataset: { path: dataset, options: datasetOptions.parse({}) },
      hyperparameters: hyperparameters.parse(settings),
    },
    resume: runDirectory !== undefined,
    cacheDirectory: join(directory, 'cache'),
  };
}

async function collect(
  { client }: StartedEngine,
  question: TrainingJob,
  onFrame?: (frame: JobFrame) => void,
): Promise<JobFrame[]> {
  const frames: JobFrame[] = [];
  for await (const frame of client.listen('job.train', question)) {
    frames.push(frame);
    onFrame?.(frame);
  }
  return frames;
}

function points(frames: JobFrame[], tag: string): [number, number][] {
  return frames
    .filter((frame) => frame.type === 'scalars')
    .flatMap(({ columns }) => columns.filter((column) => column.tag === tag))
    .flatMap((column) =>
      Array.from(column.steps, (step, row): [number, number] => [step, column.values[row]!]),
    );
}

/** Pictures of two classes that differ in brightness. */
async function writePictures(name: string, count: number): Promise<string> {
  const folder = join(directory, name);
  for (const [label, level] of [
    ['dark', 40],
    ['light', 215],
  ] as const) {
    await mkdir(join(folder, label), { recursive: true });
    for (let index = 0; index < count; index++) {
      const pixels = Buffer.alloc(12 * 12, level);
      pixels[index % 144] = 128;
      pixels[(index * 7) % 144]! ^= 60;
      await sharp(pixels, { raw: { width: 12, height: 12, channels: 1 } })
        .png()
        .toFile(join(folder, label, `${index}.png`));
    }
  }
  return folder;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'descent-engine-'));
  built = await buildEngine();
});
afterEach(async () => {
  for (const { client, exited } of started.splice(0)) {
    client.close();
    await exited;
  }
});
afterAll(async () => {
  await built.remove();
  await rm(directory, { recursive: true, force: true });
});

describe('the engine process', () => {
  it('describes itself, and ends by itself when the channel closes', async () => {
    const process = engine();
    const environment = await process.client.call('engine.describe', {});
    expect(environment.engine).toBe('node');
    expect(environment.engineVersion).toMatch(/^\d+\.\d+/);
    expect(environment.threads).toBeGreaterThan(0);
    process.client.close();
    expect(await process.exited).toEqual({ code: 0, signal: null });
  });

  it('gives the first step of a large data set by itself, before an epoch is decoded', async () => {
    const digits = join(directory, 'digits');
    await writeSample('digits', digits, { resourcesDir });
    await openDataset(digits, {}, { cacheDirectory: join(directory, 'cache') });
    const process = engine();
    await process.client.call('engine.describe', {});
    let steps: number[] = [];
    for await (const frame of process.client.listen('job.train', job(digits, { batchSize: 64, epochs: 3 }))) {
      if (frame.type !== 'scalars') continue;
      steps = [...(frame.columns.find(({ tag }) => tag === 'batch_loss')?.steps ?? [])];
      break;
    }
    expect(steps).toEqual([1]);
  });

  it('numbers frames without gaps and ends with done', async () => {
    const pictures = await writePictures('pictures', 24);
    const frames = await collect(engine(), job(pictures, { epochs: 2, batchSize: 8 }));
    expect(frames.map(({ sequence }) => sequence)).toEqual(frames.map((_, index) => index + 1));
    expect(frames.at(-1)).toMatchObject({ type: 'done', reason: 'finished' });
  });

  it('pauses, goes on, takes another learning rate and stops with a checkpoint and an evaluation', async () => {
    const pictures = await writePictures('pictures', 24);
    const process = engine();
    const { client } = process;
    const question = job(pictures, { epochs: 2000, batchSize: 4 });
    const waits: Promise<unknown>[] = [];
    let pausedAt = -1;
    const frames = await collect(process, question, (frame) => {
      if (frame.type === 'epoch' && frame.epoch === 1)
        waits.push(
          client.call('job.pause', {}).then(async ({ step }) => {
            pausedAt = step;
            await new Promise((resolve) => setTimeout(resolve, 300));
            await client.call('job.setLearningRate', { learningRate: 0.0005 });
            await client.call('job.continue', {});
          }),
        );
      if (frame.type === 'notice') waits.push(client.call('job.stop', {}));
    });
    await Promise.all(waits);
    const paused = frames.findIndex((frame) => frame.type === 'paused');
    expect(frames[paused]).toMatchObject({ type: 'paused', step: pausedAt });
    expect(frames[paused + 1]).toMatchObject({ type: 'resumed', step: pausedAt });
    const end = frames.at(-1)!;
    expect(end.type).toBe('stopped');
    expect(frames.some((frame) => frame.type === 'evaluation')).toBe(true);
    const stoppedAt = end.type === 'stopped' ? end.step : -1;
    expect(await checkpointSteps(join(question.runDirectory, 'checkpoints'))).toContain(stoppedAt);
    const state = JSON.parse(
      await readFile(join(question.runDirectory, 'checkpoints', String(stoppedAt), 'state.json'), 'utf8'),
    );
    expect(state.loop.learningRate).toBe(0.0005);
  });

  it('writes a checkpoint with the frames that nobody acknowledged when the studio goes away, and resumes from it', async () => {
    const pictures = await writePictures('pictures', 24);
    const question = job(pictures, { epochs: 6, batchSize: 4, dropout: 0.3, rotation: 10 });
    const whole = await collect(engine(), { ...question, runDirectory: join(directory, 'whole') });

    const process = engine();
    const before: JobFrame[] = [];
    try {
      for await (const frame of process.client.listen('job.train', question)) {
        before.push(frame);
        if (frame.type === 'epoch' && frame.epoch === 2) {
          await process.client.call('job.acknowledge', { sequence: frame.sequence });
          process.client.close();
          break;
        }
      }
    } catch {
      // The channel is closed.
    }
    expect(await process.exited).toEqual({ code: 0, signal: null });
    const [step] = await checkpointSteps(join(question.runDirectory, 'checkpoints'));
    const kept: JobFrame[] = [];
    const reader = new FrameReader(({ payload }) => kept.push(decodeMessage(payload) as JobFrame));
    reader.push(await readFile(join(question.runDirectory, 'checkpoints', String(step), 'frames.bin')));
    expect(kept.length).toBeGreaterThan(0);
    expect(kept[0]!.sequence).toBe(before.at(-1)!.sequence + 1);

    const after = await collect(engine(), { ...question, resume: true });
    const began = after.find((frame) => frame.type === 'started')!;
    expect(began).toMatchObject({ step });
    const told = [
      ...points(before, 'batch_loss'),
      ...points(kept, 'batch_loss'),
      ...points(after, 'batch_loss'),
    ];
    expect(told).toEqual(points(whole, 'batch_loss'));
  });

  it('says in a frame what is wrong: an empty folder, a loss that is no number', async () => {
    const empty = join(directory, 'empty');
    await mkdir(empty, { recursive: true });
    const process = engine();
    const frames = await collect(process, job(empty, {}));
    expect(frames.at(-1)).toMatchObject({ type: 'failed', step: 0 });
    const pictures = await writePictures('pictures', 24);
    const diverging = await collect(
      process,
      job(pictures, { optimizer: 'sgd', learningRate: 100, epochs: 50, batchSize: 4, l2: 1 }),
    );
    const last = diverging.at(-1)!;
    expect(last).toMatchObject({ type: 'failed', error: { code: 'non-finite' } });
    if (last.type === 'failed')
      expect(last.error.message).toMatch(/at step \d+ \(epoch \d+\) with learning rate 100/);
  });

  it('ignores SIGINT, and saves on SIGTERM', async () => {
    const pictures = await writePictures('pictures', 24);
    const process = engine();
    const question = job(pictures, { epochs: 5000, batchSize: 4 });
    let interrupted = false;
    try {
      for await (const frame of process.client.listen('job.train', question)) {
        if (frame.type !== 'epoch') continue;
        if (frame.epoch === 1) {
          process.child.kill('SIGINT');
          interrupted = true;
        }
        if (frame.epoch === 3) process.child.kill('SIGTERM');
      }
    } catch {
      // The engine is gone.
    }
    expect(interrupted).toBe(true);
    expect(await process.exited).toEqual({ code: 0, signal: null });
    const [step] = await checkpointSteps(join(question.runDirectory, 'checkpoints'));
    expect(step).toBeGreaterThanOrEqual(3 * 10);
    expect(existsSync(join(question.runDirectory, 'checkpoints', String(step), 'frames.bin'))).toBe(true);
  });

  it('predicts pictures with the model of a run and names what it can not read', async () => {
    const pictures = await writePictures('pictures', 24);
    const process = engine();
    const question = job(pictures, { epochs: 12, batchSize: 8 });
    await collect(process, question);
    const dark = join(pictures, 'dark', (await readdir(join(pictures, 'dark')))[0]!);
    const broken = join(directory, 'broken.png');
    await writeFile(broken, 'no picture');
    const { predictions } = await process.client.call('model.predict', {
      runDirectory: question.runDirectory,
      inputs: [
        { type: 'file', path: dark },
        { type: 'file', path: broken },
        { type: 'image', bytes: new Uint8Array(await readFile(dark)), name: 'dropped' },
        { type: 'text', text: 'hello' },
      ],
    });
    expect(predictions.map(({ file }) => file)).toEqual([dark, broken, 'dropped', 'text']);
    expect(predictions[0]!.label).toBe('dark');
    expect(predictions[0]!.probabilities!.dark! + predictions[0]!.probabilities!.light!).toBeCloseTo(1, 5);
    expect(predictions[1]!.error).toMatch(/not a picture/);
    expect(predictions[2]!.probabilities).toEqual(predictions[0]!.probabilities);
    expect(predictions[3]!.error).toMatch(/Give a picture/);
    await expect(
      process.client.call('model.predict', { runDirectory: join(directory, 'none'), inputs: [] }),
    ).rejects.toMatchObject({ code: 'not-found' });
  });
});
