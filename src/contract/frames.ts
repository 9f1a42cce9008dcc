import type { ErrorMessage } from './errors';
import type { Evaluation } from './evaluation';
import type { ProfileSummary } from './profile';
import type {
  DataWaiting,
  Environment,
  LayerSummary,
  MeasuredStage,
  PipelineStage,
  ProgramDescription,
  RunPhase,
} from './run';

/** Values of one tag: three columns of equal length. Steps are integers; wall times are seconds since 1970. */
export interface ScalarColumn {
  split: 'train' | 'validation';
  tag: string;
  steps: Float64Array;
  wallTimes: Float64Array;
  values: Float64Array;
}

/** `buckets` is row-major [count, 3]: left edge, right edge, count (TensorBoard's histogram plugin, version 2). */
export interface HistogramItem {
  tag: string;
  buckets: Float64Array;
  nonFinite: number;
}

/** What an engine tells about a job while it runs. Every frame of a job has a sequence number, from 1, without gaps. */
export type JobFrame = { sequence: number } & JobEvent;

export type JobEvent =
  | {
      type: 'started';
      environment: Environment;
      /** Absent in frames of older versions. */
      program?: ProgramDescription;
      totalSteps: number;
      stepsPerEpoch: number;
      epochs: number;
      /** Where it goes on from: 0 for a new run. */
      step: number;
      epoch: number;
      parameters: number;
      layers: LayerSummary[];
      dataset: {
        name: string;
        kind: 'images' | 'table' | 'texts';
        task: 'classification' | 'regression';
        fingerprint: string;
        labels: string[];
        train: number;
        validation: number;
        test: number;
      };
      /** Stages of the input pipeline, by tf.data's names, with their settings. */
      pipeline: PipelineStage[];
    }
  | { type: 'preparing'; stage: string; done: number; total: number }
  | { type: 'scalars'; columns: ScalarColumn[] }
  | {
      type: 'histograms';
      split: 'train' | 'validation';
      step: number;
      wallTime: number;
      items: HistogramItem[];
    }
  | { type: 'progress'; progress: LiveProgress }
  | { type: 'epoch'; epoch: number; step: number; seconds: number; metrics: Record<string, number> }
  /** The stages again, once an epoch, with what was measured in it. */
  | { type: 'pipeline'; stages: MeasuredStage[]; waiting: DataWaiting }
  /** A phase begins. `layers` are those of the model as the phase trains them. */
  | ({ type: 'phase'; layers?: LayerSummary[] } & RunPhase)
  | { type: 'text'; tag: string; step: number; text: string }
  | { type: 'checkpoint'; step: number; epoch: number; path: string; bytes: number; best: boolean }
  /** A window of steps was profiled; `path`: the trace's file. */
  | { type: 'profile'; summary: ProfileSummary; path: string }
  | { type: 'skipped'; files: { file: string; reason: string }[] }
  | { type: 'notice'; severity: 'warns' | 'notes'; message: string }
  | { type: 'paused'; step: number }
  | { type: 'resumed'; step: number }
  | { type: 'evaluation'; evaluation: Evaluation }
  | { type: 'done'; reason: 'finished' | 'early-stopping'; summary: Record<string, number> }
  | { type: 'stopped'; step: number; summary: Record<string, number> }
  | { type: 'failed'; error: ErrorMessage; step: number };

export interface LiveProgress {
  epoch: number;
  epochs: number;
  step: number;
  totalSteps: number;
  /** Mean over the last second or so. */
  examplesPerSecond: number;
  stepMilliseconds: number;
  waitMilliseconds: number;
  copyMilliseconds: number;
  computeMilliseconds: number;
  callbackMilliseconds: number;
  etaSeconds: number;
  learningRate: number;
  rssBytes: number;
  tensors: number;
  /** Last values: loss, accuracy, val_loss, val_accuracy... */
  metrics: Record<string, number>;
}
