import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { datasetOptions } from '../../../src/contract/dataset';
import type { TrainingJob } from '../../../src/contract/engine';
import type { JobFrame } from '../../../src/contract/frames';
import { type Hyperparameters, hyperparameters } from '../../../src/contract/hyperparameters';
import { writeSample } from '../../../src/dataset/node/samples';
import { checkpointSteps, tensorsFileName } from '../../../src/training/checkpoint';
import { buildEngine } from '../engine/support/engine-build';
import { type StartedEngine, startEngine } from '../engine/support/engine-process';
import { resourcesDir } from './support/train';

let directory: string;
let built: { entry: string; remove: () => Promise<void> };
const started: StartedEngine[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'descent-graph-job-'));
  await writeSample('digits', join(directory, 'all'), { resourcesDir });
  for (const label of ['0', '1', '4', '7']) {
    await mkdir(join(directory, 'digits', label), { recursive: true });
    const files = (await readdir(join(directory, 'all', label))).sort().slice(0, 40);
    for (const file of files)
      await cp(join(directory, 'all', label, file), join(directory, 'digits', label, file));
  }
  await rm(join(directory, 'all'), { recursive: true });
  built = await buildEngine();
});
afterEach(() => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  await built.remove();
  await rm(directory, { recursive: true, force: true });
});

function job(run: string, settings: Partial<Hyperparameters>, resume = false): TrainingJob {
  return {
    runDirectory: join(directory, run),
    configuration: {
      dataset: { path: join(directory, 'digits'), options: datasetOptions.parse({}) },
      hyperparameters: hyperparameters.parse({
        model: 'small-cnn',
        width: 0.5,
        batchSize: 16,
        epochs: 5,
        dropout: 0.4,
        ...settings,
      }),
    },
    resume,
    cacheDirectory: join(directory, 'cache'),
  };
}

/** In a process of its own. */
async function run(
  question: TrainingJob,
  onFrame?: (frame: JobFrame, engine: StartedEngine) => void,
): Promise<JobFrame[]> {
  const engine = startEngine(built.entry);
  started.push(engine);
  const frames: JobFrame[] = [];
  try {
    for await (const frame of engine.client.listen('job.train', question)) {
      frames.push(frame);
      onFrame?.(frame, engine);
    }
  } catch (error) {
    // A killed engine says nothing more.
    if (!engine.child.killed) throw error;
  }
  engine.client.close();
  await engine.exited;
  return frames;
}

function losses(frames: JobFrame[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const frame of frames)
    if (frame.type === 'scalars')
      for (const { tag, steps, values } of frame.columns)
        if (tag === 'batch_loss') for (const [row, step] of steps.entries()) found.set(step, values[row]!);
  return found;
}

async function lastWeights(question: TrainingJob): Promise<{ step: number; bytes: Buffer }> {
  const checkpoints = join(question.runDirectory, 'checkpoints');
  const [step] = await checkpointSteps(checkpoints);
  return { step: step!, bytes: await readFile(join(checkpoints, String(step), tensorsFileName)) };
}

describe('a compiled job in an engine process', () => {
  it('killed and resumed ends in the very bytes of one without a break, with dropout and augmentation', async () => {
    const settings = {
      compile: 'graph',
      flipLeftRight: true,
      rotation: 15,
      brightness: 0.2,
      optimizer: 'adamw',
      clipNorm: 1,
      accumulateSteps: 3,
      emaMomentum: 0.9,
    } as const;
    const whole = job('whole', settings);
    const told = await run(whole);
    expect(told.at(-1)?.type).toBe('done');

    const pipelines = told.filter((frame) => frame.type === 'pipeline');
    expect(pipelines.map(({ waiting }) => waiting.epoch)).toEqual([1, 2, 3, 4, 5]);
    for (const { stages, waiting } of pipelines) {
      const measured = stages.flatMap((stage) => (stage.measured ? [stage.settings.function] : []));
      expect(measured.includes('read, decode, upright, resize')).toBe(waiting.epoch === 1);
      expect(measured).toContain('augment');
      expect(waiting.waitMillisecondsPerStep).toBeGreaterThan(0);
      expect(waiting.waitMillisecondsPerStep).toBeLessThan(waiting.stepMilliseconds);
    }

    const torn = job('torn', settings);
    const before = await run(torn, (frame, { child }) => {
      if (frame.type === 'checkpoint') child.kill('SIGKILL');
    });
    const reached = Math.max(...losses(before).keys());
    const after = await run({ ...torn, resume: true });
    const [end, wanted] = [await lastWeights(torn), await lastWeights(whole)];
    expect(reached).toBeLessThan(wanted.step);
    expect(end.step).toBe(wanted.step);
    expect(end.bytes.equals(wanted.bytes)).toBe(true);
    const reference = losses(told);
    for (const [step, loss] of [...losses(before), ...losses(after)]) expect(loss).toBe(reference.get(step));
  });

  it('tells the losses of eager steps', async () => {
    const settings = { epochs: 1, flipLeftRight: true };
    const told = {
      graph: await run(job('compiled', { ...settings, compile: 'graph' })),
      eager: await run(job('eager', { ...settings, compile: 'eager' })),
    };
    const [compiled, eager] = [losses(told.graph), losses(told.eager)];
    expect(compiled.size).toBeGreaterThan(5);
    expect([...compiled.keys()]).toEqual([...eager.keys()]);
    for (const [step, loss] of compiled) expect(loss).toBeCloseTo(eager.get(step)!, 4);
    const programs = [told.graph, told.eager].map(
      (frames) => frames.find((frame) => frame.type === 'started')!.program,
    );
    expect(programs).toEqual([
      { kind: 'graph', compile: 'graph', reason: expect.stringMatching(/^all \d+ layers are compiled$/) },
      {
        kind: 'plain',
        compile: 'eager',
        reason: 'the settings ask for it (compile: eager); gradients by native operations',
      },
    ]);
  });
});
