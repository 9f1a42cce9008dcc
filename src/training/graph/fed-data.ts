import type { SplitName } from '../../contract/dataset';
import type { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import type { FeedValue } from '../../graph/session/feed-value';
import type { TensorValue } from '../../graph/tensor-value';
import type { PipelinePosition, SkippedExample, StageTime } from '../../pipeline/example-source';
import { ResidentPipeline } from '../../pipeline/resident-pipeline';
import type { SplitData } from '../split-data';
import { fitsSession, RowData } from './row-data';
import type { DrawnBatch, GraphData, StepData } from './step-data';

/** Batches of the plain pipeline, handed over as feeds: for examples that TensorFlow can't read itself. */
export class FedData implements StepData {
  readonly inputs: Tensor;
  readonly answers: Tensor;
  readonly weights: Tensor | undefined;
  readonly fetches = {};
  readonly drawsInside = false;

  constructor(
    graph: Graph,
    private readonly data: SplitData,
    name: string,
    weighted: boolean,
  ) {
    const { shape, dtype } = data.source;
    this.inputs = graph.placeholder(dtype, [null, ...shape], `${name}/inputs`);
    this.answers = graph.placeholder('float32', [null], `${name}/answers`);
    if (weighted) this.weights = graph.placeholder('float32', [null], `${name}/weights`);
  }

  get feeds(): readonly Tensor[] {
    return [this.inputs, this.answers, ...(this.weights ? [this.weights] : [])];
  }

  get source() {
    return this.data.source;
  }

  get stages() {
    return this.data.pipeline.stages;
  }

  get batchesPerEpoch(): number {
    return this.data.pipeline.batchesPerEpoch;
  }

  get position(): PipelinePosition {
    return this.data.pipeline.position;
  }

  async open(): Promise<void> {}

  async next<T extends Readonly<Record<string, TensorValue>>>(
    call: (values: readonly FeedValue[]) => T,
  ): Promise<DrawnBatch<T> | 'end-of-epoch'> {
    const asked = performance.now();
    const batch = await this.data.pipeline.next();
    if (batch === 'end-of-epoch') return batch;
    const waitMilliseconds = performance.now() - asked;
    const values = [batch.inputs, batch.answers, ...(this.weights ? [batch.weights!] : [])];
    return { result: call(values), indices: batch.indices, waitMilliseconds };
  }

  seek(position: PipelinePosition): void {
    this.data.pipeline.seek(position);
  }

  takeSkipped(): SkippedExample[] {
    return this.data.pipeline.takeSkipped();
  }

  takeStageTimes(): StageTime[] {
    return this.data.pipeline.takeStageTimes();
  }

  dispose(): Promise<void> {
    return this.data.pipeline.dispose();
  }
}

/** Emits what all splits need: rows in one array are put into the session, other examples are fed. */
export function feedSplits(
  graph: Graph,
  { train, heldOut }: { train: SplitData; heldOut: Partial<Record<SplitName, SplitData>> },
): GraphData {
  const emit = (data: SplitData, name: string, weighted: boolean): StepData => {
    const { pipeline } = data;
    return pipeline instanceof ResidentPipeline && fitsSession(pipeline)
      ? new RowData(graph, pipeline, name, weighted)
      : new FedData(graph, data, name, weighted);
  };
  const entries = Object.entries(heldOut) as [SplitName, SplitData][];
  return {
    train: emit(train, 'train', train.source.weight !== undefined),
    heldOut: Object.fromEntries(entries.map(([split, data]) => [split, emit(data, split, false)])),
  };
}
