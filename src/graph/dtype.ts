import { DescentError } from '../contract/errors';

/** TensorFlow's element types with their numbers in tensorflow/core/framework/types.proto. */
export const dtypeNumbers = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  qint8: 11,
  quint8: 12,
  qint32: 13,
  bfloat16: 14,
  qint16: 15,
  quint16: 16,
  uint16: 17,
  complex128: 18,
  float16: 19,
  resource: 20,
  variant: 21,
  uint32: 22,
  uint64: 23,
} as const;

export type DType = keyof typeof dtypeNumbers;

export function isDType(name: string): name is DType {
  return Object.hasOwn(dtypeNumbers, name);
}

export function dtypeFromNumber(number: number): DType {
  for (const [name, value] of Object.entries(dtypeNumbers)) if (value === number) return name as DType;
  throw new DescentError('bad-input', `${number} is not the number of a TensorFlow type.`, {
    subject: String(number),
  });
}

const floating: ReadonlySet<DType> = new Set<DType>(['float16', 'bfloat16', 'float32', 'float64']);

/** Whether gradients flow through tensors of this type. */
export function isFloating(dtype: DType): boolean {
  return floating.has(dtype);
}
