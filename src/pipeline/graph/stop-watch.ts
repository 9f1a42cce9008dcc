import type { Graph } from '../../graph/graph';
import type { Operation, Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';

/** Measures pieces of work of a function's body, one after the other. */
export class StopWatch {
  /** Milliseconds of each piece, float32 []. */
  readonly times: Tensor[];
  private last: Tensor;

  /** @param times that were measured before */
  constructor(
    private readonly body: Graph,
    times: readonly Tensor[] = [],
  ) {
    this.times = [...times];
    this.last = ops.timestamp(body);
  }

  time(work: () => Tensor): Tensor {
    const done = this.body.after([this.last], work);
    this.stop([done]);
    return done;
  }

  run(work: () => readonly Operation[]): void {
    this.stop(this.body.after([this.last], work));
  }

  /** Without anything to wait for, the time of the piece is 0. */
  private stop(after: readonly (Operation | Tensor)[]): void {
    if (after.length === 0) {
      this.times.push(this.body.constant(0, 'float32'));
      return;
    }
    const now = ops.timestamp(this.body, after);
    this.times.push(ops.elapsedMilliseconds(this.last, now));
    this.last = now;
  }
}
