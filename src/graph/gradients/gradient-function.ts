import type { TensorLike } from '../bind';
import type { Operation, Tensor } from '../operation';
import { reshape, shapeOf } from '../operations/array';
import { sum } from '../operations/math';
import { type Shape, sameShape } from '../shape';

/**
 * Gradients with respect to an operation's inputs, in their order; null for those that none flows to. `gradients` are those
 * of the outputs, null where none came; `wanted` tells whether the gradient of an input is used at all.
 */
export type GradientFunction = (
  operation: Operation,
  gradients: readonly (Tensor | null)[],
  wanted: (input: number) => boolean,
) => readonly (Tensor | null)[];

export type OneOutputGradient = (
  operation: Operation,
  gradient: Tensor,
  wanted: (input: number) => boolean,
) => readonly (Tensor | null)[];

/** For operations of which only the first output is differentiated. */
export function ofFirst(gradient: OneOutputGradient): GradientFunction {
  return (operation, [first], wanted) =>
    first ? gradient(operation, first, wanted) : operation.inputs.map(() => null);
}

/** An operation of the same graph with one result. */
export function call(
  near: Tensor,
  type: string,
  inputs: readonly (TensorLike | readonly TensorLike[])[],
  attributes: Parameters<typeof near.graph.op>[2] = {},
): Tensor {
  return near.graph.op(type, inputs, attributes).output;
}

/** Sums a gradient over the axes along which `input` was broadcast, when `other` was the second operand. */
export function unbroadcast(gradient: Tensor, input: Tensor, other: Tensor): Tensor {
  if (sameShape(gradient.shape, input.shape) && isDecided(input.shape, other.shape)) return gradient;
  const axes = broadcastAxes(input.shape, other.shape, gradient.shape);
  if (axes) {
    const summed = axes.length === 0 ? gradient : sum(gradient, axes, { keepDimensions: true });
    return sameShape(summed.shape, input.shape) && axes.length === 0
      ? summed
      : reshape(summed, shapeOf(input));
  }
  const found = gradient.graph.op('BroadcastGradientArgs', [
    call(input, 'Shape', [input]),
    call(other, 'Shape', [other]),
  ]);
  return reshape(sum(gradient, found.out(0)), shapeOf(input));
}

/** Whether no axis of unknown length could turn out to be broadcast. */
function isDecided(input: Shape, other: Shape): boolean {
  return broadcastAxes(input, other, input)?.length === 0;
}

/** Axes of the result along which `input` was repeated; undefined where unknown lengths leave it open. */
function broadcastAxes(input: Shape, other: Shape, result: Shape): number[] | undefined {
  if (!input || !other || !result) return undefined;
  const axes: number[] = [];
  for (let axis = 0; axis < result.length; axis++) {
    const own = input[axis - result.length + input.length];
    const others = other[axis - result.length + other.length];
    if (own === undefined) axes.push(axis);
    else if (own === 1) {
      if (others === null) return undefined;
      if (others !== undefined && others !== 1) axes.push(axis);
    } else if (own === null && others !== undefined && others !== 1) return undefined;
  }
  return axes;
}
