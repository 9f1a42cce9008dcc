import type { Operation, Tensor } from '../operation';
import type { GradientFunction } from './gradient-function';

const own = new WeakMap<Operation, GradientFunction>();

/** The gradient of this one operation, where it has one of its own. */
export function ownGradient(operation: Operation): GradientFunction | undefined {
  return own.get(operation);
}

/**
 * Gives outputs that were computed from `inputs` another gradient than that of their operations (tf.custom_gradient).
 * `backward` gets the gradient of each output (null where none came) and gives that of each input.
 */
export function withGradient(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  backward: (
    gradients: readonly (Tensor | null)[],
    wanted: (input: number) => boolean,
  ) => readonly (Tensor | null)[],
): Tensor[] {
  const { graph } = outputs[0]!;
  // The inputs take part so that gradients flow to them, and past the operations between.
  const operation = graph.op('IdentityN', [[...outputs, ...inputs]]);
  own.set(operation, (_, gradients, wanted) => {
    const found = backward(gradients.slice(0, outputs.length), (index) => wanted(outputs.length + index));
    return [...outputs.map(() => null), ...inputs.map((_, index) => found[index] ?? null)];
  });
  return operation.outputs.slice(0, outputs.length);
}
