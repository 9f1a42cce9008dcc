import type { Graph } from '../graph';
import type { Operation, Tensor } from '../operation';
import { cast, multiply, subtract } from './math';

/**
 * Seconds since 1970 (float64), taken once all of `after` have run. Put what is to come later under `graph.after`. What is
 * timed has to be used (fetched, or by an update): TensorFlow drops computations that only a control dependency asks for.
 */
export function timestamp(graph: Graph, after: readonly (Operation | Tensor)[] = []): Tensor {
  return graph.op('Timestamp', [], {}, { control: after }).output;
}

/** Between two timestamps, as float32, which can be fetched. */
export function elapsedMilliseconds(from: Tensor, to: Tensor): Tensor {
  return cast(multiply(subtract(to, from), 1000), 'float32');
}
