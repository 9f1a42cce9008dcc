import { availableParallelism } from 'node:os';
import {
  type AugmentationSettings,
  augmentationEpoch,
  augmentPicture,
  augments,
  drawAugmentation,
} from './augmentation';
import { ConcurrencyTuner } from './concurrency-tuner';
import { epochOrder, sequentialOrder } from './epoch-order';
import { type CacheMode, chooseCacheMode, type ExampleCache, openExampleCache } from './example-cache';
import type {
  Batch,
  ExamplePipeline,
  ExampleSource,
  ExampleValues,
  PipelinePosition,
  PipelineStage,
  SkippedExample,
  StageTime,
} from './example-source';
import { isResident, ResidentPipeline } from './resident-pipeline';
import { StageClock } from './stage-clock';
import { activeTrace } from './tracing';

export interface PipelineSettings {
  seed: number;
  batchSize: number;
  /** Absent: the examples keep their order in every epoch. */
  shuffleBuffer?: number;
  cache: 'auto' | CacheMode;
  cacheDirectory: string;
  /** Batches whose examples are loaded ahead of the step. */
  prefetch: number;
  /** Pictures of the training split alone. */
  augmentation?: AugmentationSettings;
  /** After so many epochs augmentation repeats what it did; absent: never. */
  augmentationVariants?: number;
}

/** An example on its way: its values, or nothing when it can't be read. */
type Loaded = ExampleValues | undefined;
type Loading = Loaded | Promise<Loaded>;

/** Loads at once at most so many examples, whatever is found. */
const maximumConcurrency = 128;

const processors = availableParallelism();

/**
 * Examples in batches by plain code: shuffle -> map (load, in parallel) -> cache -> augment -> batch -> prefetch. Loading
 * runs in libuv's threads, so it goes on while a step blocks this thread. An example that can't be read is left out, named
 * once, and the batch is filled with those that follow.
 */
export async function createPlainPipeline(
  source: ExampleSource,
  settings: PipelineSettings,
): Promise<ExamplePipeline> {
  if (isResident(source)) return new ResidentPipeline(source, settings, describeStages(source, settings));
  const bytesPerExample = source.shape.reduce((product, size) => product * size, 1);
  const mode = source.resident
    ? 'none'
    : await chooseCacheMode(settings.cache, source.count, bytesPerExample, settings.cacheDirectory);
  const cache = await openExampleCache(mode, source.count, bytesPerExample, settings.cacheDirectory);
  return new PlainPipeline(source, settings, cache);
}

class PlainPipeline implements ExamplePipeline {
  readonly stages: readonly PipelineStage[];
  readonly batchesPerEpoch: number;
  private readonly elements: number;
  private readonly tuner: ConcurrencyTuner;
  private readonly augmentation: AugmentationSettings | undefined;
  private readonly lookahead: number;
  private readonly unreadable = new Set<number>();
  private skipped: SkippedExample[] = [];
  private epoch = 0;
  private order: Int32Array;
  /** The next place that goes into a batch, and the next place to be loaded. */
  private place = 0;
  private nextToLoad = 0;
  private readonly ahead = new Map<number, Loading>();
  private inFlight = 0;
  private readonly clock = new StageClock();
  /** Places of measured stages. */
  private readonly placeOf: { load: number; augment: number; batch: number };
  /** Milliseconds of augmentation in the batch of now. */
  private augmenting = 0;
  /** Since when `inFlight` is what it is. */
  private inFlightSince = 0;
  /** Counts seeks: what was begun before one does not come back as ours. */
  private generation = 0;

  constructor(
    private readonly source: ExampleSource,
    private readonly settings: PipelineSettings,
    private readonly cache: ExampleCache,
  ) {
    this.elements = source.shape.reduce((product, size) => product * size, 1);
    this.batchesPerEpoch = Math.ceil(source.count / settings.batchSize);
    this.lookahead = settings.batchSize * (settings.prefetch + 1);
    this.tuner = new ConcurrencyTuner(processors * 2, Math.min(maximumConcurrency, processors * 16));
    this.augmentation =
      settings.augmentation && augments(settings.augmentation) ? settings.augmentation : undefined;
    this.order = this.orderOf(0);
    this.stages = describeStages(source, settings, { augmentation: this.augmentation, cache: cache.mode });
    const placeOf = (name: string) => this.stages.findIndex(({ stage }) => stage === name);
    this.placeOf = { load: placeOf('map'), augment: placeOf('augment'), batch: placeOf('batch') };
  }

  get position(): PipelinePosition {
    return { epoch: this.epoch, index: this.place };
  }

  seek(position: PipelinePosition): void {
    if (position.epoch !== this.epoch) this.order = this.orderOf(position.epoch);
    this.epoch = position.epoch;
    this.place = position.index;
    this.nextToLoad = position.index;
    this.ahead.clear();
    this.generation++;
  }

  takeSkipped(): SkippedExample[] {
    const taken = this.skipped;
    this.skipped = [];
    return taken;
  }

  takeStageTimes(): StageTime[] {
    return this.clock.take();
  }

  async next(): Promise<Batch | 'end-of-epoch'> {
    const { batchSize } = this.settings;
    const values: ExampleValues[] = [];
    const indices: number[] = [];
    while (values.length < batchSize && this.place < this.order.length) {
      this.loadAhead();
      const place = this.place;
      const loading = this.ahead.get(place);
      const generation = this.generation;
      const loaded = loading instanceof Promise ? await loading : loading;
      if (generation !== this.generation) return this.next();
      this.ahead.delete(place);
      this.place++;
      if (!loaded) continue;
      values.push(loaded);
      indices.push(this.order[place]!);
    }
    this.loadAhead();
    if (values.length > 0) return this.timedBatch(values, indices);
    this.seek({ epoch: this.epoch + 1, index: 0 });
    return 'end-of-epoch';
  }

  async dispose(): Promise<void> {
    this.seek({ epoch: this.epoch, index: this.order.length });
    await this.cache.dispose();
  }

  private orderOf(epoch: number): Int32Array {
    const { shuffleBuffer, seed } = this.settings;
    return shuffleBuffer === undefined
      ? sequentialOrder(this.source.count)
      : epochOrder(seed, epoch, this.source.count, shuffleBuffer);
  }

  private loadAhead(): void {
    const end = Math.min(this.order.length, this.place + this.lookahead);
    while (this.nextToLoad < end) {
      // The example that is asked for next is begun whatever the limit, or nothing would ever move.
      if (this.inFlight >= this.tuner.limit && this.nextToLoad > this.place) return;
      this.ahead.set(this.nextToLoad, this.begin(this.order[this.nextToLoad]!));
      this.nextToLoad++;
    }
  }

  private begin(index: number): Loading {
    if (this.unreadable.has(index)) return undefined;
    if (this.source.resident) return this.source.load(index) as ExampleValues;
    if (this.cache.has(index)) return this.fromCache(index);
    this.changeInFlight(1);
    return this.load(index);
  }

  /** Loads work at once on as many processors as there are; more only wait for their turn. */
  private changeInFlight(change: number): void {
    const now = performance.now();
    const working = Math.min(this.inFlight, processors);
    this.clock.add(this.placeOf.load, 'example', 0, working * (now - this.inFlightSince));
    this.inFlightSince = now;
    this.inFlight += change;
  }

  private fromCache(index: number): Loading {
    const cached = this.cache.get(index);
    return cached instanceof Promise ? cached.catch(() => this.loadUncounted(index)) : cached;
  }

  private async load(index: number): Promise<Loaded> {
    const loaded = await this.loadUncounted(index);
    const waiting = this.nextToLoad < Math.min(this.order.length, this.place + this.lookahead);
    this.changeInFlight(-1);
    this.clock.add(this.placeOf.load, 'example', 1, 0);
    this.tuner.completed(waiting);
    this.loadAhead();
    return loaded;
  }

  private async loadUncounted(index: number): Promise<Loaded> {
    const ended = activeTrace()?.beginWork(this.source.loading);
    try {
      const loaded = await this.source.load(index);
      ended?.();
      if (loaded.length !== this.elements)
        throw new Error(`gives ${loaded.length} values where ${this.elements} are needed`);
      if (loaded instanceof Uint8Array) this.cache.put(index, loaded);
      return loaded;
    } catch (error) {
      ended?.();
      if (!this.unreadable.has(index)) {
        this.unreadable.add(index);
        const reason = error instanceof Error ? error.message : String(error);
        this.skipped.push({ file: this.source.name(index), reason });
      }
      return undefined;
    }
  }

  private timedBatch(values: ExampleValues[], indices: number[]): Batch {
    const begin = performance.now();
    const batch = this.assemble(values, indices);
    const end = performance.now();
    this.clock.add(this.placeOf.batch, 'batch', 1, end - begin - this.augmenting);
    activeTrace()?.span('pipeline', 'batch', begin, end);
    return batch;
  }

  private assemble(values: ExampleValues[], indices: number[]): Batch {
    const size = values.length;
    const length = size * this.elements;
    const inputs = this.source.dtype === 'int32' ? new Int32Array(length) : new Float32Array(length);
    const answers = new Float32Array(size);
    const { weight } = this.source;
    const trace = activeTrace();
    const { augmentationVariants, seed } = this.settings;
    const variant = augmentationEpoch(this.epoch, augmentationVariants);
    this.augmenting = 0;
    for (let row = 0; row < size; row++) {
      const index = indices[row]!;
      const value = values[row]!;
      answers[row] = this.source.answer(index);
      const offset = row * this.elements;
      if (this.augmentation && value instanceof Uint8Array && inputs instanceof Float32Array) {
        const [height, width, channels] = this.source.shape as [number, number, number];
        const draw = drawAugmentation(this.augmentation, seed, variant, index);
        const begin = performance.now();
        augmentPicture(value, height, width, channels, draw, inputs, offset);
        const end = performance.now();
        this.augmenting += end - begin;
        trace?.span('pipeline', 'augment', begin, end);
      } else inputs.set(value, offset);
    }
    if (this.augmenting > 0) this.clock.add(this.placeOf.augment, 'example', size, this.augmenting);
    return {
      inputs,
      answers,
      ...(weight ? { weights: Float32Array.from(indices, (index) => weight(index)) } : {}),
      indices: Int32Array.from(indices),
      size,
    };
  }
}

function describeStages(
  source: ExampleSource,
  settings: PipelineSettings,
  { augmentation, cache }: { augmentation?: AugmentationSettings | undefined; cache?: CacheMode } = {},
): PipelineStage[] {
  const stages: PipelineStage[] = [{ stage: 'from_tensor_slices', settings: { examples: source.count } }];
  if (settings.shuffleBuffer !== undefined)
    stages.push({
      stage: 'shuffle',
      settings: {
        buffer_size: settings.shuffleBuffer,
        seed: settings.seed,
        reshuffle_each_iteration: true,
      },
    });
  stages.push({
    stage: 'map',
    settings: {
      function: source.loading,
      shape: source.shape.join(' × '),
      num_parallel_calls: source.resident ? 1 : 'AUTOTUNE',
    },
  });
  if (!source.resident && cache) stages.push({ stage: 'cache', settings: { where: cache, dtype: 'uint8' } });
  if (augmentation) stages.push({ stage: 'augment', settings: { ...augmentation } });
  stages.push({ stage: 'batch', settings: { batch_size: settings.batchSize, drop_remainder: false } });
  stages.push({ stage: 'prefetch', settings: { buffer_size: settings.prefetch } });
  return stages;
}
