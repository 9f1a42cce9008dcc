import type { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import type { GraphSession } from '../../graph/session/session';

/**
 * What turns inputs into features that never change while the rest is trained: the frozen first layers of a layers model, or
 * any other forward pass that can be written into a graph.
 */
export interface FeatureComputer {
  /** What it is, for people: `86 layers up to "out_relu"`. */
  readonly name: string;
  /** Of one example's features, float32. */
  readonly shape: readonly number[];
  /** SHA-256 (hexadecimal) of all that features depend on beside the inputs: architecture and weights. */
  hash(): string;
  /** Adds the operations: inputs [size, ...shape of an example] to float32 [size, ...shape]. */
  emitFeatures(graph: Graph, inputs: Tensor): Tensor;
  /** Once after a session has loaded a graph with the operations: gives it the weights that aren't part of the graph. */
  open(session: GraphSession): void | Promise<void>;
}
