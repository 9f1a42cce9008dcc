import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSample } from '../../../src/dataset/node/samples';
import { loadBackend } from '../../../src/engine/native/backend';
import { loadModel } from '../../../src/model/load-model';
import { namedVariables } from '../../../src/model/weights';
import {
  checkpointSteps,
  framesFileName,
  readCheckpoint,
  tensorsFileName,
} from '../../../src/training/checkpoint';
import { resourcesDir, type TrainOptions, train } from './support/train';

let directory: string;
let runs = 0;
beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent-training-'));
  await writeSample('iris', join(directory, 'iris'), { resourcesDir });
  await writeSample('mails', join(directory, 'mails'), { resourcesDir });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function options(
  dataset: string,
  hyperparameters: TrainOptions['hyperparameters'],
  more: Partial<TrainOptions> = {},
): TrainOptions {
  return {
    dataset: join(directory, dataset),
    runDirectory: join(directory, `run-${runs++}`),
    cacheDirectory: join(directory, 'cache'),
    hyperparameters,
    ...more,
  };
}

const iris = { model: 'mlp', epochs: 40, batchSize: 16, learningRate: 0.01, dropout: 0.1 } as const;

describe('training on a table', () => {
  it('learns iris, and another run with the same seed tells the same losses', async () => {
    const first = await train(options('iris', iris));
    expect(first.end).toBe('done');
    expect(first.summary.val_accuracy).toBeGreaterThan(0.9);
    const second = await train(options('iris', iris));
    expect(second.series('batch_loss')).toEqual(first.series('batch_loss'));
    const other = await train(options('iris', { ...iris, epochs: 1, seed: 43 }));
    expect(other.series('batch_loss')[0]).not.toEqual(first.series('batch_loss')[0]);
  });

  it('learns a regression with missing values and categories, and answers in the unit of the target', async () => {
    const rows = ['size,kind,noise,price'];
    for (let row = 0; row < 400; row++) {
      const size = 40 + ((row * 37) % 160);
      const kind = ['house', 'flat', 'barn'][row % 3]!;
      const price = 3000 * size + (kind === 'house' ? 90_000 : kind === 'flat' ? 20_000 : 0) + 50_000.5;
      rows.push(
        `${row % 25 === 0 ? '' : size},${kind},${(row * 7919) % 101},${row % 25 === 0 ? 400_000.5 : price}`,
      );
    }
    await mkdir(join(directory, 'prices'));
    await writeFile(join(directory, 'prices', 'prices.csv'), rows.join('\n'));
    const question = options(
      'prices',
      { model: 'mlp', epochs: 60, batchSize: 32, learningRate: 0.01, dropout: 0 },
      { options: { columns: { price: 'target' }, task: 'regression' } },
    );
    const recording = await train(question);
    expect(recording.summary.val_r2).toBeGreaterThan(0.9);
    expect(recording.series('epoch_mae', 'validation').length).toBe(60);
    const { model, metadata } = await loadModel(join(question.runDirectory, 'model'));
    expect(metadata.target).toBe('price');
    const report = JSON.parse(await readFile(join(question.runDirectory, 'evaluation.json'), 'utf8'));
    expect(report.examples[0].truth).toBeGreaterThan(100_000);
    model.dispose();
  });
});

describe('training on texts', () => {
  it.each(['text-bag', 'linear'] as const)('tells spam from other mail (%s)', async (model) => {
    const recording = await train(
      options('mails', { model, epochs: model === 'linear' ? 30 : 12, batchSize: 16, learningRate: 0.01 }),
    );
    expect(recording.summary.val_accuracy).toBeGreaterThan(0.85);
  });

  it('tells spam from other mail by the order of its words, too', async () => {
    const recording = await train(
      options('mails', {
        model: 'text-lstm',
        bidirectional: true,
        hiddenUnits: 16,
        epochs: 6,
        batchSize: 16,
        learningRate: 0.01,
        sequenceLength: 40,
        compile: 'graph',
      }),
    );
    expect(recording.summary.val_accuracy).toBeGreaterThan(0.85);
  });
});

describe('the loop', () => {
  it('goes on from a checkpoint exactly where it stopped', async () => {
    const whole = await train(options('iris', { ...iris, epochs: 6 }));
    const question = options('iris', { ...iris, epochs: 6 });
    const first = await train({
      ...question,
      onEvent: (event, controls) => {
        if (event.type === 'epoch' && event.epoch === 3) setImmediate(() => controls.interrupt());
      },
    });
    expect(first.end).toBe('interrupted');
    const second = await train({ ...question, resume: true });
    expect(second.all('started')[0]!.step).toBe(first.series('batch_loss').at(-1)![0]);
    expect([...first.series('batch_loss'), ...second.series('batch_loss')]).toEqual(
      whole.series('batch_loss'),
    );
    expect(
      [...first.series('epoch_loss', 'validation'), ...second.series('epoch_loss', 'validation')].map(
        ([, value]) => value,
      ),
    ).toEqual(whole.series('epoch_loss', 'validation').map(([, value]) => value));
    const { epochs: _, ...summary } = whole.summary;
    expect(second.summary).toMatchObject(summary);
  });

  it('tells once an epoch what the stages of its pipeline took, and how long steps waited', async () => {
    const recording = await train(options('iris', { ...iris, epochs: 3 }));
    const events = recording.all('pipeline');
    const { stepsPerEpoch, pipeline } = recording.all('started')[0]!;
    expect(events.map(({ waiting }) => [waiting.epoch, waiting.steps])).toEqual(
      [1, 2, 3].map((epoch) => [epoch, stepsPerEpoch]),
    );
    for (const { stages, waiting } of events) {
      expect(stages.map(({ stage, settings }) => ({ stage, settings }))).toEqual(pipeline);
      const batch = stages.find(({ stage }) => stage === 'batch')!.measured!;
      expect(batch).toMatchObject({ epoch: waiting.epoch, unit: 'batch', elements: stepsPerEpoch });
      expect(batch.millisecondsPerElement).toBeGreaterThan(0);
      expect(waiting.waitMillisecondsPerStep).toBeGreaterThan(0);
      expect(waiting.waitMillisecondsPerStep).toBeLessThan(waiting.stepMilliseconds);
    }
  });

  it('stops early when the validation loss gets no better, and keeps the best weights', async () => {
    const question = options('iris', { ...iris, epochs: 400, learningRate: 0.05, earlyStoppingPatience: 4 });
    const recording = await train(question);
    const done = recording.all('done')[0]!;
    expect(done.reason).toBe('early-stopping');
    const losses = recording.series('epoch_loss', 'validation').map(([, value]) => value);
    const best = losses.indexOf(Math.min(...losses));
    expect(done.summary.best_epoch).toBe(best + 1);
    expect(losses.length).toBe(best + 1 + 4);
    expect(done.summary.val_loss).toBeCloseTo(losses[best]!, 6);
    const report = JSON.parse(await readFile(join(question.runDirectory, 'evaluation.json'), 'utf8'));
    expect(report.metrics.loss).toBeCloseTo(losses[best]!, 6);
  });

  it('keeps the last checkpoints and the best one', async () => {
    const question = options('iris', { ...iris, epochs: 12, learningRate: 0.3, keepCheckpoints: 2 });
    const recording = await train(question);
    const steps = await checkpointSteps(join(question.runDirectory, 'checkpoints'));
    const { totalSteps, stepsPerEpoch } = recording.all('started')[0]!;
    expect(steps[0]).toBe(totalSteps);
    expect(steps).toContain(recording.summary.best_epoch! * stepsPerEpoch);
    expect(steps.length).toBeLessThanOrEqual(3);
  });

  it('records histograms with gradients every N steps when asked', async () => {
    const recording = await train(options('iris', { ...iris, epochs: 2, histogramEverySteps: 4 }));
    const histograms = recording.all('histograms');
    const { totalSteps } = recording.all('started')[0]!;
    expect(histograms.map(({ step }) => step)).toEqual(
      Array.from({ length: Math.floor(totalSteps / 4) + 1 }, (_, index) => index * 4),
    );
    for (const { step, items } of histograms)
      expect(items.some(({ tag }) => tag === 'gradients/dense/kernel_0')).toBe(step > 0);
  });

  it('follows the schedule, and a learning rate that is changed while it runs', async () => {
    const recording = await train(
      options(
        'iris',
        { ...iris, epochs: 6, schedule: 'step', decayEpochs: 2, decayRate: 0.5 },
        {
          onEvent: (event, controls) => {
            if (event.type === 'epoch' && event.epoch === 3) controls.setLearningRate(0.1);
          },
        },
      ),
    );
    expect(recording.series('epoch_learning_rate').map(([, value]) => value)).toEqual(
      // Read at the end of an epoch: the factor is that of the step that comes next.
      [0.01, 0.005, 0.005, 0.025, 0.025, 0.0125],
    );
    expect(recording.all('notice')[0]!.message).toMatch(/from 0.01 to 0.1/);
  });

  it('says where a loss stopped being a number, and leaves the weights for a look', async () => {
    await expect(
      train(options('iris', { ...iris, optimizer: 'sgd', learningRate: 50, l2: 1 })),
    ).rejects.toMatchObject({
      code: 'non-finite',
      message: expect.stringMatching(/at step \d+ \(epoch \d+\) with learning rate 50/),
      remedy: expect.stringMatching(/smaller learning rate \(say 5\)/),
    });
  });

  it('trains without a validation split, and says that nothing is known of new data', async () => {
    const recording = await train(
      options('iris', { ...iris, epochs: 3 }, { options: { validationFraction: 0 } }),
    );
    expect(recording.end).toBe('done');
    expect(recording.all('evaluation')).toEqual([]);
    expect(recording.all('notice')[0]!.message).toMatch(/neither a test nor a validation split/);
    expect(recording.summary.best_epoch).toBeGreaterThan(0);
  });

  it('evaluates the test split when there is one', async () => {
    const recording = await train(
      options('iris', { ...iris, epochs: 3 }, { options: { testFraction: 0.2 } }),
    );
    expect(recording.all('evaluation')[0]!.evaluation.split).toBe('test');
    expect(recording.summary.test_accuracy).toBeDefined();
    expect(recording.summary.val_accuracy).toBeDefined();
  });

  it('begins anew when every checkpoint is torn, and says so', async () => {
    const question = options('iris', { ...iris, epochs: 1 });
    await train(question);
    for (const step of await readdir(join(question.runDirectory, 'checkpoints')))
      await appendFile(join(question.runDirectory, 'checkpoints', step, 'state.json'), '}');
    const again = await train({ ...question, resume: true });
    expect(again.all('started')[0]!.step).toBe(0);
    expect(
      again.all('notice').some(({ message }) => message.includes('state.json') || message.includes('JSON')),
    ).toBe(true);
    expect(await readdir(join(question.runDirectory, 'checkpoints', '8')).catch(() => [])).not.toContain(
      framesFileName,
    );
  });

  it('balances classes, smooths labels and punishes large weights', async () => {
    const plain = await train(options('iris', { ...iris, epochs: 5 }));
    const careful = await train(
      options('iris', { ...iris, epochs: 5, classWeights: 'balanced', labelSmoothing: 0.1, l2: 0.01 }),
    );
    expect(careful.end).toBe('done');
    expect(careful.series('batch_loss')[0]![1]).toBeGreaterThan(plain.series('batch_loss')[0]![1]);
  });

  it('saves the averaged weights of the best epoch as its model', async () => {
    const question = options('iris', {
      ...iris,
      epochs: 10,
      emaMomentum: 0.9,
      accumulateSteps: 2,
      keepCheckpoints: 1,
    });
    const recording = await train(question);
    expect(recording.summary.val_loss).toBeGreaterThan(0);
    const { step } = recording
      .all('checkpoint')
      .filter(({ best }) => best)
      .at(-1)!;
    const { program } = await readCheckpoint(join(question.runDirectory, 'checkpoints', String(step)));
    const { model } = await loadModel(join(question.runDirectory, 'model'));
    const saved = Object.fromEntries(
      namedVariables(model).map(({ name, variable }) => [name, variable.dataSync()]),
    );
    const valuesOf = (name: string) => program.tensors.find((tensor) => tensor.name === name)!.values;
    for (const name of ['dense/kernel', 'dense_2/bias']) {
      expect(saved[name]).toEqual(valuesOf(`optimizer/average/${name}`));
      expect(saved[name]).not.toEqual(valuesOf(`weights/${name}`));
    }
    model.dispose();
  });

  it('goes on in the middle of an accumulation, after a change of the learning rate, as if there had been no break', async () => {
    const settings = {
      ...iris,
      epochs: 4,
      schedule: 'cosine',
      optimizer: 'adamw',
      clipNorm: 0.5,
      accumulateSteps: 3,
      emaMomentum: 0.8,
    } as const;
    const changing: TrainOptions['onEvent'] = (event, controls) => {
      if (event.type === 'epoch' && event.epoch === 1) controls.setLearningRate(0.03);
    };
    const whole = options('iris', settings, { onEvent: changing });
    const wanted = await train(whole);
    const torn = options('iris', settings, {
      onEvent: (event, controls) => {
        changing(event, controls);
        if (event.type === 'epoch' && event.epoch === 2) controls.interrupt();
      },
    });
    expect((await train(torn)).end).toBe('interrupted');
    const [reached] = await checkpointSteps(join(torn.runDirectory, 'checkpoints'));
    expect(reached! % 3).not.toBe(0);
    const found = await train({ ...torn, onEvent: undefined, resume: true });
    expect(found.summary).toEqual(wanted.summary);
    const bytesOf = async ({ runDirectory }: TrainOptions) => {
      const [step] = await checkpointSteps(join(runDirectory, 'checkpoints'));
      return readFile(join(runDirectory, 'checkpoints', String(step), tensorsFileName));
    };
    expect((await bytesOf(torn)).equals(await bytesOf(whole))).toBe(true);
  });

  it('says when settings leave the weights near the first ones', async () => {
    const messages = async (settings: Partial<TrainOptions['hyperparameters']>) =>
      (await train(options('iris', { ...iris, epochs: 1, ...settings })))
        .all('notice')
        .map(({ message }) => message);
    expect(await messages({ accumulateSteps: 500 })).toContainEqual(
      expect.stringMatching(/^No weight will change: .* over 500 steps/),
    );
    expect(await messages({ emaMomentum: 0.99 })).toContainEqual(
      expect.stringMatching(/still be \d\d% the random ones/),
    );
    expect(await messages({ emaMomentum: 0.1 })).toEqual([]);
  });

  it('keeps neither tensors nor memory over thousands of steps', async () => {
    const before = tf.memory().numTensors;
    const recording = await train(
      options('iris', {
        ...iris,
        epochs: 250,
        batchSize: 8,
        histogramEverySteps: 1_000_000,
        checkpointEveryEpochs: 1000,
      }),
    );
    const tensors = recording.series('system/tensors').map(([, value]) => value);
    expect(new Set(tensors).size).toBe(1);
    expect(tensors.length * recording.all('started')[0]!.stepsPerEpoch).toBeGreaterThan(3000);
    expect(tf.memory().numTensors).toBe(before);
    const resident = recording.series('system/rss_bytes').map(([, value]) => value);
    const mean = (from: number, to: number) =>
      resident.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
    expect(mean(200, 250) / mean(100, 150)).toBeLessThan(1.05);
  }, 300_000);

  it.each(['sgd', 'momentum', 'nesterov', 'rmsprop', 'adagrad'] as const)(
    'learns with %s',
    async (optimizer) => {
      const learningRate = optimizer === 'rmsprop' ? 0.005 : 0.1;
      const recording = await train(options('iris', { ...iris, epochs: 30, optimizer, learningRate }));
      expect(recording.summary.val_accuracy).toBeGreaterThan(0.85);
    },
  );
});
