import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobEvent } from '../../../src/contract/frames';
import { loadBackend } from '../../../src/engine/native/backend';
import {
  type CheckpointContent,
  checkpointSteps,
  newestCheckpoint,
  pruneCheckpoints,
  readCheckpoint,
  tensorsFileName,
  writeCheckpoint,
} from '../../../src/training/checkpoint';
import { JobControls } from '../../../src/training/controls';
import { reportEvaluation } from '../../../src/training/evaluation-report';
import { balancedClassWeights, softmaxCrossEntropy } from '../../../src/training/losses';
import type { NamedTensor } from '../../../src/training/named-tensor';
import { Optimizer, type OptimizerSettings } from '../../../src/training/optimizers';
import { decodeSafetensors, encodeSafetensors } from '../../../src/training/safetensors';
import { ScalarBatcher } from '../../../src/training/scalar-batcher';
import { type ScheduleSettings, scheduleFactor } from '../../../src/training/schedule';

let directory: string;
beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent-parts-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const tensors: NamedTensor[] = [
  {
    name: 'weights/dense/kernel',
    dtype: 'float32',
    shape: [2, 3],
    values: Float32Array.of(1, 2, 3, 4, 5, Number.NaN),
  },
  { name: 'weights/count', dtype: 'int32', shape: [], values: Int32Array.of(-7) },
  { name: 'weights/empty', dtype: 'float32', shape: [0, 4], values: new Float32Array(0) },
];

describe('safetensors', () => {
  it('gives back names, shapes, types and values', () => {
    expect(decodeSafetensors(encodeSafetensors(tensors))).toEqual(tensors);
    // Node's Buffer at an odd place of a larger one.
    const bytes = Buffer.concat([Buffer.alloc(3), encodeSafetensors(tensors)]).subarray(3);
    expect(decodeSafetensors(bytes)).toEqual(tensors);
  });

  it('writes the header as the format has it', () => {
    const bytes = encodeSafetensors(tensors);
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
      'weights/dense/kernel': { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
      'weights/count': { dtype: 'I32', shape: [], data_offsets: [24, 28] },
      'weights/empty': { dtype: 'F32', shape: [0, 4], data_offsets: [28, 28] },
    });
  });

  it('refuses a file that was cut', () => {
    const bytes = encodeSafetensors(tensors);
    expect(() => decodeSafetensors(bytes.subarray(0, bytes.length - 1))).toThrow(/not whole/);
    expect(() => decodeSafetensors(bytes.subarray(0, 20))).toThrow(/header/);
  });
});

function content(step: number): CheckpointContent {
  return {
    program: {
      tensors,
      step,
      position: { epoch: 1, index: 8 },
      optimizer: 'adam',
      seed: 42,
      phase: { name: 'fine-tuning', step: 6, epoch: 1 },
    },
    loop: {
      epoch: 1,
      learningRate: 0.001,
      epochSums: { loss: 3 },
      epochExamples: 8,
      epochSeconds: 1,
      epochsWithoutImprovement: 0,
      phaseBest: null,
      history: [{ loss: 1 }],
      trainingSeconds: 2,
    },
    engine: { kind: 'node', version: '2.15', threads: 2 },
    best: false,
  };
}

describe('checkpoints', () => {
  it('come back as they were written', async () => {
    const folder = join(directory, 'plain');
    await writeCheckpoint(folder, content(10));
    const { state, program } = await readCheckpoint(join(folder, '10'));
    expect(program).toEqual(content(10).program);
    expect(state.loop).toEqual(content(10).loop);
    expect(state.engine.threads).toBe(2);
  });

  it('that are torn are passed over and named, the next older one is taken', async () => {
    const folder = join(directory, 'torn');
    for (const step of [1, 2, 3, 4, 5]) await writeCheckpoint(folder, content(step));
    await truncate(join(folder, '5', tensorsFileName), 50);
    const bytes = await readFile(join(folder, '4', tensorsFileName));
    bytes[bytes.length - 9]! ^= 1;
    await writeFile(join(folder, '4', tensorsFileName), bytes);
    await writeFile(join(folder, '3', 'state.json'), '{"version": 1');
    await mkdir(join(folder, '.6.123.abc.partial'));
    const torn: string[] = [];
    const found = await newestCheckpoint(folder, (path, reason) => torn.push(`${path.at(-1)}: ${reason}`));
    expect(found?.state.step).toBe(2);
    expect(torn.length).toBe(3);
    expect(torn[0]).toMatch(/5: tensors.safetensors has 50 of \d+ bytes/);
    expect(torn[1]).toMatch(/4: the checksum/);
    expect(torn[2]).toMatch(/^3: /);
  });

  it('are deleted but for the newest and the best', async () => {
    const folder = join(directory, 'pruned');
    for (const step of [1, 2, 10, 20, 30]) await writeCheckpoint(folder, content(step));
    await pruneCheckpoints(folder, 2, 2);
    expect(await checkpointSteps(folder)).toEqual([30, 20, 2]);
    expect(await newestCheckpoint(join(directory, 'nowhere'), () => {})).toBeUndefined();
  });
});

describe('optimizers', () => {
  const gradients = [
    [0.5, -1, 2],
    [0.1, 0.4, -3],
    [-0.2, 0, 1],
  ];

  function ours(settings: OptimizerSettings, learningRate: number): number[] {
    const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
    const optimizer = new Optimizer(settings, [{ name: 'w', variable }]);
    gradients.forEach((gradient, index) => {
      tf.tidy(() => optimizer.apply([tf.tensor1d(gradient)], learningRate, index + 1));
    });
    const values = Array.from(variable.dataSync());
    optimizer.dispose();
    variable.dispose();
    return values;
  }

  /** The rule in plain numbers, element by element. */
  function expected(rule: (gradients: number[]) => number): number[] {
    return [0, 1, 2].map((place) => 1 + place + rule(gradients.map((gradient) => gradient[place]!)));
  }

  const close = (actual: number[], wanted: number[]) => {
    actual.forEach((value, index) => {
      expect(value).toBeCloseTo(wanted[index]!, 5);
    });
  };

  it('sgd', () => {
    close(
      ours({ optimizer: 'sgd', momentum: 0, weightDecay: 0 }, 0.1),
      expected((g) => -0.1 * (g[0]! + g[1]! + g[2]!)),
    );
  });

  it('momentum and nesterov', () => {
    for (const optimizer of ['momentum', 'nesterov'] as const)
      close(
        ours({ optimizer, momentum: 0.9, weightDecay: 0 }, 0.1),
        expected((g) => {
          let velocity = 0;
          let sum = 0;
          for (const gradient of g) {
            velocity = 0.9 * velocity + gradient;
            sum -= 0.1 * (optimizer === 'nesterov' ? gradient + 0.9 * velocity : velocity);
          }
          return sum;
        }),
      );
  });

  it('adam', () => {
    close(
      ours({ optimizer: 'adam', momentum: 0, weightDecay: 0 }, 0.1),
      expected((g) => {
        let m = 0;
        let v = 0;
        let sum = 0;
        g.forEach((gradient, index) => {
          m = 0.9 * m + 0.1 * gradient;
          v = 0.999 * v + 0.001 * gradient ** 2;
          const step = index + 1;
          sum -= (0.1 * Math.sqrt(1 - 0.999 ** step) * m) / (1 - 0.9 ** step) / (Math.sqrt(v) + 1e-7);
        });
        return sum;
      }),
    );
  });

  it('rmsprop and adagrad', () => {
    close(
      ours({ optimizer: 'rmsprop', momentum: 0, weightDecay: 0 }, 0.1),
      expected((g) => {
        let square = 0;
        let sum = 0;
        for (const gradient of g) {
          square = 0.9 * square + 0.1 * gradient ** 2;
          sum -= (0.1 * gradient) / Math.sqrt(square + 1e-7);
        }
        return sum;
      }),
    );
    close(
      ours({ optimizer: 'adagrad', momentum: 0, weightDecay: 0 }, 0.1),
      expected((g) => {
        let square = 0.1;
        let sum = 0;
        for (const gradient of g) {
          square += gradient ** 2;
          sum -= (0.1 * gradient) / (Math.sqrt(square) + 1e-7);
        }
        return sum;
      }),
    );
  });

  it('leave no tensors behind', () => {
    const before = tf.memory().numTensors;
    ours({ optimizer: 'adam', momentum: 0, weightDecay: 0 }, 0.1);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('the learning rate schedule', () => {
  const base: ScheduleSettings = {
    schedule: 'constant',
    warmupSteps: 0,
    decayEpochs: 2,
    decayRate: 0.5,
    epochs: 10,
  };
  it('is constant, steps, falls exponentially or as a cosine, after a warm-up', () => {
    expect(scheduleFactor(base, 99, 10)).toBe(1);
    expect(
      [0, 19, 20, 39, 40].map((step) => scheduleFactor({ ...base, schedule: 'step' }, step, 10)),
    ).toEqual([1, 1, 0.5, 0.5, 0.25]);
    expect(scheduleFactor({ ...base, schedule: 'exponential' }, 10, 10)).toBeCloseTo(Math.SQRT1_2, 10);
    const cosine = { ...base, schedule: 'cosine' as const, warmupSteps: 20 };
    expect([0, 5, 20, 60, 100].map((step) => Number(scheduleFactor(cosine, step, 10).toFixed(6)))).toEqual([
      0, 0.25, 1, 0.5, 0,
    ]);
  });
});

describe('losses', () => {
  it('cross-entropy of logits, smoothed or not', () => {
    const logits = tf.tensor2d([[2, 1, 0]]);
    const labels = tf.tensor1d([0], 'int32');
    const logSum = Math.log(Math.exp(2) + Math.exp(1) + 1);
    expect(softmaxCrossEntropy(logits, labels, 0).dataSync()[0]).toBeCloseTo(logSum - 2, 5);
    const smoothed = (0.7 + 0.1) * (logSum - 2) + 0.1 * (logSum - 1) + 0.1 * logSum;
    expect(softmaxCrossEntropy(logits, labels, 0.3).dataSync()[0]).toBeCloseTo(smoothed, 5);
  });

  it('balanced class weights make every class weigh the same', () => {
    expect(Array.from(balancedClassWeights([10, 30, 0]))).toEqual([2, expect.closeTo(2 / 3, 6), 0]);
  });
});

describe('the evaluation report', () => {
  it('counts what was taken for what', () => {
    const report = reportEvaluation('test', 'classification', ['a', 'b', 'c'], {
      count: 4,
      metrics: { loss: 0.5, accuracy: 0.5 },
      outcomes: {
        file: (row) => `file ${row}`,
        truths: Float32Array.of(0, 0, 1, 1),
        predicted: Float32Array.of(0, 1, 1, 0),
        confidences: Float32Array.of(0.9, 0.6, 0.8, 0.7),
        losses: Float32Array.of(0.1, 0.9, 0.2, 1.5),
      },
    });
    expect(report.confusion).toEqual([1, 1, 0, 1, 1, 0, 0, 0, 0]);
    expect(report.classes[0]).toEqual({ label: 'a', precision: 0.5, recall: 0.5, f1: 0.5, support: 2 });
    expect(report.classes[2]).toEqual({ label: 'c', precision: 0, recall: 0, f1: 0, support: 0 });
    expect(report.examples.map(({ file }) => file)).toEqual(['file 3', 'file 1', 'file 2', 'file 0']);
  });

  it('measures errors of a regression in the unit of the target', () => {
    const report = reportEvaluation('validation', 'regression', [], {
      count: 2,
      metrics: { loss: 0.1, mae: 2 },
      outcomes: {
        file: String,
        truths: Float32Array.of(10, 20),
        predicted: Float32Array.of(13, 19),
        confidences: new Float32Array(0),
        losses: Float32Array.of(0.9, 0.1),
      },
    });
    expect(report.metrics.rmse).toBeCloseTo(Math.sqrt(5), 6);
    expect(report.metrics.r2).toBeCloseTo(1 - 10 / 50, 6);
    expect(report.confusion).toEqual([]);
  });
});

describe('the scalar batcher', () => {
  it('emits the first point at once, later ones together', async () => {
    const events: JobEvent[] = [];
    const batcher = new ScalarBatcher((event) => events.push(event), 30);
    batcher.add('train', 1, { loss: 1, accuracy: 0 });
    batcher.offer();
    expect(events.length).toBe(1);
    batcher.add('train', 2, { loss: 2 });
    batcher.offer();
    batcher.add('train', 3, { loss: 3 });
    batcher.offer();
    expect(events.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 40));
    batcher.offer();
    expect(events[1]).toMatchObject({
      columns: [{ tag: 'loss', steps: Float64Array.of(2, 3), values: Float64Array.of(2, 3) }],
    });
    batcher.flush();
    expect(events.length).toBe(2);
  });
});

describe('controls', () => {
  it('pause resolves when the loop waits, continue wakes it, an end wakes it too', async () => {
    const controls = new JobControls();
    const paused = controls.pause();
    controls.step = 5;
    const loop = controls.whilePaused();
    expect(await paused).toBe(5);
    controls.continue();
    await loop;
    expect(controls.pausing).toBe(false);
    void controls.pause();
    const again = controls.whilePaused();
    controls.stop();
    await again;
    expect(controls.ending).toBe('stop');
    controls.interrupt();
    controls.stop();
    expect(controls.ending).toBe('interrupt');
  });
});
