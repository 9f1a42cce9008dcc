import type { DType } from '../../graph/dtype';
import type { Graph } from '../../graph/graph';
import type { Operation, Tensor } from '../../graph/operation';
import type { Opening } from '../../graph/session/opening';
import type { GraphSession } from '../../graph/session/session';
import type { NumericArray } from '../../graph/tensor-value';
import { TensorValue } from '../../graph/tensor-value';

/** Elements that one session call moves; a call copies them, so it should not be everything at once. */
const elementsPerCall = 4 * 1024 * 1024;

/**
 * Rows that live in the session and are no weights: not among the graph's variables, so that neither optimizers nor
 * checkpoints see them.
 */
export class SessionTensor {
  readonly handle: Tensor;
  private readonly allocated: Tensor;
  private readonly rows: Tensor;
  private readonly values: Tensor;
  private readonly written: Tensor;
  private readonly assigned: Tensor;

  /** `shape` with the rows first. The rows stay undefined (numbers) until they are written. */
  constructor(
    graph: Graph,
    name: string,
    readonly dtype: DType,
    readonly shape: readonly number[],
  ) {
    const scoped = graph.scope(name, () => {
      const handle = graph.op('VarHandleOp', [], { dtype, shape, shared_name: name });
      // Memory is taken from the system as rows are written, not all at once.
      const empty = graph.op('Empty', [graph.constant([...shape], 'int32')], { dtype, init: false }).output;
      const assign = graph.op('AssignVariableOp', [handle.output, empty], { dtype });
      const rows = graph.placeholder('int32', [null], 'rows');
      const values = graph.placeholder(dtype, [null, ...shape.slice(1)], 'values');
      const write = this.write(handle.output, rows, values);
      // What is fed lives as long as the call; the rows go on being read.
      const copy = graph.op('DeepCopy', [values]).output;
      const whole = graph.op('AssignVariableOp', [handle.output, copy], { dtype });
      return {
        handle: handle.output,
        allocated: graph.group([assign], 'allocated'),
        rows,
        values,
        written: graph.group([write], 'written'),
        assigned: graph.group([whole], 'assigned'),
      };
    });
    this.handle = scoped.handle;
    this.allocated = scoped.allocated;
    this.rows = scoped.rows;
    this.values = scoped.values;
    this.written = scoped.written;
    this.assigned = scoped.assigned;
  }

  /** Rows that are written later, in the graph. */
  allocate(opening: Opening): void {
    opening.add(this.allocated);
  }

  /** Rows by number, in a graph or in a function that was given the handle. */
  gather(handle: Tensor, rows: Tensor): Tensor {
    const shape = rows.shape === null ? null : [...rows.shape, ...this.shape.slice(1)];
    return rows.graph.op('ResourceGather', [handle, rows], { dtype: this.dtype }, { shapes: [shape] }).output;
  }

  write(handle: Tensor, rows: Tensor, values: Tensor): Operation {
    return rows.graph.op('ResourceScatterUpdate', [handle, rows, values], { dtype: this.dtype });
  }

  /** All rows from outside; some at a time where they are many. */
  fill(opening: Opening, row: (index: number) => NumericArray | string): void {
    const [count = 0, ...rest] = this.shape;
    const width = rest.reduce((product, size) => product * size, 1);
    if (count * width <= elementsPerCall) {
      const rows = Array.from({ length: count }, (_, index) => row(index));
      opening.add(this.assigned, [[this.values, this.pack(rows, width, rest)]]);
    } else {
      opening.add(this.allocated);
      opening.afterwards((session) => this.fillInParts(session, row, count, width, rest));
    }
  }

  private fillInParts(
    session: GraphSession,
    row: (index: number) => NumericArray | string,
    count: number,
    width: number,
    rest: readonly number[],
  ): void {
    const perCall = Math.max(1, Math.floor(elementsPerCall / Math.max(1, width)));
    for (let start = 0; start < count; start += perCall) {
      const indices = Array.from({ length: Math.min(perCall, count - start) }, (_, place) => start + place);
      session.fetch(this.written, [
        [this.rows, Int32Array.from(indices)],
        [this.values, this.pack(indices.map(row), width, rest)],
      ]);
    }
  }

  private pack(rows: (NumericArray | string)[], width: number, rest: readonly number[]): TensorValue {
    const shape = [rows.length, ...rest];
    if (this.dtype === 'string') return TensorValue.of(rows as string[], 'string', shape);
    const flat =
      this.dtype === 'int32' ? new Int32Array(rows.length * width) : new Float32Array(rows.length * width);
    rows.forEach((values, place) => {
      flat.set(values as Float32Array, place * width);
    });
    return TensorValue.of(flat, this.dtype, shape);
  }
}
