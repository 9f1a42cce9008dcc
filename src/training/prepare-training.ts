import type { SplitName } from '../contract/dataset';
import type { TrainingJob } from '../contract/engine';
import type { JobEvent } from '../contract/frames';
import type { Hyperparameters } from '../contract/hyperparameters';
import type { ModelInput } from '../contract/metadata';
import type { PhaseMark, ProgramDescription } from '../contract/run';
import type { Dataset, ExampleTable } from '../dataset/node/example-table';
import { assertTrainable, openDataset } from '../dataset/node/open';
import type { Graph } from '../graph/graph';
import type { Base, BaseContext } from '../model/bases/base';
import { loadBase } from '../model/bases/load-base';
import { buildModel } from '../model/build-model';
import { type ModelSpecification, metadataOf } from '../model/specification';
import type { AugmentationSettings } from '../pipeline/augmentation';
import { openSource, type SourceOptions } from '../pipeline/dataset-sources';
import { emitPipeline } from '../pipeline/graph/emit-pipeline';
import { createPlainPipeline, type PipelineSettings } from '../pipeline/plain-pipeline';
import type { FeatureSources } from './features/cached-features';
import { feedSplits } from './graph/fed-data';
import { PipedData } from './graph/piped-data';
import type { GraphData } from './graph/step-data';
import { balancedClassWeights } from './losses';
import { modelInputOf, type PreparationOptions } from './model-input';
import { createPhases } from './phases/create-phases';
import type { TrainingProgram } from './program';
import type { SplitData } from './split-data';

/** Preparing is told at most this often. */
const progressMilliseconds = 100;

export interface PreparedTraining {
  program: TrainingProgram;
  description: ProgramDescription;
  dataset: Dataset;
}

export interface PreparationSettings {
  keepsFeatures?: boolean;
  /** `later`: a checkpoint gives all of them; a pretrained base is not read. */
  weights?: BaseContext['weights'];
  /** In which the run goes on; absent: the first. */
  phase?: PhaseMark | undefined;
}

/**
 * Opens the data set of a job and builds the program that trains on it, for the phase in which the run goes on.
 * @throws DescentError when the data can't be trained on or the model does not fit it; `cancelled`
 */
export async function prepareTraining(
  job: TrainingJob,
  emit: (event: JobEvent) => void,
  signal: AbortSignal,
  { keepsFeatures = true, weights = 'pretrained', phase }: PreparationSettings = {},
): Promise<PreparedTraining> {
  const { dataset: wanted, hyperparameters } = job.configuration;
  const onProgress = throttled(emit);
  const dataset = await openDataset(wanted.path, wanted.options, {
    cacheDirectory: job.cacheDirectory,
    onProgress: ({ stage, done, total }) => onProgress(stage, done, total),
    signal,
  });
  assertTrainable(dataset.summary);
  const options: PreparationOptions = { onProgress, signal };
  const base = await loadBase(dataset.summary.kind, hyperparameters, {
    weights,
    cacheDirectory: job.cacheDirectory,
    runDirectory: job.runDirectory,
    onNotice: (message) => emit({ type: 'notice', severity: 'notes', message }),
    ...options,
  });
  tellCoarseTuning(hyperparameters, emit);
  const specification = await specificationOf(dataset, hyperparameters, base, options);
  const model = buildModel(specification);
  const { program, description } = await createPhases(
    {
      model,
      metadata: metadataOf(specification),
      hyperparameters,
      classWeights: classWeightsOf(dataset, hyperparameters),
      openSplits: () => openSplits(job, dataset, specification.input, options),
      emitSplits: (graph) => emitSplits(graph, job, dataset, specification.input, options),
      ...(keepsFeatures ? { features: featureSources(job, dataset, specification.input, options) } : {}),
    },
    emit,
    phase,
  );
  tellLeftOut(dataset, emit);
  return { program, description, dataset };
}

async function specificationOf(
  dataset: Dataset,
  hyperparameters: Hyperparameters,
  base: Base | undefined,
  options: PreparationOptions,
): Promise<ModelSpecification> {
  const { summary, examples } = dataset;
  return {
    name: summary.name,
    task: summary.task,
    input: await modelInputOf(dataset, hyperparameters, options, base),
    labels: examples.labels,
    ...(summary.task === 'regression' ? { target: targetOf(examples) } : {}),
    hyperparameters,
    ...(base ? { base } : {}),
  };
}

function targetOf(examples: ExampleTable): ModelSpecification['target'] {
  const values = Array.from(examples.indices('train'), (index) => examples.target[index]!);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { name: examples.table?.target ?? 'value', mean, standardDeviation: Math.sqrt(variance) };
}

/** Examples read and put together by plain code. */
async function openSplits(
  job: TrainingJob,
  { examples }: Dataset,
  input: ModelInput,
  options: PreparationOptions,
): Promise<{ train: SplitData; heldOut: { validation: SplitData; test: SplitData } }> {
  const open = async (split: SplitName): Promise<SplitData> => {
    const source = await openSource(examples, split, input, sourceOptions(split, options));
    return { source, pipeline: await createPlainPipeline(source, pipelineSettings(job, split, input)) };
  };
  return {
    train: await open('train'),
    heldOut: { validation: await open('validation'), test: await open('test') },
  };
}

/** Pictures are read by TensorFlow itself, in the graph; rows and words, which stand in memory, are fed. */
async function emitSplits(
  graph: Graph,
  job: TrainingJob,
  dataset: Dataset,
  input: ModelInput,
  options: PreparationOptions,
): Promise<GraphData> {
  if (input.kind !== 'images') return feedSplits(graph, await openSplits(job, dataset, input, options));
  const emit = async (split: SplitName): Promise<PipedData> => {
    const examples = { examples: dataset.examples, split, input };
    const settings = pipelineSettings(job, split, input);
    return new PipedData(await emitPipeline(graph, split, examples, settings, sourceOptions(split, options)));
  };
  return {
    train: await emit('train'),
    heldOut: { validation: await emit('validation'), test: await emit('test') },
  };
}

function featureSources(
  job: TrainingJob,
  { examples, summary }: Dataset,
  input: ModelInput,
  options: PreparationOptions,
): FeatureSources {
  return {
    examples,
    fingerprint: summary.fingerprint,
    input,
    settings: pipelineSettings(job, 'train', input),
    epochs: job.configuration.hyperparameters.epochs,
    options: (split) => sourceOptions(split, options),
  };
}

function sourceOptions(split: SplitName, { signal, onProgress }: PreparationOptions): SourceOptions {
  return { signal, onProgress: (done, total) => onProgress(`reading ${split} examples`, done, total) };
}

function pipelineSettings(job: TrainingJob, split: SplitName, input: ModelInput): PipelineSettings {
  const { hyperparameters } = job.configuration;
  const common: PipelineSettings = {
    seed: hyperparameters.seed,
    batchSize: hyperparameters.batchSize,
    cache: hyperparameters.cache,
    cacheDirectory: job.cacheDirectory,
    prefetch: hyperparameters.prefetch,
  };
  if (split !== 'train') return common;
  return {
    ...common,
    shuffleBuffer: hyperparameters.shuffleBuffer,
    augmentation: input.kind === 'images' ? augmentationOf(hyperparameters) : undefined,
    augmentationVariants: hyperparameters.featureVariants,
  };
}

function augmentationOf(hyperparameters: Hyperparameters): AugmentationSettings {
  const { flipLeftRight, brightness, contrast, rotation, zoom, crop } = hyperparameters;
  return { flipLeftRight, brightness, contrast, rotation, zoom, crop };
}

function classWeightsOf({ summary }: Dataset, { classWeights }: Hyperparameters): Float32Array | undefined {
  if (classWeights === 'none' || summary.task !== 'classification') return undefined;
  return balancedClassWeights(summary.classes.map((entry) => entry.train));
}

/** Names what the scan found unusable, so that the run's own page tells it. */
function tellLeftOut({ summary }: Dataset, emit: (event: JobEvent) => void): void {
  const files = summary.findings
    .filter((finding) => finding.leftOut)
    .flatMap(({ files: named, reasons, message }) =>
      named.map((file, index) => ({ file, reason: reasons?.[index] || message })),
    );
  if (files.length > 0) emit({ type: 'skipped', files });
}

function throttled(emit: (event: JobEvent) => void): (stage: string, done: number, total: number) => void {
  let last = Number.NEGATIVE_INFINITY;
  let lastStage = '';
  return (stage, done, total) => {
    const now = performance.now();
    if (stage === lastStage && now - last < progressMilliseconds) return;
    last = now;
    lastStage = stage;
    emit({ type: 'preparing', stage, done, total });
  };
}

/** Steps above this size make a pretrained encoder forget what it knows. */
const coarseLearningRate = 2e-4;

function tellCoarseTuning(
  { model, trainBase, learningRate, optimizer }: Hyperparameters,
  emit: (event: JobEvent) => void,
) {
  const adaptive = optimizer === 'adam' || optimizer === 'adamw';
  if (model !== 'bert' || !trainBase || !adaptive || learningRate <= coarseLearningRate) return;
  emit({
    type: 'notice',
    severity: 'warns',
    message: `The whole encoder is trained at a learning rate of ${learningRate}: it may forget what it knows. Usual are 0.00001 to 0.00005, with warm-up.`,
  });
}
