import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobEvent } from '../../../src/contract/frames';
import type { Hyperparameters } from '../../../src/contract/hyperparameters';
import { loadBackend } from '../../../src/engine/native/backend';
import { markBaseLayers } from '../../../src/model/bases/base-layers';
import { buildModel } from '../../../src/model/build-model';
import { createPlainPipeline } from '../../../src/pipeline/plain-pipeline';
import { checkpointSteps, newestCheckpoint, readCheckpoint } from '../../../src/training/checkpoint';
import { JobControls } from '../../../src/training/controls';
import { createPhases } from '../../../src/training/phases/create-phases';
import type { TrainingProgram } from '../../../src/training/program';
import { runTraining, type TrainingPlan } from '../../../src/training/training-loop';
import { pythonJudge, runPython } from '../../support/python-judge';
import {
  Programs,
  pictures,
  type Question,
  settingsOf,
  sourceOf,
  specificationOf,
  takeSteps,
} from './support/programs';
import { Recording } from './support/train';

const judge = await pythonJudge();
const task = pictures(12, 3);
const stepsPerEpoch = 6;

/** A small convolutional base and a head; the base's weights depend on a seed, its statistics aren't those of the data. */
function buildWithBase(dropout = 0): tf.LayersModel {
  const input = tf.input({ shape: [12, 12, 3], name: 'input_1' });
  const base: tf.layers.Layer[] = [];
  let seed = 1;
  const initializer = () => tf.initializers.glorotUniform({ seed: seed++ });
  const uniform = (minval: number, maxval: number) =>
    tf.initializers.randomUniform({ minval, maxval, seed: seed++ });
  const normalization = (name: string) =>
    tf.layers.batchNormalization({
      name,
      movingMeanInitializer: uniform(-0.2, 0.2),
      movingVarianceInitializer: uniform(0.3, 1.5),
      gammaInitializer: uniform(0.5, 1.5),
    });
  for (const [number, filters] of [6, 8].entries())
    base.push(
      tf.layers.conv2d({
        filters,
        kernelSize: 3,
        padding: 'same',
        kernelInitializer: initializer(),
        name: `conv_${number}`,
      }),
      normalization(`bn_${number}`),
      tf.layers.reLU({ name: `relu_${number}` }),
    );
  base.push(
    tf.layers.depthwiseConv2d({ kernelSize: 3, depthwiseInitializer: initializer(), name: 'depthwise' }),
    normalization('bn_2'),
    tf.layers.conv2d({ filters: 8, kernelSize: 1, kernelInitializer: initializer(), name: 'project' }),
  );
  const scaled = tf.layers.rescaling({ scale: 1 / 255, name: 'rescaling' }).apply(input) as tf.SymbolicTensor;
  let features = scaled;
  for (const layer of base) {
    layer.trainable = false;
    features = layer.apply(features) as tf.SymbolicTensor;
  }
  markBaseLayers(base);
  features = tf.layers.globalAveragePooling2d({ name: 'pool' }).apply(features) as tf.SymbolicTensor;
  if (dropout > 0)
    features = tf.layers.dropout({ rate: dropout, name: 'dropout' }).apply(features) as tf.SymbolicTensor;
  const dense = tf.layers.dense({ units: 4, kernelInitializer: initializer(), name: 'dense' });
  const logits = dense.apply(features) as tf.SymbolicTensor;
  const softmax = tf.layers.activation({ activation: 'softmax', name: 'softmax' });
  return tf.model({ inputs: input, outputs: softmax.apply(logits) as tf.SymbolicTensor });
}

const settings: Partial<Hyperparameters> = {
  epochs: 2,
  learningRate: 0.05,
  fineTuneEpochs: 2,
  fineTuneLayers: 4,
  fineTuneLearningRate: 0.01,
};
const questionOf = (more: Partial<Hyperparameters>, dropout = 0): Question => ({
  task,
  build: () => buildWithBase(dropout),
  hyperparameters: { ...settings, ...more },
});

let directory: string;
let programs: Programs;

beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent-phases-'));
  programs = await Programs.create();
});
afterAll(async () => {
  await programs.remove();
  await rm(directory, { recursive: true, force: true });
});

async function open(question: Question): Promise<{ program: TrainingProgram; events: JobEvent[] }> {
  const events: JobEvent[] = [];
  const { program } = await createPhases(await programs.choice(question), (event) => events.push(event));
  return { program, events };
}

/** A run of the loop in a folder; `resume` takes its newest checkpoint, `interruptAt` ends it after a step. */
async function run(
  question: Question,
  folder: string,
  { resume = false, interruptAt = 0 } = {},
): Promise<Recording> {
  const runDirectory = join(directory, folder);
  const recording = new Recording();
  const controls = new JobControls();
  const plan: TrainingPlan = {
    runDirectory,
    hyperparameters: settingsOf(question),
    task: 'classification',
    environment: {
      descent: 'test',
      engine: 'node',
      engineVersion: 'test',
      threads: 2,
      node: process.version,
      platform: process.platform,
    },
    dataset: {
      name: 'made up',
      kind: 'images',
      task: 'classification',
      fingerprint: '',
      labels: ['a', 'b', 'c', 'd'],
      train: 44,
      validation: 21,
      test: 0,
    },
    checkpoint: resume ? await newestCheckpoint(join(runDirectory, 'checkpoints'), () => {}) : undefined,
  };
  const { program, events } = await open(question);
  recording.events.push(...events);
  const next = program.next.bind(program);
  program.next = async (options) => {
    const report = await next(options);
    if (program.step === interruptAt) controls.interrupt();
    return report;
  };
  try {
    recording.end = await runTraining(program, plan, (event) => recording.events.push(event), controls);
  } finally {
    await program.dispose();
  }
  return recording;
}

const lastTensors = async (folder: string) => {
  const checkpoints = join(directory, folder, 'checkpoints');
  const [step] = await checkpointSteps(checkpoints);
  return readFile(join(checkpoints, String(step), 'tensors.safetensors'));
};

describe('a run of two phases', () => {
  it.skipIf(typeof judge === 'string')(
    'takes the steps of Keras: compile, fit, unfreeze the last layers but batch normalization, compile, fit',
    async () => {
      const optimizers = { adam: 'Adam', momentum: 'SGD' } as const;
      const optimizer = 'adam';
      const question = questionOf({ optimizer });
      const { program: plain } = await open(questionOf({ optimizer, compile: 'eager' }));
      const { program: graph } = await open(questionOf({ optimizer, compile: 'graph' }));
      const weights = Object.fromEntries(
        (await plain.readWeights()).map(({ name, shape, values }) => [name, { shape, values: [...values] }]),
      );
      const batches = await batchesOf(question, 4);
      const file = await programs.write(
        'phases.json',
        JSON.stringify({
          weights,
          optimizer: optimizers[optimizer],
          phases: [
            { batches: batches.slice(0, 12), learningRate: 0.05, layers: 0 },
            { batches: batches.slice(12), learningRate: 0.01, layers: 4 },
          ],
        }),
      );
      const script = await readFile(join(import.meta.dirname, 'support/phases.py'), 'utf8');
      if (typeof judge === 'string') throw new Error(judge);
      const { stdout } = await runPython(judge, script, [file]);
      const keras = JSON.parse(stdout) as { losses: number[]; weights: Record<string, number[]> };
      expect(keras.losses.length).toBe(24);
      for (const program of [plain, graph]) {
        const losses = await bothPhases(program);
        for (const [step, loss] of losses.entries())
          expect(Math.abs(loss - keras.losses[step]!), `${program.kind}, step ${step}`).toBeLessThan(1e-4);
        const trained = new Map((await program.readWeights()).map(({ name, values }) => [name, values]));
        for (const [name, values] of Object.entries(keras.weights))
          for (const [place, value] of values.entries())
            expect(Math.abs(trained.get(name)![place]! - value), `${program.kind}, ${name}`).toBeLessThan(
              1e-4,
            );
        const changed = (name: string) => !trained.get(name)!.every((v, i) => v === weights[name]!.values[i]);
        // The last four of the base: relu_1, depthwise, bn_2, project.
        for (const name of ['depthwise/depthwise_kernel', 'project/kernel', 'dense/kernel'])
          expect(changed(name), name).toBe(true);
        for (const name of ['bn_2/gamma', 'bn_2/moving_mean', 'conv_1/kernel', 'bn_0/beta'])
          expect(changed(name), name).toBe(false);
        await program.dispose();
      }
    },
    120_000,
  );

  /** The losses of two epochs of each phase. */
  async function bothPhases(program: TrainingProgram): Promise<number[]> {
    program.setLearningRate(0.05);
    const head = await takeSteps(program, 2 * stepsPerEpoch);
    expect(await program.next()).toEqual({ type: 'end-of-epoch' });
    await program.enterPhase!('fine-tuning', 2);
    program.setLearningRate(0.01);
    const fineTuning = await takeSteps(program, 2 * stepsPerEpoch);
    return [...head, ...fineTuning].map(({ loss }) => loss!);
  }

  async function batchesOf(question: Question, epochs: number) {
    const { seed, batchSize, shuffleBuffer } = settingsOf(question);
    const pipeline = await createPlainPipeline(sourceOf(task, 44), {
      seed,
      batchSize,
      shuffleBuffer,
      cache: 'none',
      cacheDirectory: directory,
      prefetch: 1,
    });
    const batches: { inputs: { shape: number[]; values: number[] }; answers: number[] }[] = [];
    for (let epoch = 0; epoch < epochs; ) {
      const batch = await pipeline.next();
      if (batch === 'end-of-epoch') epoch++;
      else
        batches.push({
          inputs: { shape: [batch.size, 12, 12, 3], values: [...batch.inputs] },
          answers: [...batch.answers],
        });
    }
    await pipeline.dispose();
    return batches;
  }

  /** Of each way to compute. */
  const losses = new Map<string, [number, number][]>();

  for (const compile of ['graph', 'eager'] as const)
    it(`goes on over an interruption in either phase and between them to the same bytes (${compile})`, async () => {
      const question = questionOf(
        {
          compile,
          schedule: 'cosine',
          warmupSteps: 2,
          emaMomentum: 0.7,
          // 12 steps of the head: the last two are never applied, and the second phase counts anew.
          accumulateSteps: 5,
          optimizer: 'adamw',
          weightDecay: 0.01,
          keepCheckpoints: 100,
        },
        0.3,
      );
      const name = (part: string) => `${compile}-${part}`;
      const wholeFolder = name('whole');
      const whole = await run(question, wholeFolder);
      expect(whole.end).toBe('done');
      const phases = whole.all('phase');
      expect(phases.map(({ name, step, epoch }) => [name, step, epoch])).toEqual([
        ['head', 0, 0],
        ['fine-tuning', 12, 2],
      ]);
      expect(phases.map(({ learningRate }) => learningRate)).toEqual([0.05, 0.01]);
      expect(phases[1]!.trainedParameters! - phases[0]!.trainedParameters!).toBe(3 * 3 * 8 + 8 + 8 * 8 + 8);
      expect(whole.all('started')[0]).toMatchObject({ epochs: 4, totalSteps: 24 });
      expect(whole.all('epoch').map(({ epoch, step }) => [epoch, step])).toEqual([
        [1, 6],
        [2, 12],
        [3, 18],
        [4, 24],
      ]);
      const lossesHere = whole.series('batch_loss');
      losses.set(compile, lossesHere);
      expect(lossesHere.map(([step]) => step)).toEqual(Array.from({ length: 24 }, (_, index) => index + 1));

      for (const at of [4, 12, 13, 20]) {
        const folder = name(`broken-${at}`);
        const first = await run(question, folder, { interruptAt: at });
        expect(first.end).toBe('interrupted');
        const checkpoints = join(directory, folder, 'checkpoints');
        const { state, program } = await readCheckpoint(
          join(checkpoints, String((await checkpointSteps(checkpoints))[0])),
        );
        expect(state.step).toBe(at);
        expect(state.phase).toBe(at > 12 ? 'fine-tuning' : 'head');
        expect(program.phase!.step).toBe(at > 12 ? 12 : 0);
        const second = await run(question, folder, { resume: true });
        expect(second.end).toBe('done');
        expect(await lastTensors(folder)).toEqual(await lastTensors(wholeFolder));
        const joined = new Map([...first.series('batch_loss'), ...second.series('batch_loss')]);
        expect([...joined]).toEqual(lossesHere);
        expect(second.summary).toEqual(whole.summary);
      }

      // As if killed in the second phase before its first checkpoint: it begins again at the border.
      const killed = name('killed');
      await cp(join(directory, wholeFolder), join(directory, killed), { recursive: true });
      const checkpoints = join(directory, killed, 'checkpoints');
      for (const step of await checkpointSteps(checkpoints))
        if (step > 12) await rm(join(checkpoints, String(step)), { recursive: true });
      const again = await run(question, killed, { resume: true });
      expect(again.all('phase').map(({ name, step }) => [name, step])).toEqual([['fine-tuning', 12]]);
      expect(await lastTensors(killed)).toEqual(await lastTensors(wholeFolder));
    });

  it('is the same compiled and operation by operation, with averages, accumulation, decay and a schedule', async () => {
    const of = (compile: string) => losses.get(compile)!;
    expect(of('graph').length).toBe(24);
    for (const [row, [step, loss]] of of('graph').entries())
      expect(Math.abs(loss - of('eager')[row]![1]), `step ${step}`).toBeLessThan(2e-5);
  });

  it('goes on to fine-tuning when the head stops early, and counts patience anew', async () => {
    // A rate at which nothing changes: no epoch is better than the first.
    const question = questionOf({
      epochs: 50,
      learningRate: 1e-30,
      fineTuneEpochs: 40,
      fineTuneLearningRate: 1e-30,
      earlyStoppingPatience: 2,
    });
    const recording = await run(question, 'patience');
    expect(recording.all('phase').map(({ name, epoch }) => [name, epoch])).toEqual([
      ['head', 0],
      ['fine-tuning', 3],
    ]);
    expect(recording.all('epoch').length).toBe(6);
    expect(recording.all('done')[0]!.reason).toBe('early-stopping');
    const progress = recording.all('progress').map(({ progress }) => progress);
    expect(progress[0]).toMatchObject({ epochs: 90, totalSteps: 90 * stepsPerEpoch });
    expect(progress.at(-1)).toMatchObject({ epochs: 43, totalSteps: 43 * stepsPerEpoch });
  });

  it('keeps the best model of either phase', async () => {
    // Fine-tuning by a rate that destroys: the best epoch is one of the head's.
    const recording = await run(questionOf({ fineTuneLearningRate: 0.5 }), 'best');
    const [best] = recording.all('evaluation');
    const epochs = recording.all('epoch');
    expect(recording.summary.best_epoch).toBeLessThanOrEqual(2);
    expect(epochs[3]!.metrics.val_loss).toBeGreaterThan(recording.summary.val_loss!);
    expect(best!.evaluation.metrics.loss).toBeCloseTo(recording.summary.val_loss!, 5);
  });

  it('says when nothing is fine-tuned, and refuses epochs without layers', async () => {
    const warned = async (more: Partial<Hyperparameters>, build?: () => tf.LayersModel) => {
      const question = { ...questionOf(more), ...(build ? { build } : {}) };
      const { program, events } = await open(question);
      expect(program.phases?.length ?? 1).toBe(more.fineTuneLayers === 1 ? 2 : 1);
      await program.dispose();
      return events.flatMap((event) => (event.type === 'notice' ? [event.message] : [])).join('\n');
    };
    expect(await warned({ fineTuneEpochs: 0 })).toContain('fineTuneEpochs is 0');
    expect(await warned({ fineTuneEpochs: 0, fineTuneLayers: 0 })).not.toContain('fine-tuned');
    expect(await warned({}, () => buildModel(specificationOf({ task, hyperparameters: {} })))).toContain(
      'no pretrained base',
    );
    expect(await warned({ layerLearningRates: 'project=0', fineTuneLayers: 1 })).toContain(
      'None of the last 1',
    );
    await expect(open(questionOf({ fineTuneLayers: 0 }))).rejects.toThrow(/fineTuneLayers: 0/);
  });
});
