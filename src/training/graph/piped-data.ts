import type { FeedValue } from '../../graph/session/feed-value';
import type { Opening } from '../../graph/session/opening';
import type { TensorValue } from '../../graph/tensor-value';
import type { PipelinePosition, SkippedExample, StageTime } from '../../pipeline/example-source';
import type { GraphPipeline } from '../../pipeline/graph/graph-pipeline';
import type { DrawnBatch, StepData } from './step-data';

/** Batches that a tf.data pipeline in the same graph makes: JavaScript sees their numbers alone. */
export class PipedData implements StepData {
  readonly feeds = [];
  readonly drawsInside = true;

  constructor(private readonly pipeline: GraphPipeline) {}

  get inputs() {
    return this.pipeline.inputs;
  }

  get answers() {
    return this.pipeline.answers;
  }

  get weights() {
    return this.pipeline.weights;
  }

  get asked() {
    return this.pipeline.asked;
  }

  get fetches() {
    const { indices, stageTimes } = this.pipeline;
    return { indices, ...(stageTimes ? { stageTimes } : {}) };
  }

  get source() {
    return this.pipeline.source;
  }

  get stages() {
    return this.pipeline.stages;
  }

  get batchesPerEpoch(): number {
    return this.pipeline.batchesPerEpoch;
  }

  get position(): PipelinePosition {
    return this.pipeline.position;
  }

  open(opening: Opening): Promise<void> {
    return this.pipeline.open(opening);
  }

  async next<T extends Readonly<Record<string, TensorValue>>>(
    call: (values: readonly FeedValue[]) => T,
  ): Promise<DrawnBatch<T> | 'end-of-epoch'> {
    const drawn = await this.pipeline.next(() => call([]) as T & { indices: TensorValue });
    if (drawn === 'end-of-epoch') return drawn;
    return { result: drawn, indices: drawn.indices.data as Int32Array, waitMilliseconds: 0 };
  }

  seek(position: PipelinePosition): void {
    this.pipeline.seek(position);
  }

  takeSkipped(): SkippedExample[] {
    return this.pipeline.takeSkipped();
  }

  takeStageTimes(): StageTime[] {
    return this.pipeline.takeStageTimes();
  }

  dispose(): Promise<void> {
    return this.pipeline.dispose();
  }
}
