import type { Tensor } from '../../graph/operation';
import type { Opening } from '../../graph/session/opening';
import type { GraphSession } from '../../graph/session/session';
import { EndOfSequenceError } from '../../graph/session/translate-error';
import type { TensorValue } from '../../graph/tensor-value';
import { type AugmentationSettings, augmentationEpoch, augments } from '../augmentation';
import { epochOrder, sequentialOrder } from '../epoch-order';
import type {
  ExampleSource,
  PipelinePosition,
  PipelineStage,
  SkippedExample,
  StageTime,
} from '../example-source';
import { StageClock } from '../stage-clock';
import { drawForEpoch, numbersPerPicture } from './augment-pictures';
import type { GraphPipeline, GraphPipelineSettings } from './graph-pipeline';
import type { Sequence, SequenceColumns } from './sequence';

/** From memory, epochs are handed over together until they have so many examples: a new iterator costs as much as some hundred pictures. */
const examplesAtOnce = 8192;

const nothing: SequenceColumns = {
  order: new Int32Array(0),
  kept: new Int32Array(0),
  draws: new Float32Array(0),
  batches: new Int32Array(0),
};

/** A column of the times that come with a batch. */
export interface MeasuredStage {
  stage: PipelineStage;
  /** What passes through it one at a time. */
  unit: StageTime['unit'];
}

interface Parts {
  /** Data sets of the sequence, by where they take the examples from; what is missing is never used. */
  datasets: { files?: number; memory?: number };
  /** Where examples stay that were delivered once. */
  keeps?: 'memory' | 'disk';
  /** What the losses of a batch's examples are multiplied by. */
  weights?: (indices: Tensor) => Tensor;
  /** In the order of the columns. */
  measured?: readonly MeasuredStage[];
  open(opening: Opening): Promise<void>;
  dispose?(): Promise<void>;
}

/** Leads a sequence through the epochs: hands it the order, follows the position, and finds out what was left out. */
export class EpochWalk implements GraphPipeline {
  readonly inputs: Tensor;
  readonly answers: Tensor;
  readonly indices: Tensor;
  readonly asked: Tensor;
  readonly weights?: Tensor;
  readonly stageTimes?: Tensor;
  readonly batchesPerEpoch: number;
  private session: GraphSession | undefined;
  private epoch = 0;
  private place = 0;
  private order: Int32Array;
  /** Where the iterator takes its examples from, while one runs that stands at the position. */
  private running: 'files' | 'memory' | undefined;
  /** Orders of the epochs that the iterator goes on with after this one. */
  private following: Int32Array[] = [];
  private readonly augmentation: AugmentationSettings | undefined;
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
    this.asked = sequence.asked;
    if (parts.weights) this.weights = parts.weights(this.indices);
    if (stageTimes) this.stageTimes = stageTimes;
    this.batchesPerEpoch = Math.ceil(source.count / settings.batchSize);
    this.kept = new Int32Array(source.count);
    const { augmentation } = settings;
    this.augmentation = augmentation && augments(augmentation) ? augmentation : undefined;
    this.order = this.orderOf(0);
  }

  get position(): PipelinePosition {
    return { epoch: this.epoch, index: this.place };
  }

  async open(opening: Opening): Promise<void> {
    opening.afterwards((session) => {
      this.session = session;
    });
    this.sequence.open(opening);
    await this.parts.open(opening);
  }

  seek({ epoch, index }: PipelinePosition): void {
    if (epoch === this.epoch && index === this.place) return;
    const changes = this.settings.shuffleBuffer !== undefined || this.augmentation !== undefined;
    if (epoch !== this.epoch && changes) this.order = this.orderOf(epoch);
    // What is the same in every epoch goes on where it stands, whatever the epoch is called.
    if (changes || index !== this.place) this.halt();
    this.epoch = epoch;
    this.place = index;
  }

  async next<T extends { indices: TensorValue; stageTimes?: TensorValue }>(
    step: () => T,
  ): Promise<T | 'end-of-epoch'> {
    if (!this.running) this.start();
    let result: T | undefined;
    if (this.running && this.isMore())
      try {
        result = step();
      } catch (error) {
        // The step may have drawn a batch before it failed.
        this.halt();
        if (!(error instanceof EndOfSequenceError)) throw error;
      }
    if (result) {
      const indices = result.indices.data as Int32Array;
      if (result.stageTimes) this.noteTimes(result.stageTimes.floats(), indices.length);
      await this.follow(indices);
      return result;
    }
    await this.passOver(this.order.length);
    this.beginNextEpoch();
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
    if (this.session && this.running) this.sequence.start(this.session, 0, nothing);
    this.halt();
    await this.parts.dispose?.();
  }

  private orderOf(epoch: number): Int32Array {
    const { shuffleBuffer, seed } = this.settings;
    const { count } = this.source;
    return shuffleBuffer === undefined
      ? sequentialOrder(count)
      : epochOrder(seed, epoch, count, shuffleBuffer);
  }

  private halt(): void {
    this.running = undefined;
    this.following = [];
  }

  private beginNextEpoch(): void {
    this.epoch++;
    this.place = 0;
    const following = this.following.shift();
    if (!following) this.halt();
    this.order = following ?? this.orderOf(this.epoch);
  }

  /** An iterator over files ends with the epoch; one over memory may go on with the next. */
  private isMore(): boolean {
    if (this.running === 'files') return true;
    for (let place = this.place; place < this.order.length; place++)
      if (!this.unreadable.has(this.order[place]!)) return true;
    return false;
  }

  private readable(order: Int32Array): Int32Array {
    return this.unreadable.size > 0 ? order.filter((index) => !this.unreadable.has(index)) : order;
  }

  /** Begins at the place of now, unless nothing is left of the epoch. */
  private start(): void {
    const { session } = this;
    if (!session) throw new Error('The pipeline was not opened.');
    const first = this.readable(this.order.subarray(this.place));
    if (first.length === 0) return;
    const { datasets, keeps } = this.parts;
    const isComplete = keeps === 'memory' && this.keptCount + this.unreadable.size === this.source.count;
    if (datasets.memory !== undefined && (isComplete || datasets.files === undefined)) {
      this.running = 'memory';
      this.sequence.start(session, datasets.memory, this.columnsOf(this.withFollowing(first)));
    } else {
      this.running = 'files';
      this.sequence.start(session, datasets.files!, this.columnsOf([first]));
    }
  }

  /** The rest of this epoch and the epochs that follow, until there are enough examples. */
  private withFollowing(first: Int32Array): Int32Array[] {
    const epochs = [first];
    for (let examples = first.length; examples < examplesAtOnce; ) {
      const order = this.orderOf(this.epoch + epochs.length);
      this.following.push(order);
      const readable = this.readable(order);
      epochs.push(readable);
      examples += readable.length;
    }
    return epochs;
  }

  /** @param epochs what is to come of this epoch and of those after it */
  private columnsOf(epochs: readonly Int32Array[]): SequenceColumns {
    const { augmentationVariants, batchSize, seed } = this.settings;
    const count = epochs.reduce((sum, { length }) => sum + length, 0);
    const order = new Int32Array(count);
    const batches: number[] = [];
    const draws = new Float32Array(this.augmentation ? count * numbersPerPicture : 0);
    let row = 0;
    for (const [ahead, indices] of epochs.entries()) {
      order.set(indices, row);
      if (this.augmentation) {
        const variant = augmentationEpoch(this.epoch + ahead, augmentationVariants);
        const drawn = drawForEpoch(this.augmentation, seed, variant, indices, this.source.shape);
        draws.set(drawn, row * numbersPerPicture);
      }
      for (let begin = 0; begin < indices.length; begin += batchSize)
        batches.push(row + begin, Math.min(batchSize, indices.length - begin));
      row += indices.length;
    }
    const kept =
      this.parts.keeps === 'disk' ? order.map((index) => this.kept[index]!) : new Int32Array(count);
    return { order, kept, draws, batches: Int32Array.from(batches) };
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
