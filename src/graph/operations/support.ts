import { DescentError } from '../../contract/errors';
import type { TensorLike } from '../bind';
import type { Graph } from '../graph';
import { Tensor } from '../operation';

/** The graph of the first tensor among the inputs of an operation. */
export function graphOf(inputs: readonly unknown[]): Graph {
  for (const input of inputs) {
    if (input instanceof Tensor) return input.graph;
    if (Array.isArray(input)) {
      const tensor = input.find((item) => item instanceof Tensor);
      if (tensor) return tensor.graph;
    }
  }
  throw new DescentError('wrong-use', 'An operation needs at least one tensor of a graph among its inputs.', {
    remedy: 'Make a constant with graph.constant.',
  });
}

export type Unary = (x: Tensor, name?: string) => Tensor;
export type Binary = (a: TensorLike, b: TensorLike, name?: string) => Tensor;

export function unary(type: string): Unary {
  return (x, name) => x.graph.op(type, [x], {}, { name }).output;
}

export function binary(type: string): Binary {
  return (a, b, name) => graphOf([a, b]).op(type, [a, b], {}, { name }).output;
}
