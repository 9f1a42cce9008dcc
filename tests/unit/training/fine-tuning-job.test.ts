import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { datasetOptions } from '../../../src/contract/dataset';
import type { TrainingJob } from '../../../src/contract/engine';
import type { JobFrame } from '../../../src/contract/frames';
import { hyperparameters } from '../../../src/contract/hyperparameters';
import { writeSample } from '../../../src/dataset/node/samples';
import { checkpointSteps, readCheckpoint, tensorsFileName } from '../../../src/training/checkpoint';
import { buildEngine } from '../engine/support/engine-build';
import { type StartedEngine, startEngine } from '../engine/support/engine-process';
import { resourcesDir } from './support/train';

let directory: string;
let built: { entry: string; remove: () => Promise<void> };
const started: StartedEngine[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'descent-fine-tuning-'));
  await writeSample('digits', join(directory, 'all'), { resourcesDir });
  for (const label of ['0', '1', '4']) {
    await mkdir(join(directory, 'digits', label), { recursive: true });
    const files = (await readdir(join(directory, 'all', label))).sort().slice(0, 20);
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

function job(run: string): TrainingJob {
  return {
    runDirectory: join(directory, run),
    configuration: {
      dataset: { path: join(directory, 'digits'), options: datasetOptions.parse({}) },
      hyperparameters: hyperparameters.parse({
        model: 'efficientnet-lite0',
        imageSize: 32,
        batchSize: 16,
        epochs: 3,
        fineTuneEpochs: 3,
        fineTuneLayers: 10,
        fineTuneLearningRate: 0.001,
        dropout: 0.3,
      }),
    },
    resume: false,
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

const of = <Type extends JobFrame['type']>(frames: JobFrame[], type: Type) =>
  frames.filter((frame): frame is Extract<JobFrame, { type: Type }> => frame.type === type);

const lastCheckpoint = async ({ runDirectory }: TrainingJob) => {
  const checkpoints = join(runDirectory, 'checkpoints');
  return join(checkpoints, String((await checkpointSteps(checkpoints))[0]));
};

describe('fine-tuning EfficientNet-Lite0 in an engine process', () => {
  it('runs on features in both phases, and killed while fine-tuning ends in the bytes of a run without a break', async () => {
    const whole = job('whole');
    const told = await run(whole);
    expect(told.at(-1)?.type).toBe('done');
    const [head, fineTuning] = of(told, 'phase');
    expect([head!.name, fineTuning!.name, fineTuning!.epoch]).toEqual(['head', 'fine-tuning', 3]);
    // The frozen part has become shorter.
    expect([head!.program!.kind, fineTuning!.program!.kind]).toEqual(['features', 'features']);
    const frozen = [head!, fineTuning!].map(({ program }) =>
      Number(/(\d+) layers up to/.exec(program!.reason)![1]),
    );
    expect(frozen[1]).toBeLessThan(frozen[0]!);
    expect(fineTuning!.trainedParameters).toBeGreaterThan(head!.trainedParameters!);
    expect(of(told, 'preparing').some(({ stage }) => stage === 'computing features')).toBe(true);

    const torn = job('torn');
    const before = await run(torn, (frame, { child }) => {
      if (frame.type === 'checkpoint' && frame.epoch > 3) child.kill('SIGKILL');
    });
    expect(of(before, 'done')).toEqual([]);
    const { state } = await readCheckpoint(await lastCheckpoint(torn));
    expect([state.phase, state.phaseBegan]).toEqual(['fine-tuning', { step: fineTuning!.step, epoch: 3 }]);
    const after = await run({ ...torn, resume: true });
    expect(of(after, 'started')[0]).toMatchObject({ epochs: 6, program: fineTuning!.program });
    const [end, wanted] = [await lastCheckpoint(torn), await lastCheckpoint(whole)];
    expect(
      (await readFile(join(end, tensorsFileName))).equals(await readFile(join(wanted, tensorsFileName))),
    ).toBe(true);
    expect(of(after, 'done')[0]!.summary).toEqual(of(told, 'done')[0]!.summary);
  });
});
