import { defaultDatasetOptions } from '../../../src/contract/dataset';
import type { JobEvent, JobFrame } from '../../../src/contract/frames';
import { histogramBuckets } from '../../../src/contract/histogram';
import { hyperparameters } from '../../../src/contract/hyperparameters';
import type { NewRun } from '../../../src/record/node/run-library';

export function newRun(change: Partial<NewRun> = {}): NewRun {
  return {
    configuration: {
      dataset: { path: '/data/digits', options: defaultDatasetOptions },
      hyperparameters: hyperparameters.parse({ model: 'small-cnn', epochs: 3 }),
    },
    dataset: { name: 'digits', kind: 'images', task: 'classification' },
    ...change,
  };
}

export function started(step = 0, epoch = 0): JobEvent {
  return {
    type: 'started',
    environment: {
      descent: '0.1.0',
      engine: 'node',
      engineVersion: '2.15.1',
      threads: 2,
      node: process.version,
      platform: 'linux-x64',
    },
    program: { kind: 'graph', compile: 'graph', reason: 'its one layer is compiled' },
    totalSteps: 300,
    stepsPerEpoch: 100,
    epochs: 3,
    step,
    epoch,
    parameters: 1234,
    layers: [
      {
        name: 'conv2d',
        className: 'Conv2D',
        outputShape: [null, 28, 28, 8],
        parameters: 80,
        trainable: true,
        weights: [{ name: 'conv2d/kernel_0', shape: [3, 3, 1, 8], dtype: 'float32' }],
      },
    ],
    dataset: {
      name: 'digits',
      kind: 'images',
      task: 'classification',
      fingerprint: 'abc',
      labels: ['0', '1'],
      train: 80,
      validation: 10,
      test: 10,
    },
    pipeline: [{ stage: 'shuffle', settings: { buffer: 10_000 } }],
  };
}

/** Steps from..to-1: loss 1 / (step + 1) at 1,700,000,000 s + step / 10. */
export function batchLosses(from: number, to: number): JobEvent {
  const steps = Float64Array.from({ length: to - from }, (_, index) => from + index);
  return {
    type: 'scalars',
    columns: [
      {
        split: 'train',
        tag: 'batch_loss',
        steps,
        wallTimes: steps.map((step) => 1_700_000_000 + step / 10),
        values: steps.map((step) => 1 / (step + 1)),
      },
    ],
  };
}

export function epochScalars(epoch: number): JobEvent {
  const column = (split: 'train' | 'validation', tag: string, value: number) => ({
    split,
    tag,
    steps: Float64Array.of(epoch),
    wallTimes: Float64Array.of(1_700_000_100 + epoch),
    values: Float64Array.of(value),
  });
  return {
    type: 'scalars',
    columns: [
      column('train', 'epoch_loss', 1 / (epoch + 1)),
      column('validation', 'epoch_loss', 1.5 / (epoch + 1)),
      column('validation', 'epoch_accuracy', 1 - 0.5 / (epoch + 1)),
    ],
  };
}

export function weightHistogram(step: number): JobEvent {
  const weights = Float32Array.from({ length: 500 }, (_, index) => Math.sin(index * 12.9898) * (step + 1));
  return {
    type: 'histograms',
    split: 'train',
    step,
    wallTime: 1_700_000_100 + step,
    items: [{ tag: 'conv2d/kernel_0', ...histogramBuckets(weights) }],
  };
}

/** Frames with the sequence numbers that an engine would give them. */
export function numbered(...events: JobEvent[]): JobFrame[] {
  return events.map((event, index) => ({ ...event, sequence: index + 1 }));
}
