import type { Tensor } from '../../../../graph/operation';
import * as ops from '../../../../graph/operations';
import { constantNumbers } from '../../../../graph/shapes/constants';

/** A state after each step. */
export interface Sequence {
  /** [time, batch, units]. */
  whole(): Tensor;
  /** [batch, units]. */
  last(): Tensor;
}

export function sequenceOf(whole: Tensor): Sequence {
  const time = whole.shape![0]!;
  return {
    whole: () => whole,
    // Taken apart step by step: where the last step alone is used, its gradient is found to be the only one.
    last: () => ops.unstack(whole, time)[time - 1]!,
  };
}

export function sequenceOfSteps(steps: readonly Tensor[]): Sequence {
  return { whole: () => ops.stack(steps), last: () => steps.at(-1)! };
}

const swap = [1, 0];

/**
 * [batch, time, ...] as [time, batch, ...]. Where that has just been turned the other way it is not turned twice; where
 * rows were looked up by their numbers, the numbers are turned, and rows looked up in their order.
 */
export function timeMajor(x: Tensor): Tensor {
  const { operation } = x;
  const order = operation.type === 'Transpose' ? constantNumbers(operation.input(1)) : undefined;
  if (order?.[0] === 1 && order[1] === 0 && order.slice(2).every((axis, place) => axis === place + 2))
    return operation.input(0);
  if (operation.type === 'GatherV2' && constantNumbers(operation.input(2))?.[0] === 0) {
    const [table, numbers] = operation.inputs as [Tensor, Tensor];
    if (numbers.rank === 2) return ops.gather(table, ops.transpose(numbers, swap));
  }
  return turned(x);
}

/** The first two axes change places. */
export function turned(x: Tensor): Tensor {
  return ops.transpose(x, [...swap, ...Array.from({ length: x.rank - 2 }, (_, axis) => axis + 2)]);
}
