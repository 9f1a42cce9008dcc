import { Dataset } from '../../graph/data/dataset';
import type { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import type { Opening } from '../../graph/session/opening';
import type { GraphSession } from '../../graph/session/session';
import { TensorValue } from '../../graph/tensor-value';
import { ReadColumn } from './read-column';

/** What the stages are built on. */
export interface SequenceStart {
  /**
   * One element an example: its number (int32 []), 1 if it stands in the disk cache (int32 []), and what augmentation does
   * to it (float32 [numbers]; none without augmentation).
   */
  examples: Dataset;
  /** One element a batch: its first row and its rows (int32 [2]), for `rowsOf`. */
  batches: Dataset;
  /** For functions that call `rowsOf`. */
  captured: readonly Tensor[];
  /** Numbers (int32 [size]) and draws (float32 [size, numbers]) of a batch; `captured` as the function got them. */
  rowsOf(batch: Tensor, captured: readonly Tensor[]): { indices: Tensor; drawn: Tensor };
}

export type BuildStages = (start: SequenceStart) => Dataset;

/** What is handed over when a data set begins. */
export interface SequenceColumns {
  /** Numbers of the examples in their order. */
  order: Int32Array;
  /** 1 where an example stands in the disk cache. */
  kept: Int32Array;
  /** [examples, numbers]. */
  draws: Float32Array;
  /** First row and rows of each batch. */
  batches: Int32Array;
}

/**
 * One iterator over different data sets of equal elements. The data sets are made once and kept in variables: TensorFlow
 * optimizes a data set when its first iterator is made, which costs as much as some hundred pictures. What they go
 * through therefore lies in variables too, which the data sets read when they begin.
 */
export class Sequence {
  /** Components of an element. */
  readonly next: readonly Tensor[];
  /** When the element was asked for: seconds, float64 []. */
  readonly asked: Tensor;
  private readonly made: Tensor;
  private readonly starts: readonly Tensor[];
  private readonly columns: Readonly<Record<keyof SequenceColumns, ReadColumn>>;

  /** @param numbers how many numbers augmentation needs of an example */
  constructor(
    graph: Graph,
    name: string,
    private readonly numbers: number,
    builds: readonly BuildStages[],
  ) {
    const columns = {
      order: new ReadColumn(graph, `${name}/order`, 'int32', []),
      kept: new ReadColumn(graph, `${name}/kept`, 'int32', []),
      draws: new ReadColumn(graph, `${name}/draws`, 'float32', [numbers]),
      batches: new ReadColumn(graph, `${name}/batches`, 'int32', [2]),
    };
    const { order, kept, draws, batches } = columns;
    const { asked, made, next, starts } = graph.scope(name, () => {
      const start: SequenceStart = {
        examples: readWhenBegun(graph, `${name}_examples`, [order, kept, draws]),
        batches: readWhenBegun(graph, `${name}_batches`, [batches]),
        captured: [order.handle, draws.handle],
        rowsOf: (batch, [orderHandle, drawsHandle]) => {
          const part = (place: number) => ops.slice(batch, [place], [1]);
          const width = batch.graph.constant([numbers], 'int32');
          return {
            indices: ops.slice(order.read(orderHandle!), part(0), part(1)),
            drawn: ops.slice(
              draws.read(drawsHandle!),
              ops.concat([part(0), batch.graph.constant([0], 'int32')], 0),
              ops.concat([part(1), width], 0),
            ),
          };
        },
      };
      const datasets = builds.map((build) => build(start).fixed());
      const { elements } = datasets[0]!;
      const types = {
        output_types: elements.map(({ dtype }) => dtype),
        output_shapes: elements.map(({ shape }) => shape),
      };
      const iterator = graph.op('IteratorV2', [], { shared_name: name, container: '', ...types }).output;
      const handles = datasets.map((_, index) => {
        const attributes = { dtype: 'variant', shape: [], shared_name: `${name}/dataset_${index}` };
        return graph.op('VarHandleOp', [], attributes).output;
      });
      const assigned = Object.values(columns).map((column) => column.assigned);
      const keep = datasets.map((dataset, index) =>
        graph.op('AssignVariableOp', [handles[index]!, dataset.variant], { dtype: 'variant' }),
      );
      const begin = handles.map((handle) =>
        graph.after(assigned, () => {
          const dataset = graph.op('ReadVariableOp', [handle], { dtype: 'variant' }).output;
          return graph.group([graph.op('MakeIterator', [dataset, iterator])], 'started');
        }),
      );
      const asking = ops.timestamp(graph);
      return {
        asked: asking,
        made: graph.group(keep, 'made'),
        next: graph.op('IteratorGetNext', [iterator], types, { name: 'next', control: [asking] }).outputs,
        starts: begin,
      };
    });
    this.made = made;
    this.next = next;
    this.asked = asked;
    this.starts = starts;
    this.columns = columns;
  }

  /** Once, after the session has loaded the graph. */
  open(opening: Opening): void {
    opening.add(this.made);
  }

  /** Begins data set number `which` with these columns; what an earlier one had prepared is dropped. */
  start(session: GraphSession, which: number, { order, kept, draws, batches }: SequenceColumns): void {
    session.fetch(this.starts[which]!, [
      [this.columns.order.fed, order],
      [this.columns.kept.fed, kept],
      [this.columns.draws.fed, new TensorValue('float32', [order.length, this.numbers], draws)],
      [this.columns.batches.fed, new TensorValue('int32', [batches.length / 2, 2], batches)],
    ]);
  }
}

/** The rows of the columns, as they are when the data set begins. */
function readWhenBegun(graph: Graph, name: string, columns: readonly ReadColumn[]): Dataset {
  const once = Dataset.range(graph, 0, 1);
  const parameters = columns.map((_, index) => ({
    name: `column_${index}`,
    dtype: 'resource' as const,
    shape: [],
  }));
  const read = graph.defineFunction(
    name,
    [{ name: 'zero', dtype: 'int64', shape: [] }, ...parameters],
    ([, ...handles]) => {
      const values = columns.map((column, index) => column.read(handles[index]!));
      return [Dataset.fromTensorSlices(values).variant];
    },
  );
  const elements = columns.map(({ dtype, shape }) => ({ dtype, shape: shape.slice(1) }));
  const variant = graph.op('FlatMapDataset', [once.variant, columns.map((column) => column.handle)], {
    f: read,
    Targuments: columns.map(() => 'resource' as const),
    output_types: elements.map(({ dtype }) => dtype),
    output_shapes: elements.map(({ shape }) => shape),
  }).output;
  return new Dataset(variant, elements);
}
