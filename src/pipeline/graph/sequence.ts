import { Dataset } from '../../graph/data/dataset';
import type { Graph } from '../../graph/graph';
import type { Operation, Tensor } from '../../graph/operation';
import type { GraphSession } from '../../graph/session/session';
import { TensorValue } from '../../graph/tensor-value';

/**
 * What the stages are built on, one element an example: its number (int32), 1 if it stands in the disk cache (int32),
 * and what augmentation does to it (float32 [numbers]; none without augmentation).
 */
export type BuildStages = (examples: Dataset) => Dataset;

/** What is handed over when an epoch begins. */
export interface EpochColumns {
  order: Int32Array;
  kept: Int32Array;
  draws: Float32Array;
}

/**
 * One iterator over different data sets of equal elements. The data sets are made once and kept in variables: TensorFlow
 * optimizes a data set when its first iterator is made, which costs as much as some hundred pictures. An epoch's columns
 * therefore lie in variables too, which the data sets read when they begin.
 */
export class Sequence {
  /** inputs, answers, indices of a batch. */
  readonly next: readonly Tensor[];
  private readonly made: Tensor;
  private readonly starts: readonly Tensor[];
  private readonly columns: readonly Column[];

  /** @param numbers how many numbers augmentation needs of an example */
  constructor(
    graph: Graph,
    name: string,
    private readonly numbers: number,
    builds: readonly BuildStages[],
  ) {
    const columns = [
      new Column(graph, `${name}/order`, 'int32', []),
      new Column(graph, `${name}/kept`, 'int32', []),
      new Column(graph, `${name}/draws`, 'float32', [numbers]),
    ];
    const { made, next, starts } = graph.scope(name, () => {
      const examples = readWhenBegun(graph, name, columns);
      const datasets = builds.map((build) => build(examples));
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
      const kept = datasets.map((dataset, index) =>
        graph.op('AssignVariableOp', [handles[index]!, dataset.variant], { dtype: 'variant' }),
      );
      const assigned = columns.map((column) => column.assigned);
      const starts = handles.map((handle) =>
        graph.after(assigned, () => {
          const dataset = graph.op('ReadVariableOp', [handle], { dtype: 'variant' }).output;
          return graph.group([graph.op('MakeIterator', [dataset, iterator])], 'started');
        }),
      );
      return {
        made: graph.group(kept, 'made'),
        next: graph.op('IteratorGetNext', [iterator], types, { name: 'next' }).outputs,
        starts,
      };
    });
    this.made = made;
    this.next = next;
    this.starts = starts;
    this.columns = columns;
  }

  /** Once, after the session has loaded the graph. */
  open(session: GraphSession): void {
    session.fetch(this.made);
  }

  /** Begins data set number `which` with these examples; what an earlier one had prepared is dropped. */
  start(session: GraphSession, which: number, { order, kept, draws }: EpochColumns): void {
    const [orderFeed, keptFeed, drawsFeed] = this.columns.map((column) => column.fed);
    session.fetch(this.starts[which]!, [
      [orderFeed!, order],
      [keptFeed!, kept],
      [drawsFeed!, new TensorValue('float32', [order.length, this.numbers], draws)],
    ]);
  }
}

/** A variable of any number of rows that is fed anew for each epoch. */
class Column {
  readonly handle: Tensor;
  readonly fed: Tensor;
  readonly assigned: Operation;
  readonly shape: readonly (number | null)[];

  constructor(
    graph: Graph,
    name: string,
    readonly dtype: 'int32' | 'float32',
    row: readonly number[],
  ) {
    this.shape = [null, ...row];
    const { shape } = this;
    const made = graph.scope(name, () => {
      const handle = graph.op('VarHandleOp', [], { dtype, shape, shared_name: name }).output;
      const fed = graph.placeholder(dtype, shape, 'fed');
      // What is fed lives as long as the call; the epoch goes on reading it.
      const copy = graph.op('DeepCopy', [fed]).output;
      return { handle, fed, assigned: graph.op('AssignVariableOp', [handle, copy], { dtype }) };
    });
    this.handle = made.handle;
    this.fed = made.fed;
    this.assigned = made.assigned;
  }
}

/** The rows of the columns, as they are when the data set begins. */
function readWhenBegun(graph: Graph, name: string, columns: readonly Column[]): Dataset {
  const once = Dataset.range(graph, 0, 1);
  const parameters = columns.map((_, index) => ({
    name: `column_${index}`,
    dtype: 'resource' as const,
    shape: [],
  }));
  const read = graph.defineFunction(
    `${name}_epoch`,
    [{ name: 'zero', dtype: 'int64', shape: [] }, ...parameters],
    ([, ...handles], body) => {
      const values = columns.map(
        ({ dtype, shape }, index) =>
          body.op('ReadVariableOp', [handles[index]!], { dtype }, { shapes: [shape] }).output,
      );
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
