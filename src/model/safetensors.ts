/*
 * The safetensors format (https://github.com/huggingface/safetensors, "Format"): uint64 length of the header,
 * little-endian; the header, a JSON object {name: {dtype, shape, data_offsets: [begin, end]}}, padded with spaces; then
 * the bytes of all tensors without gaps, row-major, little-endian.
 */
export const safetensorsHeaderLengthBytes = 8;

/** A tensor as it stands in the file. */
export interface SafetensorsEntry {
  name: string;
  /** F32, F16, BF16, I64, ... */
  dtype: string;
  shape: number[];
  /** A view of the file's bytes, of any alignment. */
  data: Uint8Array;
}

const bytesOf: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** @throws Error when the bytes are no whole safetensors file */
export function readSafetensorsEntries(bytes: Uint8Array): SafetensorsEntry[] {
  if (bytes.length < safetensorsHeaderLengthBytes) throw new Error('the file ends in its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const begin = safetensorsHeaderLengthBytes + Number(view.getBigUint64(0, true));
  if (begin > bytes.length) throw new Error('the file ends in its header');
  const text = new TextDecoder().decode(bytes.subarray(safetensorsHeaderLengthBytes, begin));
  const header = JSON.parse(text) as Record<string, HeaderEntry>;
  const data = bytes.subarray(begin);
  return Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const elements = shape.reduce((product, size) => product * size, 1);
        if (to > data.length || to - from !== elements * (bytesOf[dtype] ?? Number.NaN))
          throw new Error(`the values of ${name} are not whole`);
        return { name, dtype, shape, data: data.subarray(from, to) };
      },
    );
}

/** Of F32, F16 or BF16, as float32. @throws Error for other types */
export function safetensorsFloats({ name, dtype, data }: SafetensorsEntry): Float32Array {
  // A copy, since the place in the file need not be aligned; a Node Buffer's own `slice` makes none.
  const { buffer } = Uint8Array.from(data);
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F16':
      return Float32Array.from(new Uint16Array(buffer), fromHalf);
    case 'BF16': {
      const words = new Uint32Array(data.length / 2);
      new Uint16Array(buffer).forEach((half, index) => {
        words[index] = half << 16;
      });
      return new Float32Array(words.buffer);
    }
    default:
      throw new Error(`${name} is ${dtype}, not F32, F16 or BF16`);
  }
}

/** IEEE 754 binary16. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
