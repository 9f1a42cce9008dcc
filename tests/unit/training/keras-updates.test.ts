import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Hyperparameters } from '../../../src/contract/hyperparameters';
import { loadBackend } from '../../../src/engine/native/backend';
import { createPlainPipeline } from '../../../src/pipeline/plain-pipeline';
import type { TrainingProgram } from '../../../src/training/program';
import { pythonJudge, runPython } from '../../support/python-judge';
import { Programs, type Question, rows, settingsOf, sourceOf, takeSteps } from './support/programs';

const judge = await pythonJudge();
const steps = 10;
const learningRate = 0.02;

interface KerasCase {
  hyperparameters: Partial<Hyperparameters>;
  optimizer: string;
  arguments?: Record<string, unknown>;
}

const cases: Record<string, KerasCase> = {
  AdamW: { hyperparameters: { optimizer: 'adamw' }, optimizer: 'AdamW' },
  'AdamW with a decay of its own': {
    hyperparameters: { optimizer: 'adamw', weightDecay: 0.5 },
    optimizer: 'AdamW',
    arguments: { weight_decay: 0.5 },
  },
  'weight decay of RMSprop': {
    hyperparameters: { optimizer: 'rmsprop', weightDecay: 0.3 },
    optimizer: 'RMSprop',
    arguments: { weight_decay: 0.3 },
  },
  global_clipnorm: {
    hyperparameters: { optimizer: 'sgd', clipNorm: 0.2 },
    optimizer: 'SGD',
    arguments: { global_clipnorm: 0.2 },
  },
  clipvalue: {
    hyperparameters: { optimizer: 'nesterov', clipValue: 0.02 },
    optimizer: 'SGD',
    arguments: { momentum: 0.9, nesterov: true, clipvalue: 0.02 },
  },
  'both limits': {
    hyperparameters: { optimizer: 'sgd', clipNorm: 0.3, clipValue: 0.01 },
    optimizer: 'SGD',
    arguments: { global_clipnorm: 0.3, clipvalue: 0.01 },
  },
  l1_l2: { hyperparameters: { optimizer: 'adam', l1: 0.01, l2: 0.03 }, optimizer: 'Adam' },
  use_ema: {
    hyperparameters: { optimizer: 'momentum', emaMomentum: 0.9 },
    optimizer: 'SGD',
    arguments: { momentum: 0.9, use_ema: true, ema_momentum: 0.9, ema_overwrite_frequency: null },
  },
  'all of it': {
    hyperparameters: { optimizer: 'adamw', clipNorm: 0.5, l1: 0.003, l2: 0.01, emaMomentum: 0.8 },
    optimizer: 'AdamW',
    arguments: { global_clipnorm: 0.5, use_ema: true, ema_momentum: 0.8, ema_overwrite_frequency: null },
  },
};

interface KerasAnswer {
  losses: number[];
  /** As they are trained, and after the end of fit(). */
  weights: Record<string, number[]>;
  final: Record<string, number[]>;
}

let directory: string;
let programs: Programs;
let answers: Map<string, KerasAnswer>;

const questionOf = (hyperparameters: Partial<Hyperparameters>): Question => ({
  task: rows,
  hyperparameters: { model: 'mlp', hiddenUnits: 12, dropout: 0, learningRate, ...hyperparameters },
});

/** What the programs see: the batches of their pipeline, and the weights that they begin with. */
async function kerasQuestion() {
  const question = questionOf({});
  const program = await programs.plain(question);
  const weights = Object.fromEntries(
    (await program.readWeights()).map(({ name, shape, values }) => [name, { shape, values: [...values] }]),
  );
  await program.dispose();
  const [mean, variance] = ['mean', 'variance'].map((part) => weights[`standardize/moving_${part}`]!.values);
  const { seed, batchSize, shuffleBuffer } = settingsOf(question);
  const pipeline = await createPlainPipeline(sourceOf(rows, 44), {
    seed,
    batchSize,
    shuffleBuffer,
    cache: 'none',
    cacheDirectory: directory,
    prefetch: 0,
  });
  const width = mean!.length;
  const batches = [];
  while (batches.length < steps) {
    const batch = await pipeline.next();
    if (batch === 'end-of-epoch') continue;
    const values = Array.from(
      batch.inputs,
      (value, place) => (value - mean![place % width]!) / Math.sqrt(variance![place % width]!),
    );
    batches.push({ inputs: { shape: [batch.size, width], values }, answers: [...batch.answers] });
  }
  await pipeline.dispose();
  return {
    weights,
    batches,
    cases: Object.values(cases).map(({ hyperparameters, optimizer, arguments: given }) => ({
      optimizer,
      arguments: { learning_rate: learningRate, ...given },
      l1: hyperparameters.l1 ?? 0,
      l2: hyperparameters.l2 ?? 0,
    })),
  };
}

beforeAll(async () => {
  if (typeof judge === 'string') return;
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent-keras-updates-'));
  programs = await Programs.create();
  const path = join(directory, 'question.json');
  await writeFile(path, JSON.stringify(await kerasQuestion()));
  const code = await readFile(join(import.meta.dirname, 'support/keras_updates.py'), 'utf8');
  const { stdout } = await runPython(judge, code, [path]);
  const told = JSON.parse(stdout) as KerasAnswer[];
  answers = new Map(Object.keys(cases).map((name, index) => [name, told[index]!]));
}, 120_000);
afterAll(async () => {
  await programs?.remove();
  if (directory) await rm(directory, { recursive: true, force: true });
});

function expectClose(found: ArrayLike<number>, wanted: readonly number[], what: string): void {
  expect(found.length, what).toBe(wanted.length);
  const largest = wanted.reduce((most, value, place) => Math.max(most, Math.abs(found[place]! - value)), 0);
  expect(largest, what).toBeLessThan(1e-5);
}

/** The trained kernels and biases of the saved model, in the order of the layers. */
async function savedWeights(program: TrainingProgram): Promise<Float32Array> {
  const { json, weights } = await program.modelFiles();
  const values = new Float32Array(weights.slice().buffer);
  const [{ weights: specs }] = json.weightsManifest as [{ weights: { name: string; shape: number[] }[] }];
  let offset = 0;
  return Float32Array.from(
    specs.flatMap(({ name, shape }) => {
      const begin = offset;
      offset += shape.reduce((product, size) => product * size, 1);
      return /^dense/.test(name) ? [...values.subarray(begin, offset)] : [];
    }),
  );
}

it
  .skipIf(typeof judge === 'string')
  .each(Object.keys(cases).flatMap((name) => [[name, 'graph'] as const, [name, 'plain'] as const]))(
  "updates are Keras' own: %s (%s)",
  async (name, kind) => {
    const wanted = answers.get(name)!;
    const program = await programs[kind](questionOf(cases[name]!.hyperparameters));
    const losses = (await takeSteps(program, steps)).map(({ loss }) => loss!);
    expectClose(losses, wanted.losses, 'losses');
    for (const { name: weight, values } of await program.readWeights())
      if (wanted.weights[weight]) expectClose(values as Float32Array, wanted.weights[weight], weight);
    expectClose(await savedWeights(program), Object.values(wanted.final).flat(), 'saved weights');
    await program.dispose();
  },
);
