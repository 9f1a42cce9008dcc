import type { Tensor } from '../operation';
import type { Shape } from '../shape';
import { TensorValue } from '../tensor-value';

/** The value of a tensor that is known before the graph runs. */
export function constantValue(tensor: Tensor): TensorValue | undefined {
  const { operation } = tensor;
  if (operation.type === 'Const') {
    const value = operation.attribute('value');
    return value instanceof TensorValue ? value : undefined;
  }
  return operation.type === 'Identity' ? constantValue(operation.input(0)) : undefined;
}

/** Its numbers, if it is a known tensor of numbers. */
export function constantNumbers(tensor: Tensor): number[] | undefined {
  const value = constantValue(tensor);
  return value && value.dtype !== 'string' ? value.numbers() : undefined;
}

/** What is known of a shape that is itself computed as a tensor. */
export function constantShape(tensor: Tensor): Shape {
  const numbers = constantNumbers(tensor);
  if (numbers) return numbers.map((size) => (size < 0 ? null : size));
  const { operation } = tensor;
  switch (operation.type) {
    case 'Shape':
      return operation.input(0).shape;
    case 'Pack':
      return operation.inputs
        .map((item) => constantNumbers(item)?.[0] ?? null)
        .map((size) => (size === -1 ? null : size));
    case 'ConcatV2': {
      const parts = operation.inputs.slice(0, -1).map(constantShape);
      if (parts.every((part) => part !== null)) return parts.flat() as (number | null)[];
      break;
    }
    case 'BroadcastArgs':
    case 'Cast':
      break;
  }
  const length = tensor.shape?.[0];
  return typeof length === 'number' ? new Array<null>(length).fill(null) : null;
}
