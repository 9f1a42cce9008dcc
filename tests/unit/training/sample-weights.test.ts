import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetOptions } from '../../../src/contract/dataset';
import { type Hyperparameters, hyperparameters } from '../../../src/contract/hyperparameters';
import { loadBackend } from '../../../src/engine/native/backend';
import { RandomStream, randomPurpose } from '../../../src/pipeline/random';
import { prepareTraining } from '../../../src/training/prepare-training';
import { takeSteps } from './support/programs';
import { train } from './support/train';

let directory: string;
let table: string;
beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent-weights-'));
  table = join(directory, 'rows.csv');
  // A third of the rows tells the opposite, and weighs nothing.
  const random = new RandomStream(5, randomPurpose.order, 0);
  const lines = Array.from({ length: 240 }, (_, row) => {
    const [x, y] = [random.nextWithin(1), random.nextWithin(1)];
    const wrong = row % 3 === 0;
    const above = x + y > 0 !== wrong;
    return `${x.toFixed(4)},${y.toFixed(4)},${above ? 'above' : 'below'},${wrong ? 0 : 1 + (row % 2)}`;
  });
  await writeFile(table, `x,y,side,certainty\n${lines.join('\n')}\n`);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const weighted = { columns: { side: 'target', certainty: 'weight' } } as const;
const unweighted = { columns: { side: 'target', certainty: 'ignored' } } as const;
const settings: Partial<Hyperparameters> = { model: 'mlp', batchSize: 16, dropout: 0, learningRate: 0.01 };

/** The kind of program that a job takes, its first losses, and that of its validation. */
async function begin(options: typeof weighted | typeof unweighted, own: Partial<Hyperparameters>) {
  const job = {
    runDirectory: join(directory, 'run'),
    configuration: {
      dataset: { path: table, options: datasetOptions.parse(options) },
      hyperparameters: hyperparameters.parse({ ...settings, ...own }),
    },
    resume: false,
    cacheDirectory: join(directory, 'cache'),
  };
  const { program } = await prepareTraining(job, () => {}, new AbortController().signal);
  const losses = (await takeSteps(program, 15)).map(({ loss }) => loss!);
  const validation = (await program.evaluate('validation'))!.metrics;
  const { kind } = program;
  await program.dispose();
  return { kind, losses: [...losses, validation.loss!], accuracy: validation.accuracy! };
}

describe('weights of rows', () => {
  it('count alike in steps that are compiled, eager, and on features of frozen layers', async () => {
    const frozen = { layerLearningRates: 'dense=0, dense_1=0' };
    const found = [
      await begin(weighted, { ...frozen, compile: 'graph' }),
      await begin(weighted, { ...frozen, compile: 'eager' }),
      await begin(weighted, frozen),
    ];
    expect(found.map(({ kind }) => kind)).toEqual(['graph', 'plain', 'features']);
    for (const { losses, accuracy } of found) {
      losses.forEach((loss, step) => {
        expect(loss).toBeCloseTo(found[0]!.losses[step]!, 5);
      });
      expect(accuracy).toBe(found[0]!.accuracy);
    }
    const plain = await begin(unweighted, { ...frozen, compile: 'graph' });
    expect(Math.abs(plain.losses[0]! - found[0]!.losses[0]!)).toBeGreaterThan(1e-3);
  });

  it('let a run learn from the rows that count', async () => {
    const question = {
      dataset: table,
      cacheDirectory: join(directory, 'cache'),
      hyperparameters: { ...settings, epochs: 30 },
    };
    const recording = await train({
      ...question,
      runDirectory: join(directory, 'learned'),
      options: weighted,
    });
    // Metrics don't know of weights: a third of the rows says the opposite of what is learned.
    expect(recording.summary.val_accuracy).toBeGreaterThan(0.55);
    expect(recording.summary.val_accuracy).toBeLessThan(0.75);
    // Right rows, which weigh 1.5 in the mean, are told apart well.
    expect(recording.summary.val_loss).toBeLessThan(0.3);
    const other = await train({
      ...question,
      runDirectory: join(directory, 'confused'),
      options: unweighted,
    });
    expect(other.summary.val_loss).toBeGreaterThan(0.5);
  });
});
