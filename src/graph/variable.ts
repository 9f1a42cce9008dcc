import type { DType } from './dtype';
import type { Operation, Tensor } from './operation';

/** A variable that lives in the session, and the operations that read it and set it from outside. */
export interface Variable {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly trainable: boolean;
  readonly handle: Tensor;
  /** Its value when the session call begins, as long as no update is ordered before. */
  readonly value: Tensor;
  /** Fed with a new value; `assigned` is then fetched. */
  readonly feed: Tensor;
  readonly assigned: Tensor;
  /** Sets the value that was given at creation. */
  readonly initializer?: Operation;
  /** Whether a session runs the initializer as it loads the graph. */
  readonly whenLoaded?: boolean;
}
