import { z } from 'zod';
import { datasetKind, datasetOptions, taskKind } from './dataset';
import { hyperparameters } from './hyperparameters';

export const runSchemaVersion = 1;

export const runStatus = z.enum(['queued', 'running', 'paused', 'done', 'stopped', 'failed', 'interrupted']);
export type RunStatus = z.infer<typeof runStatus>;

/** What a job is told to do; the part of run.json that "Train again with..." starts from. */
export const trainingConfiguration = z.object({
  dataset: z.object({ path: z.string(), options: datasetOptions }),
  hyperparameters,
});
export type TrainingConfiguration = z.infer<typeof trainingConfiguration>;

export const environment = z.object({
  descent: z.string(),
  engine: z.enum(['node', 'wasm']),
  engineVersion: z.string(),
  threads: z.number().int(),
  /** Whether float32 convolutions and products may be computed in bfloat16. Absent in runs of older versions: false. */
  fastMath: z.boolean().optional(),
  node: z.string(),
  platform: z.string(),
});
export type Environment = z.infer<typeof environment>;

export const layerSummary = z.object({
  name: z.string(),
  /** Keras class name. */
  className: z.string(),
  outputShape: z.array(z.number().nullable()),
  parameters: z.number().int(),
  trainable: z.boolean(),
  weights: z.array(z.object({ name: z.string(), shape: z.array(z.number().int()), dtype: z.string() })),
});
export type LayerSummary = z.infer<typeof layerSummary>;

/** How the steps of a run are computed, and why so: what `compile` came to for this model on this engine. */
export const programDescription = z.object({
  kind: z.enum(['plain', 'graph', 'features']),
  compile: z.enum(['graph', 'eager', 'xla']),
  /** A clause that follows a colon: "all 9 layers are compiled". */
  reason: z.string(),
});
export type ProgramDescription = z.infer<typeof programDescription>;

/** One stage of the input pipeline, by tf.data's name, with its settings. */
export const pipelineStage = z.object({
  stage: z.string(),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
export type PipelineStage = z.infer<typeof pipelineStage>;

/** The time that a stage's work took in one epoch. */
export const stageMeasurement = z.object({
  /** The epoch's number, from 1. */
  epoch: z.number().int(),
  /** What went through the stage: so many examples or batches. */
  elements: z.number().int(),
  unit: z.enum(['example', 'batch']),
  /** Mean for one element, on the thread that worked on it: several are worked on at once. */
  millisecondsPerElement: z.number(),
});
export type StageMeasurement = z.infer<typeof stageMeasurement>;

/** A stage with the last measurement of it; none where it was not measured (reading, in an epoch from the cache). */
export const measuredStage = pipelineStage.extend({ measured: stageMeasurement.optional() });
export type MeasuredStage = z.infer<typeof measuredStage>;

/** How long steps waited for their batches. */
export const dataWaiting = z.object({
  epoch: z.number().int(),
  steps: z.number().int(),
  /** Means over the epoch's steps. */
  waitMillisecondsPerStep: z.number(),
  stepMilliseconds: z.number(),
});
export type DataWaiting = z.infer<typeof dataWaiting>;

/** Where a phase of a run begins: after so many steps and epochs. */
export const phaseMark = z.object({ name: z.string(), step: z.number().int(), epoch: z.number().int() });
export type PhaseMark = z.infer<typeof phaseMark>;

/** What a run's page tells of a phase. */
export const runPhase = phaseMark.extend({
  /** Absent in runs of older versions. */
  learningRate: z.number().optional(),
  /** Numbers that are trained. */
  trainedParameters: z.number().int().optional(),
  /** How its steps are computed. */
  program: programDescription.optional(),
});
export type RunPhase = z.infer<typeof runPhase>;

export const run = z.object({
  schemaVersion: z.number().int(),
  id: z.string(),
  name: z.string(),
  created: z.string(),
  started: z.string().optional(),
  finished: z.string().optional(),
  status: runStatus,
  configuration: trainingConfiguration,
  dataset: z.object({
    name: z.string(),
    kind: datasetKind,
    task: taskKind,
    fingerprint: z.string(),
    labels: z.array(z.string()),
    train: z.number().int(),
    validation: z.number().int(),
    test: z.number().int(),
    /** Files that could not be read and were skipped, with the reason. */
    skipped: z.array(z.object({ file: z.string(), reason: z.string() })),
  }),
  environment: environment.optional(),
  /** Absent until the engine has chosen, and in runs of older versions. */
  program: programDescription.optional(),
  /** The process that owns a queued, running or paused run. `started` is the process's start time in ms since 1970. */
  owner: z.object({ pid: z.number().int(), started: z.number() }).optional(),
  progress: z.object({
    step: z.number().int(),
    totalSteps: z.number().int(),
    epoch: z.number().int(),
    epochs: z.number().int(),
    trainingSeconds: z.number(),
  }),
  phases: z.array(runPhase),
  model: z.object({ parameters: z.number().int(), layers: z.array(layerSummary) }).optional(),
  /** The input pipeline in the order of its stages, with the last measurements. */
  pipeline: z.object({ stages: z.array(measuredStage), waiting: dataWaiting.optional() }).optional(),
  /** loss, accuracy, val_loss, val_accuracy, best_epoch, ... of the best epoch. */
  summary: z.record(z.string(), z.number()),
  /** Why it failed or stopped, as a sentence, and the remedy. */
  failure: z
    .object({ message: z.string(), remedy: z.string().optional(), signal: z.string().optional() })
    .optional(),
  tags: z.array(z.string()),
  note: z.string(),
  archived: z.boolean(),
  /** The run whose settings this one was started from. */
  parent: z.string().optional(),
  /** Runs of one comparison, of which the best on validation wins, have the same. */
  comparison: z.string().optional(),
});
export type Run = z.infer<typeof run>;

/** A run as lists show it: without the long parts. `problem` is set when the folder can't be opened. */
export interface RunListing {
  id: string;
  name: string;
  created: string;
  finished?: string;
  status: RunStatus;
  datasetName: string;
  datasetPath: string;
  kind: Run['dataset']['kind'];
  task: Run['dataset']['task'];
  model: string;
  hyperparameters: Run['configuration']['hyperparameters'];
  progress: Run['progress'];
  phases: PhaseMark[];
  summary: Run['summary'];
  failure?: Run['failure'];
  tags: string[];
  note: string;
  archived: boolean;
  comparison?: string;
  problem?: string;
}
