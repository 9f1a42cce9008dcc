import type { Tensor } from '../../graph/operation';
import type { GraphSession } from '../../graph/session/session';
import { EndOfSequenceError } from '../../graph/session/translate-error';
import type { TensorValue } from '../../graph/tensor-value';
import { augmentationEpoch, augments } from '../augmentation';
import { epochOrder, sequentialOrder } from '../epoch-order';
import type {
  ExampleSource,
  PipelinePosition,
  PipelineStage,
  SkippedExample,
  StageTime,
} from '../example-source';
import { StageClock } from '../stage-clock';
import { drawForEpoch } from './augment-pictures';
import type { GraphPipeline, GraphPipelineSettings } from './graph-pipeline';
import type { Sequence } from './sequence';

/** Data sets of the sequence: files are read in the first; the second, where there is one, takes all from memory. */
const fromFiles = 0;
const fromMemory = 1;

const noExamples = { order: new Int32Array(0), kept: new Int32Array(0), draws: new Float32Array(0) };

/** A column of the times that come with a batch. */
export interface MeasuredStage {
  stage: PipelineStage;
  /** What passes through it one at a time. */
  unit: StageTime['unit'];
}

interface Parts {
  /** In the order of the columns. */
  measured?: readonly MeasuredStage[];
  /** Where examples stay that were delivered once. */
  keeps?: 'memory' | 'disk';
  /** What the losses of a batch's examples are multiplied by. */
  weights?: (indices: Tensor) => Tensor;
  open(session: GraphSession): Promise<void>;
  dispose?(): Promise<void>;
}

/** Leads a sequence through the epochs: hands it the order, follows the position, and finds out what was left out. */
export class EpochWalk implements GraphPipeline {
  readonly inputs: Tensor;
  readonly answers: Tensor;
  readonly indices: Tensor;
  readonly weights?: Tensor;
  readonly stageTimes?: Tensor;
  readonly batchesPerEpoch: number;
  private session: GraphSession | undefined;
  private epoch = 0;
  private place = 0;
  private order: Int32Array;
  private started = false;
  private readonly unreadable = new Set<number>();
  /** 1 where an example was delivered, hence stands in the cache. */
  private readonly kept: Int32Array;
  private keptCount = 0;
  private skipped: SkippedExample[] = [];
  private readonly clock = new StageClock();

  constructor(
    readonly source: ExampleSource,
    private readonly settings: GraphPipelineSettings,
    private readonly sequence: Sequence,
    readonly stages: readonly PipelineStage[],
    private readonly parts: Parts,
  ) {
    const [inputs, answers, indices, stageTimes] = sequence.next;
    this.inputs = inputs!;
    this.answers = answers!;
    this.indices = indices!;
    if (parts.weights) this.weights = parts.weights(this.indices);
    if (stageTimes) this.stageTimes = stageTimes;
    this.batchesPerEpoch = Math.ceil(source.count / settings.batchSize);
    this.kept = new Int32Array(source.count);
    this.order = this.orderOf(0);
  }

  get position(): PipelinePosition {
    return { epoch: this.epoch, index: this.place };
  }

  async open(session: GraphSession): Promise<void> {
    this.session = session;
    this.sequence.open(session);
    await this.parts.open(session);
  }

  seek({ epoch, index }: PipelinePosition): void {
    if (epoch === this.epoch && index === this.place) return;
    if (epoch !== this.epoch) this.order = this.orderOf(epoch);
    this.epoch = epoch;
    this.place = index;
    this.started = false;
  }

  async next<T extends { indices: TensorValue; stageTimes?: TensorValue }>(
    step: () => T,
  ): Promise<T | 'end-of-epoch'> {
    if (!this.started) this.start();
    let result: T | undefined;
    if (this.started)
      try {
        result = step();
      } catch (error) {
        // The step may have drawn a batch before it failed.
        this.started = false;
        if (!(error instanceof EndOfSequenceError)) throw error;
      }
    if (result) {
      const indices = result.indices.data as Int32Array;
      if (result.stageTimes) this.noteTimes(result.stageTimes.floats(), indices.length);
      await this.follow(indices);
      return result;
    }
    await this.passOver(this.order.length);
    this.seek({ epoch: this.epoch + 1, index: 0 });
    return 'end-of-epoch';
  }

  takeSkipped(): SkippedExample[] {
    const taken = this.skipped;
    this.skipped = [];
    return taken;
  }

  takeStageTimes(): StageTime[] {
    return this.clock.take();
  }

  async dispose(): Promise<void> {
    // Whatever is being prepared ends with the iterator that asked for it.
    if (this.session && this.started) this.sequence.start(this.session, fromFiles, noExamples);
    this.started = false;
    await this.parts.dispose?.();
  }

  private orderOf(epoch: number): Int32Array {
    const { shuffleBuffer, seed } = this.settings;
    const { count } = this.source;
    return shuffleBuffer === undefined
      ? sequentialOrder(count)
      : epochOrder(seed, epoch, count, shuffleBuffer);
  }

  /** Begins at the place of now, unless nothing is left of the epoch. */
  private start(): void {
    if (!this.session) throw new Error('The pipeline was not opened.');
    const { augmentation, augmentationVariants, seed } = this.settings;
    const rest = this.order.subarray(this.place);
    const readable = this.unreadable.size > 0 ? rest.filter((index) => !this.unreadable.has(index)) : rest;
    if (readable.length === 0) return;
    const complete =
      this.parts.keeps === 'memory' && this.keptCount + this.unreadable.size === this.source.count;
    const kept =
      this.parts.keeps === 'disk'
        ? readable.map((index) => this.kept[index]!)
        : new Int32Array(readable.length);
    const draws =
      augmentation && augments(augmentation)
        ? drawForEpoch(augmentation, seed, augmentationEpoch(this.epoch, augmentationVariants), readable)
        : new Float32Array(0);
    this.sequence.start(this.session, complete ? fromMemory : fromFiles, { order: readable, kept, draws });
    this.started = true;
  }

  private noteTimes(times: Float32Array, examples: number): void {
    const { measured = [] } = this.parts;
    measured.forEach(({ stage, unit }, column) => {
      let milliseconds = 0;
      for (let at = column; at < times.length; at += measured.length) milliseconds += times[at]!;
      if (milliseconds > 0)
        this.clock.add(this.stages.indexOf(stage), unit, unit === 'batch' ? 1 : examples, milliseconds);
    });
  }

  /** Moves behind the last example of a batch; examples between that the batch lacks could not be read. */
  private async follow(indices: Int32Array): Promise<void> {
    for (const index of indices) {
      await this.passOver(this.order.indexOf(index, this.place));
      this.place++;
      if (this.kept[index] === 0) {
        this.kept[index] = 1;
        this.keptCount++;
      }
    }
  }

  private async passOver(end: number): Promise<void> {
    for (; this.place < end; this.place++) {
      const index = this.order[this.place]!;
      if (this.unreadable.has(index)) continue;
      this.unreadable.add(index);
      this.skipped.push({ file: this.source.name(index), reason: await this.reason(index) });
    }
  }

  /** TensorFlow leaves an example out without a word; the plain decoder says what is wrong with it. */
  private async reason(index: number): Promise<string> {
    try {
      await this.source.load(index);
      return "TensorFlow's decoder refuses it";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
