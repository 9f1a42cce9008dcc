import type { Graph } from '../../graph/graph';
import type { Operation, Tensor } from '../../graph/operation';

/** A variable of any number of rows that is fed anew from time to time. */
export class ReadColumn {
  readonly handle: Tensor;
  readonly fed: Tensor;
  /** Run with `fed`. */
  readonly assigned: Operation;
  /** Of all rows. */
  readonly shape: readonly (number | null)[];

  /** @param row shape of one row */
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
      // What is fed lives as long as the call; the data sets go on reading it.
      const copy = graph.op('DeepCopy', [fed]).output;
      return { handle, fed, assigned: graph.op('AssignVariableOp', [handle, copy], { dtype }) };
    });
    this.handle = made.handle;
    this.fed = made.fed;
    this.assigned = made.assigned;
  }

  /** In the graph, or in a function that was given the handle. */
  read(handle: Tensor): Tensor {
    const { dtype, shape } = this;
    return handle.graph.op('ReadVariableOp', [handle], { dtype }, { shapes: [shape] }).output;
  }
}
