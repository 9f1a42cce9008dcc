import { DescentError } from '../contract/errors';
import type { DType } from './dtype';

export type NumericArray =
  | Float32Array
  | Float64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  bool: Uint8Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
} as const;

type NumericDType = keyof typeof arrays;

/** Nested arrays of numbers, booleans or strings, or one of them. */
export type Literal = number | bigint | boolean | string | Uint8Array | readonly Literal[];

/** The elements of a tensor in row-major order, with type and shape. Strings are bytes. */
export class TensorValue {
  constructor(
    readonly dtype: DType,
    readonly shape: readonly number[],
    readonly data: NumericArray | readonly Uint8Array[],
  ) {
    const size = shape.reduce((product, length) => product * length, 1);
    if (data.length !== size)
      throw new DescentError(
        'wrong-use',
        `A ${dtype} tensor of shape [${shape.join(', ')}] has ${size} elements, but ${data.length} were given.`,
      );
    const expected = dtype in arrays ? arrays[dtype as NumericDType] : undefined;
    const fits = dtype === 'string' ? Array.isArray(data) : expected && data instanceof expected;
    if (!fits)
      throw new DescentError(
        'wrong-use',
        `The elements of a ${dtype} tensor were given as ${data.constructor.name}.`,
        {
          remedy: `Give them as ${dtype === 'string' ? 'Uint8Array[]' : (expected?.name ?? 'another type')}.`,
        },
      );
  }

  /**
   * A tensor of nested arrays, or of flat `values` with a `shape` (one value alone fills it).
   * @throws DescentError `wrong-use` when the arrays are ragged or don't have the shape's size
   */
  static of(values: Literal | NumericArray, dtype: DType, shape?: readonly number[]): TensorValue {
    const flat: Exclude<Literal, readonly Literal[]>[] = [];
    const found =
      ArrayBuffer.isView(values) && dtype !== 'string' ? undefined : flatten(values as Literal, flat);
    if (found === undefined) {
      const array = values as NumericArray;
      return TensorValue.fromNumbers(dtype, shape ?? [array.length], array);
    }
    const finalShape = shape ?? found;
    const size = finalShape.reduce((product, length) => product * length, 1);
    const elements =
      flat.length === 1 && size !== 1 ? new Array<(typeof flat)[number]>(size).fill(flat[0]!) : flat;
    if (dtype === 'string') return new TensorValue(dtype, finalShape, elements.map(toBytes));
    return TensorValue.fromNumbers(dtype, finalShape, elements.map(toNumber));
  }

  private static fromNumbers(
    dtype: DType,
    shape: readonly number[],
    values: NumericArray | readonly (number | bigint)[],
  ): TensorValue {
    if (!(dtype in arrays))
      throw new DescentError('unsupported', `Values of type ${dtype} can't be written from TypeScript.`, {
        remedy: 'Write float32 and cast in the graph.',
      });
    const kind = arrays[dtype as NumericDType];
    if (values instanceof kind) return new TensorValue(dtype, shape, values);
    if (dtype === 'int64' || dtype === 'uint64') {
      const wide = dtype === 'int64' ? new BigInt64Array(values.length) : new BigUint64Array(values.length);
      for (let index = 0; index < values.length; index++) wide[index] = BigInt(values[index]!);
      return new TensorValue(dtype, shape, wide);
    }
    const narrow = new kind(values.length) as Float32Array;
    for (let index = 0; index < values.length; index++) narrow[index] = Number(values[index]);
    return new TensorValue(dtype, shape, narrow as NumericArray);
  }

  /** The elements as JavaScript numbers (bool: 0 and 1; int64 beyond 2^53 loses digits). */
  numbers(): number[] {
    if (this.dtype === 'string') throw new DescentError('wrong-use', 'Strings are not numbers.');
    return Array.from(this.data as NumericArray, Number);
  }

  /** The only element. */
  scalar(): number {
    if (this.data.length !== 1)
      throw new DescentError('wrong-use', `A tensor of shape [${this.shape.join(', ')}] is not a scalar.`);
    return this.numbers()[0]!;
  }

  /** The elements of a float32 tensor, without a copy. */
  floats(): Float32Array {
    if (!(this.data instanceof Float32Array))
      throw new DescentError('wrong-use', `The tensor is of type ${this.dtype}, not float32.`);
    return this.data;
  }

  /** The elements of a string tensor, decoded as UTF-8. */
  strings(): string[] {
    if (this.dtype !== 'string')
      throw new DescentError('wrong-use', `The tensor is of type ${this.dtype}, not string.`);
    const decoder = new TextDecoder();
    return (this.data as readonly Uint8Array[]).map((bytes) => decoder.decode(bytes));
  }

  /** The elements' bytes, little-endian. Not for strings. */
  bytes(): Uint8Array {
    const array = this.data as NumericArray;
    return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  }
}

function flatten(value: Literal, out: Exclude<Literal, readonly Literal[]>[]): number[] {
  if (!Array.isArray(value)) {
    out.push(value as Exclude<Literal, readonly Literal[]>);
    return [];
  }
  let inner: number[] | undefined;
  for (const item of value as readonly Literal[]) {
    const shape = flatten(item, out);
    if (inner && inner.join() !== shape.join())
      throw new DescentError('wrong-use', 'The nested arrays of a tensor have different lengths.');
    inner = shape;
  }
  return [value.length, ...(inner ?? [])];
}

function toBytes(value: number | bigint | boolean | string | Uint8Array): Uint8Array {
  return value instanceof Uint8Array ? value : new TextEncoder().encode(String(value));
}

function toNumber(value: number | bigint | boolean | string | Uint8Array): number | bigint {
  if (typeof value === 'string' || value instanceof Uint8Array)
    throw new DescentError('wrong-use', `A text stands where a number is needed: ${String(value)}.`);
  return typeof value === 'boolean' ? Number(value) : value;
}
