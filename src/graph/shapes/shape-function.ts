import type { Operation } from '../operation';
import { formatShape, normalizeAxis, type Shape } from '../shape';
import { constantNumbers } from './constants';

/** The outputs' shapes as far as the inputs tell; throws `operation.error(...)` when the inputs don't fit together. */
export type ShapeFunction = (operation: Operation) => readonly Shape[];

/** Throws unless the input could have that rank. */
export function requireRank(operation: Operation, index: number, rank: number): void {
  const { shape } = operation.input(index);
  if (shape !== null && shape.length !== rank)
    throw operation.error(
      `input ${operation.definition.inputs[index]?.name ?? index} should be of rank ${rank}, but is ${formatShape(shape)}`,
    );
}

/** The constant axes of an input, counted from the front; undefined when they aren't known, or the rank isn't. */
export function knownAxes(
  operation: Operation,
  input: number,
  rank: number | undefined,
): number[] | undefined {
  const axes = constantNumbers(operation.input(input));
  if (!axes || rank === undefined) return undefined;
  for (const axis of axes)
    if (axis < -rank || axis >= rank)
      throw operation.error(`there is no axis ${axis} in a tensor of rank ${rank}`);
  return axes.map((axis) => normalizeAxis(axis, rank));
}

/** Every output is shaped like the first input. */
export const likeFirst: ShapeFunction = (operation) => {
  const { shape } = operation.input(0);
  return [shape];
};
