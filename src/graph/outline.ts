import type { FunctionOptions, Graph } from './graph';
import type { Operation, Tensor } from './operation';

export interface OutlineOptions extends FunctionOptions {
  /** Tensors that come in as arguments, even though they could be computed inside. */
  inputs?: readonly Tensor[];
}

/** A value of the session, or of the call: it comes in as an argument. */
const outside = new Set(['Placeholder', 'ReadVariableOp', 'IteratorGetNext']);

/**
 * Copies what the tensors are computed from into a function of their own and calls it: for what is to be compiled by XLA,
 * after it was written like everything else. Values of variables, placeholders, `inputs` and what stateful operations give
 * become arguments. The function is pure: orders of operations that carry no data (control dependencies) are left out.
 * TensorFlow drops the operations that were copied when nobody else takes them.
 */
export function outline(
  graph: Graph,
  name: string,
  outputs: readonly Tensor[],
  options: OutlineOptions = {},
): Tensor[] {
  const given = new Set(options.inputs ?? []);
  const parameters: Tensor[] = [];
  const copied = new Set<Operation>();
  // Not by recursion: a deep network's chain of operations is longer than the call stack.
  const pending = [...outputs];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { operation } = next;
    if (given.has(next) || outside.has(operation.type) || operation.definition.stateful) {
      if (!parameters.includes(next)) parameters.push(next);
    } else if (!copied.has(operation)) {
      copied.add(operation);
      pending.push(...operation.inputs);
    }
  }
  const made = graph.defineFunction(
    name,
    parameters.map(({ dtype, shape }, index) => ({ name: `argument_${index}`, dtype, shape })),
    (formal, body) => {
      const places = new Map<Tensor, Tensor>(parameters.map((tensor, index) => [tensor, formal[index]!]));
      // Creation order: inputs come before what uses them.
      for (const operation of graph.operations) {
        if (!copied.has(operation)) continue;
        const copy = body.copy(
          operation,
          operation.inputs.map((tensor) => places.get(tensor)!),
        );
        operation.outputs.forEach((tensor, index) => {
          if (!places.has(tensor)) places.set(tensor, copy.out(index));
        });
      }
      return outputs.map((tensor) => places.get(tensor)!);
    },
    options.attributes ? { attributes: options.attributes } : {},
  );
  return graph.call(made, parameters);
}
