import { DescentError } from '../../contract/errors';
import type { AttributeKind } from '../definitions/registry';
import { type DType, dtypeNumbers } from '../dtype';
import { GraphFunction } from '../graph-function';
import type { AttributeItem, AttributeValue } from '../operation';
import type { Shape } from '../shape';
import { TensorValue } from '../tensor-value';
import { bytes, field, flag, int64, integer, mapEntry, message, text, type Writer, wire } from './wire';

// Field numbers: tensorflow/core/framework/{attr_value,tensor,tensor_shape}.proto.

/** TensorShapeProto. */
export function writeShape(writer: Writer, shape: Shape): void {
  if (shape === null) {
    flag(writer, 3, true);
    return;
  }
  for (const size of shape) message(writer, 2, (dimension) => integer(dimension, 1, size ?? -1));
}

/** TensorProto. */
export function writeTensor(writer: Writer, tensor: TensorValue): void {
  integer(writer, 1, dtypeNumbers[tensor.dtype]);
  message(writer, 2, (shape) => writeShape(shape, tensor.shape));
  if (tensor.dtype === 'string') for (const item of tensor.data) bytes(writer, 8, item as Uint8Array);
  else bytes(writer, 4, tensor.bytes());
}

/** An AttrValue of the kind that the operation's definition names. */
export function writeAttribute(writer: Writer, kind: AttributeKind, value: AttributeValue): void {
  if (kind.startsWith('list(')) {
    message(writer, 1, (list) => writeList(list, kind.slice(5, -1), value as readonly AttributeItem[]));
    return;
  }
  switch (kind) {
    case 'string':
      field(writer, 2, wire.bytes);
      if (value instanceof Uint8Array) writer.bytes(value);
      else writer.string(String(value));
      return;
    case 'int':
      integer(writer, 3, value as number | bigint);
      return;
    case 'float':
      field(writer, 4, wire.fixed32).float(value as number);
      return;
    case 'bool':
      flag(writer, 5, value as boolean);
      return;
    case 'type':
      integer(writer, 6, dtypeNumbers[value as DType]);
      return;
    case 'shape':
      message(writer, 7, (shape) => writeShape(shape, value as Shape));
      return;
    case 'tensor':
      message(writer, 8, (tensor) => writeTensor(tensor, value as TensorValue));
      return;
    case 'func':
      message(writer, 10, (target) => writeFunctionName(target, value));
      return;
  }
}

/** Attributes that no definition names (they begin with an underscore) go by what they are. */
export function kindOfValue(value: AttributeValue): AttributeKind {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (typeof value === 'bigint') return 'int';
  if (value instanceof TensorValue) return 'tensor';
  if (value instanceof GraphFunction) return 'func';
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return 'list(string)';
  if (Array.isArray(value)) return 'list(shape)';
  return 'string';
}

function writeFunctionName(writer: Writer, value: AttributeValue): void {
  if (!(value instanceof GraphFunction))
    throw new DescentError('wrong-use', 'A function was expected as the value of an attribute.');
  text(writer, 1, value.name);
}

function writeList(writer: Writer, kind: string, values: readonly AttributeItem[]): void {
  const packed = (number: number, write: (writer: Writer, value: AttributeItem) => void) => {
    if (values.length === 0) return;
    message(writer, number, (inner) => {
      for (const value of values) write(inner, value);
    });
  };
  switch (kind) {
    case 'string':
      for (const value of values)
        if (value instanceof Uint8Array) bytes(writer, 2, value);
        else text(writer, 2, String(value));
      return;
    case 'int':
      packed(3, (inner, value) => int64(inner, value as number | bigint));
      return;
    case 'float':
      packed(4, (inner, value) => inner.float(value as number));
      return;
    case 'bool':
      packed(5, (inner, value) => inner.bool(value as boolean));
      return;
    case 'type':
      packed(6, (inner, value) => inner.int32(dtypeNumbers[value as DType]));
      return;
    case 'shape':
      for (const value of values) message(writer, 7, (shape) => writeShape(shape, value as Shape));
      return;
    case 'tensor':
      for (const value of values) message(writer, 8, (tensor) => writeTensor(tensor, value as TensorValue));
      return;
    case 'func':
      for (const value of values) message(writer, 9, (target) => writeFunctionName(target, value));
      return;
  }
}

/** The attr map of a NodeDef or FunctionDef, as field `number`. */
export function writeAttributes(
  writer: Writer,
  number: number,
  attributes: Readonly<Record<string, AttributeValue>>,
  kindOf: (name: string) => AttributeKind | undefined,
): void {
  for (const [name, value] of Object.entries(attributes))
    mapEntry(writer, number, name, (entry) =>
      writeAttribute(entry, kindOf(name) ?? kindOfValue(value), value),
    );
}
