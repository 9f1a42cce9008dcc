import type { ExportFormat, ExportResult } from './export';
import type { JobFrame } from './frames';
import type { Prediction, PredictionInput } from './prediction';
import type { Environment, TrainingConfiguration } from './run';

/** Everything an engine process needs to train; all paths are absolute. */
export interface TrainingJob {
  runDirectory: string;
  configuration: TrainingConfiguration;
  /** Go on from the newest usable checkpoint in runDirectory/checkpoints. */
  resume: boolean;
  cacheDirectory: string;
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
