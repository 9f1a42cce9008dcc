import type { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import type { FeedValue } from '../../graph/session/feed-value';
import type { Opening } from '../../graph/session/opening';
import type { TensorValue } from '../../graph/tensor-value';
import type { PipelinePosition, SkippedExample, StageTime } from '../../pipeline/example-source';
import { SessionTensor } from '../../pipeline/graph/session-tensor';
import type { ResidentPipeline } from '../../pipeline/resident-pipeline';
import type { DrawnBatch, StepData } from './step-data';

/** Rows that are larger together are fed batch by batch: in the session they stand a second time. */
const largestBytes = 512 * 1024 * 1024;

export function fitsSession({ source }: ResidentPipeline): boolean {
  return source.count > 0 && source.rows.byteLength <= largestBytes;
}

/** Rows that live in the session: a step is fed their numbers alone. */
export class RowData implements StepData {
  readonly inputs: Tensor;
  readonly answers: Tensor;
  readonly weights: Tensor | undefined;
  readonly feeds: readonly Tensor[];
  readonly fetches = {};
  readonly drawsInside = false;
  private readonly rows: SessionTensor;
  /** One number an example. */
  private readonly columns: { values: SessionTensor; of: (index: number) => number }[] = [];

  constructor(
    graph: Graph,
    private readonly pipeline: ResidentPipeline,
    name: string,
    weighted: boolean,
  ) {
    const { source } = pipeline;
    const { count, shape, dtype } = source;
    this.rows = new SessionTensor(graph, `${name}/rows`, dtype, [count, ...shape]);
    const indices = graph.placeholder('int32', [null], `${name}/indices`);
    this.feeds = [indices];
    this.inputs = this.rows.gather(this.rows.handle, indices);
    const column = (columnName: string, of: (index: number) => number): Tensor => {
      const values = new SessionTensor(graph, `${name}/${columnName}`, 'float32', [count]);
      this.columns.push({ values, of });
      return values.gather(values.handle, indices);
    };
    this.answers = column('answers', (index) => source.answer(index));
    if (weighted) this.weights = column('weights', (index) => source.weight?.(index) ?? 1);
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

  async open(opening: Opening): Promise<void> {
    const { rows, shape } = this.source;
    const width = shape.reduce((product, size) => product * size, 1);
    this.rows.fill(opening, (index) => rows.subarray(index * width, (index + 1) * width));
    for (const { values, of } of this.columns) values.fill(opening, (index) => Float32Array.of(of(index)));
  }

  async next<T extends Readonly<Record<string, TensorValue>>>(
    call: (values: readonly FeedValue[]) => T,
  ): Promise<DrawnBatch<T> | 'end-of-epoch'> {
    const indices = this.pipeline.draw();
    if (indices === 'end-of-epoch') return indices;
    return { result: call([indices]), indices, waitMilliseconds: 0 };
  }

  seek(position: PipelinePosition): void {
    this.pipeline.seek(position);
  }

  takeSkipped(): SkippedExample[] {
    return [];
  }

  takeStageTimes(): StageTime[] {
    return this.pipeline.takeStageTimes();
  }

  dispose(): Promise<void> {
    return this.pipeline.dispose();
  }
}
