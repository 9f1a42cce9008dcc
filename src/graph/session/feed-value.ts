import { DescentError } from '../../contract/errors';
import type { Tensor } from '../operation';
import { compatible, formatShape } from '../shape';
import { type Literal, type NumericArray, TensorValue } from '../tensor-value';

/** A flat typed array takes the fed tensor's shape; one axis of unknown length follows from the number of elements. */
export type FeedValue = TensorValue | NumericArray | Literal;

/** @throws DescentError `wrong-use` naming the fed tensor when type or shape don't fit */
export function toFeedValue(tensor: Tensor, value: FeedValue): TensorValue {
  const result = value instanceof TensorValue ? value : asTensorValue(tensor, value);
  if (result.dtype !== tensor.dtype || !compatible(tensor.shape, result.shape))
    throw new DescentError(
      'wrong-use',
      `${tensor.name} takes ${tensor.dtype} ${formatShape(tensor.shape)}, but was fed ${result.dtype} ${formatShape(result.shape)}.`,
      { subject: tensor.name },
    );
  return result;
}

function asTensorValue(tensor: Tensor, value: NumericArray | Literal): TensorValue {
  if (!ArrayBuffer.isView(value) || tensor.dtype === 'string') return TensorValue.of(value, tensor.dtype);
  return TensorValue.of(value, tensor.dtype, shapeFor(tensor, value.length));
}

function shapeFor(tensor: Tensor, length: number): number[] {
  const { shape } = tensor;
  if (shape === null) return [length];
  const known = shape.reduce<number>((product, size) => product * (size ?? 1), 1);
  const open = shape.filter((size) => size === null).length;
  const missing = known === 0 ? 0 : length / known;
  if (open > 1 || !Number.isInteger(missing) || (open === 0 && known !== length))
    throw new DescentError(
      'wrong-use',
      `${tensor.name} takes the shape ${formatShape(shape)}, which ${length} elements don't fill.`,
      { subject: tensor.name, remedy: 'Feed a TensorValue with its shape.' },
    );
  return shape.map((size) => size ?? missing);
}
