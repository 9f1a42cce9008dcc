import type { PipelineStage } from '../../contract/run';
import type { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import type { FeedValue } from '../../graph/session/feed-value';
import type { TensorValue } from '../../graph/tensor-value';
import { epochOrder, sequentialOrder } from '../../pipeline/epoch-order';
import type {
  ExampleSource,
  PipelinePosition,
  SkippedExample,
  StageTime,
} from '../../pipeline/example-source';
import type { DrawnBatch, StepData } from '../graph/step-data';
import type { PreparingReport } from '../program';
import type { FeatureSet } from './feature-set';

export interface FeatureDataOptions {
  name: string;
  source: ExampleSource;
  shape: readonly number[];
  set: FeatureSet;
  stages: () => readonly PipelineStage[];
  /** Of the order; absent: as they come. */
  shuffle?: { seed: number; buffer: number } | undefined;
  batchSize: number;
  /** Which variant an epoch sees. */
  variantOf(epoch: number): number;
}

interface Gathered {
  indices: Int32Array;
  values: Float32Array;
  /** When the values are read. */
  ready: void | Promise<void>;
  /** Place behind the last example that was looked at. */
  end: number;
}

/** Batches of features, in the order and with the gaps that examples themselves would come in. */
export class FeatureData implements StepData {
  readonly inputs: Tensor;
  readonly answers: Tensor;
  readonly weights: Tensor | undefined;
  readonly fetches = {};
  readonly drawsInside = false;
  readonly batchesPerEpoch: number;
  private readonly width: number;
  private epoch = 0;
  private place = 0;
  private order: Int32Array;
  private ahead: Gathered | undefined;
  private readonly named = new Set<number>();
  private skipped: SkippedExample[] = [];

  constructor(
    graph: Graph,
    private readonly options: FeatureDataOptions,
  ) {
    const { batchSize, name, shape, source } = options;
    this.inputs = graph.placeholder('float32', [null, ...shape], `${name}/features`);
    this.answers = graph.placeholder('float32', [null], `${name}/answers`);
    if (source.weight) this.weights = graph.placeholder('float32', [null], `${name}/weights`);
    this.batchesPerEpoch = Math.ceil(source.count / batchSize);
    this.width = shape.reduce((product, size) => product * size, 1);
    this.order = this.orderOf(0);
  }

  get feeds(): readonly Tensor[] {
    return [this.inputs, this.answers, ...(this.weights ? [this.weights] : [])];
  }

  get source(): ExampleSource {
    return this.options.source;
  }

  get stages(): readonly PipelineStage[] {
    return this.options.stages();
  }

  get position(): PipelinePosition {
    return { epoch: this.epoch, index: this.place };
  }

  async open(): Promise<void> {}

  prepare(): Promise<PreparingReport | undefined> {
    return this.options.set.advance(this.options.variantOf(this.epoch));
  }

  async next<T extends Readonly<Record<string, TensorValue>>>(
    call: (values: readonly FeedValue[]) => T,
  ): Promise<DrawnBatch<T> | 'end-of-epoch'> {
    const asked = performance.now();
    const { indices, values, ready, end } = this.ahead ?? this.gather(this.place);
    this.ahead = undefined;
    this.nameMissing(this.place, end);
    if (indices.length === 0) {
      this.seek({ epoch: this.epoch + 1, index: 0 });
      return 'end-of-epoch';
    }
    if (ready) {
      await ready;
      // Is read while the call computes.
      this.ahead = this.gather(end);
      // Whoever awaits it hears of it.
      (this.ahead.ready as Promise<void> | undefined)?.catch(() => {});
    }
    const { source } = this.options;
    const answers = Float32Array.from(indices, (index) => source.answer(index));
    const weights = source.weight ? [Float32Array.from(indices, (index) => source.weight?.(index) ?? 1)] : [];
    const waitMilliseconds = performance.now() - asked;
    const result = call([values, answers, ...weights]);
    this.place = end;
    return { result, indices, waitMilliseconds };
  }

  seek({ epoch, index }: PipelinePosition): void {
    if (epoch !== this.epoch) this.order = this.orderOf(epoch);
    this.epoch = epoch;
    this.place = index;
    this.ahead = undefined;
  }

  takeSkipped(): SkippedExample[] {
    const taken = this.skipped;
    this.skipped = [];
    return taken;
  }

  takeStageTimes(): StageTime[] {
    return this.options.set.takeStageTimes();
  }

  dispose(): Promise<void> {
    return this.options.set.dispose();
  }

  private orderOf(epoch: number): Int32Array {
    const { shuffle, source } = this.options;
    return shuffle
      ? epochOrder(shuffle.seed, epoch, source.count, shuffle.buffer)
      : sequentialOrder(source.count);
  }

  /** The examples of a batch that begins at a place; none at the end. */
  private gather(start: number): Gathered {
    const { batchSize, set, variantOf } = this.options;
    const chosen: number[] = [];
    let end = start;
    while (chosen.length < batchSize && end < this.order.length) {
      const index = this.order[end++]!;
      if (set.reasonForMissing(index) === undefined) chosen.push(index);
    }
    const indices = Int32Array.from(chosen);
    const values = new Float32Array(indices.length * this.width);
    const ready = indices.length > 0 ? set.rows(variantOf(this.epoch)).read(indices, values) : undefined;
    return { indices, values, ready, end };
  }

  private nameMissing(start: number, end: number): void {
    const { set, source } = this.options;
    for (let place = start; place < end; place++) {
      const index = this.order[place]!;
      const reason = set.reasonForMissing(index);
      if (reason === undefined || this.named.has(index)) continue;
      this.named.add(index);
      this.skipped.push({ file: source.name(index), reason });
    }
  }
}
