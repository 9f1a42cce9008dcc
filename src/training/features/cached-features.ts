import { availableParallelism } from 'node:os';
import type * as tf from '@tensorflow/tfjs';
import type { SplitName } from '../../contract/dataset';
import { DescentError } from '../../contract/errors';
import type { JobEvent } from '../../contract/frames';
import type { ModelInput } from '../../contract/metadata';
import type { PipelineStage } from '../../contract/run';
import type { ExampleTable } from '../../dataset/node/example-table';
import type { Graph } from '../../graph/graph';
import { nativeBackend } from '../../graph/session/native-binding';
import { trainingView } from '../../model/training-view';
import { type AugmentationSettings, augmentationEpoch, augments } from '../../pipeline/augmentation';
import { openSource, type SourceOptions } from '../../pipeline/dataset-sources';
import type { ExampleSource } from '../../pipeline/example-source';
import type { PipelineSettings } from '../../pipeline/plain-pipeline';
import type { GraphData } from '../graph/step-data';
import type { NamedTensor } from '../named-tensor';
import type { ProgramState } from '../program';
import { FeatureCache } from './feature-cache';
import { computationBatch, FeatureComputation } from './feature-computation';
import { FeatureData } from './feature-data';
import { type FeaturePlan, freeRoom, planFeatures } from './feature-plan';
import { FeatureSet } from './feature-set';
import { LayersPrefix } from './layers-prefix';
import { findCut, type ModelCut } from './model-cut';

/** What features are computed from. */
export interface FeatureSources {
  examples: ExampleTable;
  /** Of the data set's content, labels and splits. */
  fingerprint: string;
  input: ModelInput;
  /** Of the training split's pipeline; `augmentationVariants` 0: to be chosen. */
  settings: PipelineSettings;
  epochs: number;
  options(split: SplitName): SourceOptions;
}

/** Changes when pictures, rows or texts become other inputs than before. */
const preprocessingVersion = 1;
const heldOutSplits = ['validation', 'test'] as const satisfies SplitName[];
const variantsName = 'features/variants';
const weightPrefix = 'weights/';

/** Features have to save at least so many multiplications for each number that is kept, */
const fewestMultiplications = 16;
/** and this share of those of the whole model. */
const smallestShare = 0.2;

/**
 * Data of a program that trains the layers behind a model's frozen ones on the frozen ones' outputs, which are computed once
 * for every example (and augmented variant), and kept.
 */
export class CachedFeatures {
  private sets: FeatureSet[] = [];
  private variants: number;

  /**
   * Undefined when the model has no frozen layers in front that are worth it, or there is no room for features (which is
   * told then).
   */
  static async plan(
    model: tf.LayersModel,
    sources: FeatureSources,
    emit: (event: JobEvent) => void,
  ): Promise<CachedFeatures | undefined> {
    const { core } = trainingView(model);
    const cut = core.inputs.length === 1 ? cutOf(core) : undefined;
    if (!cut || !isWorthIt(cut)) return undefined;
    const notice = (message: string) => emit({ type: 'notice', severity: 'notes', message });
    const prefix = new LayersPrefix(model, core.inputs[0]!, cut);
    const { examples, settings, epochs } = sources;
    const count = (split: SplitName) => examples.indices(split).length;
    const { augmentation, augmentationVariants = 0, cache, cacheDirectory } = settings;
    const plan = planFeatures(
      {
        train: count('train'),
        heldOut: count('validation') + count('test'),
        bytesPerExample: prefix.shape.reduce((product, size) => product * size, 4),
        augments: augmentation !== undefined && augments(augmentation),
        epochs,
        wantedVariants: augmentationVariants,
        cache,
      },
      await freeRoom(cacheDirectory),
    );
    if (!plan) {
      const why = cache === 'none' ? 'the settings keep nothing (cache: none)' : 'there is no room for them';
      notice(`The features of the frozen layers (${prefix.name}) are computed in every step: ${why}.`);
      return undefined;
    }
    return new CachedFeatures(cut.tensor, prefix, plan, sources, notice);
  }

  private constructor(
    /** Where features come into the model. */
    readonly entry: tf.SymbolicTensor,
    private readonly prefix: LayersPrefix,
    private readonly planned: FeaturePlan,
    private readonly sources: FeatureSources,
    private readonly notice: (message: string) => void,
  ) {
    this.variants = planned.variants;
    const { epochs } = sources;
    if (this.augmentation && epochs > this.variants)
      notice(
        `Features of ${this.variants} augmented variants of each training example are kept; epochs take them in turn ` +
          '(featureVariants sets another number).',
      );
  }

  /** A clause that says why. */
  get reason(): string {
    const { name } = this.prefix;
    const where = this.planned.storage === 'memory' ? 'in memory' : 'on the disk';
    const what = this.augmentation ? `${this.variants} variants of each training example` : 'each example';
    return `on features kept ${where}: ${name} are frozen, and computed once for ${what}`;
  }

  private get augmentation(): AugmentationSettings | undefined {
    const { augmentation } = this.sources.settings;
    return augmentation && augments(augmentation) ? augmentation : undefined;
  }

  async emit(graph: Graph): Promise<GraphData> {
    const { settings } = this.sources;
    const cache = new FeatureCache(settings.cacheDirectory);
    await cache.clean();
    const data = (split: SplitName) => this.data(graph, split, cache);
    const train = await data('train');
    const heldOut: GraphData['heldOut'] = {};
    for (const split of heldOutSplits) heldOut[split] = await data(split);
    return {
      train,
      heldOut,
      save: () => [this.savedVariants()],
      restore: (state) => this.restore(state),
    };
  }

  private async data(graph: Graph, split: SplitName, cache: FeatureCache): Promise<FeatureData> {
    const { examples, input, options, settings } = this.sources;
    const { shape } = this.prefix;
    const source = await openSource(examples, split, input, options(split));
    const augmentation = split === 'train' ? this.augmentation : undefined;
    const variants = () => (augmentation ? this.variants : 1);
    const set = new FeatureSet({
      split,
      source,
      shape,
      variants,
      storage: this.planned.storage,
      cache,
      key: (variant) => this.key(split, source, augmentation && { augmentation, variant }),
      open: () =>
        FeatureComputation.open(
          this.prefix,
          { examples, split, input },
          {
            seed: settings.seed,
            // Each picture is needed once, or once for each variant.
            cache: variants() > 1 ? settings.cache : 'none',
            cacheDirectory: settings.cacheDirectory,
            augmentation,
          },
          options(split),
          source.shape,
        ),
      notice: this.notice,
    });
    this.sets.push(set);
    const { batchSize, seed, shuffleBuffer } = settings;
    return new FeatureData(graph, {
      name: split,
      source,
      shape,
      set,
      stages: () => this.describe(source, variants()),
      shuffle: split === 'train' && shuffleBuffer ? { seed, buffer: shuffleBuffer } : undefined,
      batchSize,
      variantOf: (epoch) => (augmentation ? augmentationEpoch(epoch, this.variants) : 0),
    });
  }

  private key(
    split: SplitName,
    source: ExampleSource,
    augmented: { augmentation: AugmentationSettings; variant: number } | undefined,
  ): string {
    const { fingerprint, input, settings } = this.sources;
    return FeatureCache.key({
      computer: this.prefix.hash(),
      shape: this.prefix.shape,
      preprocessing: [preprocessingVersion, input],
      content: [fingerprint, split, source.count],
      ...(augmented ? { ...augmented, seed: settings.seed } : {}),
      // What the last bits depend on.
      batch: computationBatch(source.shape),
      engine: engineFacts(),
    });
  }

  private describe(source: ExampleSource, variants: number): PipelineStage[] {
    const { batchSize, seed, shuffleBuffer } = this.sources.settings;
    const { augmentation } = this;
    return [
      { stage: 'from_tensor_slices', settings: { examples: source.count } },
      {
        stage: 'map',
        settings: {
          function: `${source.loading}${augmentation ? ', augment' : ''}, ${this.prefix.name}`,
          shape: this.prefix.shape.join(' × '),
          batch_size: computationBatch(source.shape),
        },
      },
      { stage: 'cache', settings: { where: this.planned.storage, dtype: 'float32', variants } },
      ...(shuffleBuffer
        ? [
            {
              stage: 'shuffle',
              settings: { buffer_size: shuffleBuffer, seed, reshuffle_each_iteration: true },
            },
          ]
        : []),
      { stage: 'batch', settings: { batch_size: batchSize, drop_remainder: false } },
    ];
  }

  private savedVariants(): NamedTensor {
    return { name: variantsName, dtype: 'int32', shape: [1], values: Int32Array.of(this.variants) };
  }

  /** The number of variants is that of the run, not what memory is free now; frozen weights may be others than the model's. */
  private async restore({ tensors }: ProgramState): Promise<void> {
    const variants = tensors.find(({ name }) => name === variantsName)?.values[0];
    if (variants) this.variants = variants;
    const weights = tensors
      .filter(({ name }) => name.startsWith(weightPrefix))
      .map(({ name, values }) => [name.slice(weightPrefix.length), values] as const);
    if (this.prefix.adopt(new Map(weights))) for (const set of this.sets) await set.reset();
  }
}

/** Whoever goes on to compile a model that can't be compiled says so. */
function cutOf(core: tf.LayersModel): ModelCut | undefined {
  try {
    return findCut(core);
  } catch (error) {
    if (error instanceof DescentError && error.code === 'unsupported') return undefined;
    throw error;
  }
}

function isWorthIt({ multiplications, tensor }: ModelCut): boolean {
  const kept = tensor.shape.slice(1).reduce<number>((product, size) => product * (size ?? Number.NaN), 1);
  return (
    multiplications.before >= fewestMultiplications * kept &&
    multiplications.before >= smallestShare * multiplications.all
  );
}

function engineFacts(): Record<string, unknown> {
  const { env } = process;
  return {
    version: nativeBackend().binding.TF_Version,
    threads: env.TF_NUM_INTRAOP_THREADS || availableParallelism(),
    precision: [env.ONEDNN_DEFAULT_FPMATH_MODE, env.TF_SET_ONEDNN_FPMATH_MODE, env.TF_ENABLE_ONEDNN_OPTS],
  };
}
