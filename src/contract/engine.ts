import type { BaseLayer } from './base-layers';
import type { DatasetKind } from './dataset';
import type { ExportFormat, ExportResult } from './export';
import type { JobFrame } from './frames';
import type { Hyperparameters } from './hyperparameters';
import type { Prediction, PredictionInput } from './prediction';
import type { Environment, TrainingConfiguration } from './run';

/** Everything an engine process needs to train; all paths are absolute. */
export interface TrainingJob {
  runDirectory: string;
  configuration: TrainingConfiguration;
  /** Go on from the newest usable checkpoint in runDirectory/checkpoints. */
  resume: boolean;
  cacheDirectory: string;
  /** What was found out before the engine was started; told in the run. */
  notices?: readonly JobNotice[];
}

export interface JobNotice {
  severity: 'warns' | 'notes';
  message: string;
}

/** First steps of a job, as an engine took them. */
export interface ProbedSteps {
  /** One a step; fewer than asked when the last one is no number. */
  losses: number[];
  /** Median time of a step. */
  stepMilliseconds: number;
}

/** Calls that an engine process answers. One training job at a time. */
export type EngineCalls = {
  'engine.describe': { params: Record<string, never>; result: Environment };
  'job.pause': { params: Record<string, never>; result: { step: number } };
  'job.continue': { params: Record<string, never>; result: { step: number } };
  /** Ends after the step in hand, with a checkpoint and an evaluation of what was reached. */
  'job.stop': { params: Record<string, never>; result: { step: number } };
  'job.setLearningRate': { params: { learningRate: number }; result: { learningRate: number } };
  /** The studio has recorded every frame up to this one. */
  'job.acknowledge': { params: { sequence: number }; result: Record<string, never> };
  /** Takes the first steps of a job and leaves nothing behind, in an engine that trains nothing else. */
  'job.probe': { params: { job: TrainingJob; steps: number }; result: ProbedSteps };
  /** The layers of the pretrained base that a model would get; empty for models without a base of layers. */
  'model.baseLayers': {
    params: { kind: DatasetKind; hyperparameters: Hyperparameters; cacheDirectory: string };
    result: { layers: BaseLayer[] };
  };
  /** Predicts with the model kept in a run's folder (model/). Loads it on first use and keeps the last one. */
  'model.predict': {
    params: { runDirectory: string; inputs: PredictionInput[] };
    result: { predictions: Prediction[] };
  };
};

/** Streams that an engine process answers. */
export type EngineStreams = {
  'job.train': { params: TrainingJob; event: JobFrame };
  'model.export': {
    params: { runDirectory: string; format: ExportFormat; out: string; cacheDirectory: string };
    event:
      | { type: 'progress'; stage: string; done: number; total: number }
      | { type: 'done'; result: ExportResult };
  };
};
