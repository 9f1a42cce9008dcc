import type { TrainingJob } from '../contract/engine';
import type { JobEvent } from '../contract/frames';
import type { Hyperparameters } from '../contract/hyperparameters';
import type { ModelInput } from '../contract/metadata';
import type { Dataset, ExampleTable } from '../dataset/node/example-table';
import { assertTrainable, openDataset } from '../dataset/node/open';
import { buildModel } from '../model/build-model';
import { type ModelSpecification, metadataOf } from '../model/specification';
import type { AugmentationSettings } from '../pipeline/augmentation';
import { openSource } from '../pipeline/dataset-sources';
import { createPlainPipeline, type PipelineSettings } from '../pipeline/plain-pipeline';
import { createProgram } from './create-program';
import { feedSplits } from './graph/fed-data';
import { balancedClassWeights } from './losses';
import { modelInputOf, type PreparationOptions } from './model-input';
import type { TrainingProgram } from './program';
import type { SplitData } from './split-data';

/** Preparing is told at most this often. */
const progressMilliseconds = 100;

export interface PreparedTraining {
  program: TrainingProgram;
  dataset: Dataset;
}

/**
 * Opens the data set of a job and builds the program that trains on it.
 * @throws DescentError when the data can't be trained on or the model does not fit it; `cancelled`
 */
export async function prepareTraining(
  job: TrainingJob,
  emit: (event: JobEvent) => void,
  signal: AbortSignal,
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
  const specification = await specificationOf(dataset, hyperparameters, options);
  const model = buildModel(specification);
  const open = () => openSplits(job, dataset, specification.input, options);
  const program = await createProgram(
    {
      model,
      metadata: metadataOf(specification),
      hyperparameters,
      classWeights: classWeightsOf(dataset, hyperparameters),
      openSplits: open,
      emitSplits: async (graph) => feedSplits(graph, await open()),
    },
    emit,
  );
  tellLeftOut(dataset, emit);
  return { program, dataset };
}

async function specificationOf(
  dataset: Dataset,
  hyperparameters: Hyperparameters,
  options: PreparationOptions,
): Promise<ModelSpecification> {
  const { summary, examples } = dataset;
  return {
    name: summary.name,
    task: summary.task,
    input: await modelInputOf(dataset, hyperparameters, options),
    labels: examples.labels,
    ...(summary.task === 'regression' ? { target: targetOf(examples) } : {}),
    hyperparameters,
  };
}

function targetOf(examples: ExampleTable): ModelSpecification['target'] {
  const values = Array.from(examples.indices('train'), (index) => examples.target[index]!);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { name: examples.table?.target ?? 'value', mean, standardDeviation: Math.sqrt(variance) };
}

async function openSplits(
  job: TrainingJob,
  { examples }: Dataset,
  input: ModelInput,
  options: PreparationOptions,
): Promise<{ train: SplitData; heldOut: { validation: SplitData; test: SplitData } }> {
  const { hyperparameters } = job.configuration;
  const common: PipelineSettings = {
    seed: hyperparameters.seed,
    batchSize: hyperparameters.batchSize,
    cache: hyperparameters.cache,
    cacheDirectory: job.cacheDirectory,
    prefetch: hyperparameters.prefetch,
  };
  const open = async (split: 'train' | 'validation' | 'test'): Promise<SplitData> => {
    const source = await openSource(examples, split, input, {
      signal: options.signal,
      onProgress: (done, total) => options.onProgress(`reading ${split} texts`, done, total),
    });
    const settings: PipelineSettings =
      split === 'train'
        ? {
            ...common,
            shuffleBuffer: hyperparameters.shuffleBuffer,
            augmentation: input.kind === 'images' ? augmentationOf(hyperparameters) : undefined,
          }
        : common;
    return { source, pipeline: await createPlainPipeline(source, settings) };
  };
  return {
    train: await open('train'),
    heldOut: { validation: await open('validation'), test: await open('test') },
  };
}

function augmentationOf(hyperparameters: Hyperparameters): AugmentationSettings {
  const { flipLeftRight, brightness, contrast, rotation, zoom } = hyperparameters;
  return { flipLeftRight, brightness, contrast, rotation, zoom };
}

function classWeightsOf({ summary }: Dataset, { classWeights }: Hyperparameters): Float32Array | undefined {
  if (classWeights === 'none' || summary.task !== 'classification') return undefined;
  return balancedClassWeights(summary.classes.map((entry) => entry.train));
}

/** Names what the scan found unusable, so that the run's own page tells it. */
function tellLeftOut({ summary }: Dataset, emit: (event: JobEvent) => void): void {
  const files = summary.findings
    .filter((finding) => finding.leftOut)
    .flatMap((finding) => finding.files.map((file) => ({ file, reason: finding.message })));
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
