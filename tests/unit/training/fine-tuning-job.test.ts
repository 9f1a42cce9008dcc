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
        epochs: 2,
        fineTuneEpochs: 2,
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
    expect([head!.name, fineTuning!.name, fineTuning!.epoch]).toEqual(['head', 'fine-tuning', 2]);
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
      if (frame.type === 'checkpoint' && frame.epoch > 2) child.kill('SIGKILL');
    });
    expect(of(before, 'done')).toEqual([]);
    const { state } = await readCheckpoint(await lastCheckpoint(torn));
    expect([state.phase, state.phaseBegan]).toEqual(['fine-tuning', { step: fineTuning!.step, epoch: 2 }]);
    const after = await run({ ...torn, resume: true });
    expect(of(after, 'started')[0]).toMatchObject({ epochs: 4, program: fineTuning!.program });
    const [end, wanted] = [await lastCheckpoint(torn), await lastCheckpoint(whole)];
    expect(
      (await readFile(join(end, tensorsFileName))).equals(await readFile(join(wanted, tensorsFileName))),
    ).toBe(true);
    expect(of(after, 'done')[0]!.summary).toEqual(of(told, 'done')[0]!.summary);

    // In the head's phase: the base's file isn't read again, and fine-tuning begins in the resumed process.
    const early = job('early');
    await run(early, (frame, { child }) => {
      if (frame.type === 'checkpoint') child.kill('SIGKILL');
    });
    const later = await run({ ...early, resume: true });
    expect(of(later, 'phase').map(({ name, step }) => [name, step])).toEqual([
      ['fine-tuning', fineTuning!.step],
    ]);
    const last = await lastCheckpoint(early);
    expect(
      (await readFile(join(last, tensorsFileName))).equals(await readFile(join(wanted, tensorsFileName))),
    ).toBe(true);
  });

  it('tells the layers of a base that can be fine-tuned, in Keras’ order, without its weights', async () => {
    const engine = startEngine(built.entry);
    started.push(engine);
    const layersOf = async (model: string) => {
      const { layers } = await engine.client.call('model.baseLayers', {
        kind: 'images',
        hyperparameters: hyperparameters.parse({ model }),
        cacheDirectory: join(directory, 'cache'),
      });
      return layers;
    };
    // len(base_model.layers) is 154 and 175 in Keras, with the input.
    const mobileNet = await layersOf('mobilenet-v2');
    expect(mobileNet.length).toBe(154 - 1);
    expect(mobileNet.slice(-4)).toEqual([
      { name: 'block_16_project_BN', className: 'BatchNormalization', parameters: 0 },
      { name: 'Conv_1', className: 'Conv2D', parameters: 320 * 1280 },
      { name: 'Conv_1_bn', className: 'BatchNormalization', parameters: 0 },
      { name: 'out_relu', className: 'ReLU', parameters: 0 },
    ]);
    const resNet = await layersOf('resnet50');
    expect(resNet.length).toBe(175 - 1);
    expect(resNet.at(-1)!.name).toBe('conv5_block3_out');
    expect(await layersOf('small-cnn')).toEqual([]);
    engine.client.close();
    await engine.exited;
  });
});
