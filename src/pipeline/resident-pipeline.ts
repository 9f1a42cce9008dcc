import { epochOrder, sequentialOrder } from './epoch-order';
import type {
  Batch,
  ExamplePipeline,
  ExampleSource,
  PipelinePosition,
  PipelineStage,
  SkippedExample,
  StageTime,
} from './example-source';
import type { PipelineSettings } from './plain-pipeline';
import { StageClock } from './stage-clock';
import { activeTrace } from './tracing';

/** Rows shorter than this are copied faster element by element than by a call each. */
const longRow = 256;

/** A source whose examples stand in one array. */
export type ResidentSource = ExampleSource & { rows: Float32Array | Int32Array };

export function isResident(source: ExampleSource): source is ResidentSource {
  return source.rows !== undefined;
}

/** Examples in batches from an array of all of them: shuffle -> batch. Nothing is waited for, and nothing can be missing. */
export class ResidentPipeline implements ExamplePipeline {
  readonly stages: readonly PipelineStage[];
  readonly batchesPerEpoch: number;
  private readonly width: number;
  private readonly batchPlace: number;
  private readonly clock = new StageClock();
  private epoch = 0;
  private order: Int32Array;
  private place = 0;

  constructor(
    readonly source: ResidentSource,
    private readonly settings: PipelineSettings,
    /** With one named `batch`. */
    stages: readonly PipelineStage[],
  ) {
    this.stages = stages;
    this.batchPlace = stages.findIndex(({ stage }) => stage === 'batch');
    this.width = source.shape.reduce((product, size) => product * size, 1);
    this.batchesPerEpoch = Math.ceil(source.count / settings.batchSize);
    this.order = this.orderOf(0);
  }

  get position(): PipelinePosition {
    return { epoch: this.epoch, index: this.place };
  }

  seek(position: PipelinePosition): void {
    if (position.epoch !== this.epoch) this.order = this.orderOf(position.epoch);
    this.epoch = position.epoch;
    this.place = position.index;
  }

  takeSkipped(): SkippedExample[] {
    return [];
  }

  takeStageTimes(): StageTime[] {
    return this.clock.take();
  }

  async next(): Promise<Batch | 'end-of-epoch'> {
    const indices = this.draw();
    if (indices === 'end-of-epoch') return indices;
    const begin = performance.now();
    const batch = this.assemble(indices);
    const end = performance.now();
    this.clock.add(this.batchPlace, 'batch', 0, end - begin);
    activeTrace()?.span('pipeline', 'batch', begin, end);
    return batch;
  }

  /** As `next`, but the numbers of the batch's examples alone. */
  draw(): Int32Array | 'end-of-epoch' {
    const begin = performance.now();
    const indices = this.order.slice(this.place, this.place + this.settings.batchSize);
    if (indices.length === 0) {
      this.seek({ epoch: this.epoch + 1, index: 0 });
      return 'end-of-epoch';
    }
    this.place += indices.length;
    this.clock.add(this.batchPlace, 'batch', 1, performance.now() - begin);
    return indices;
  }

  async dispose(): Promise<void> {
    this.seek({ epoch: this.epoch, index: this.order.length });
  }

  private assemble(indices: Int32Array): Batch {
    const { source, width } = this;
    const { rows } = source;
    const size = indices.length;
    const inputs = rows instanceof Int32Array ? new Int32Array(size * width) : new Float32Array(size * width);
    const answers = new Float32Array(size);
    for (let row = 0; row < size; row++) {
      const index = indices[row]!;
      answers[row] = source.answer(index);
      const from = index * width;
      const to = row * width;
      if (width < longRow)
        for (let column = 0; column < width; column++) inputs[to + column] = rows[from + column]!;
      else inputs.set(rows.subarray(from, from + width), to);
    }
    return {
      inputs,
      answers,
      ...(source.weight ? { weights: Float32Array.from(indices, (index) => source.weight!(index)) } : {}),
      indices,
      size,
    };
  }

  private orderOf(epoch: number): Int32Array {
    const { shuffleBuffer, seed } = this.settings;
    return shuffleBuffer === undefined
      ? sequentialOrder(this.source.count)
      : epochOrder(seed, epoch, this.source.count, shuffleBuffer);
  }
}
