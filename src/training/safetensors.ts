import type { NamedTensor } from './named-tensor';

/*
 * The safetensors format (https://github.com/huggingface/safetensors, "Format"): uint64 length of the header,
 * little-endian; the header, a JSON object {name: {dtype, shape, data_offsets: [begin, end]}}, padded with spaces; then
 * the bytes of all tensors without gaps, row-major, little-endian.
 */
const dtypeNames = { float32: 'F32', int32: 'I32' } as const;
const headerLengthBytes = 8;
const alignment = 8;

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

export function encodeSafetensors(tensors: readonly NamedTensor[]): Uint8Array {
  const header: Record<string, HeaderEntry> = {};
  let offset = 0;
  for (const tensor of tensors) {
    header[tensor.name] = {
      dtype: dtypeNames[tensor.dtype],
      shape: tensor.shape,
      data_offsets: [offset, offset + tensor.values.byteLength],
    };
    offset += tensor.values.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / alignment) * alignment;
  const out = new Uint8Array(headerLengthBytes + padded + offset);
  new DataView(out.buffer).setBigUint64(0, BigInt(padded), true);
  out.fill(0x20, headerLengthBytes, headerLengthBytes + padded);
  out.set(text, headerLengthBytes);
  let place = headerLengthBytes + padded;
  for (const { values } of tensors) {
    out.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), place);
    place += values.byteLength;
  }
  return out;
}

/** @throws Error when the bytes are no whole safetensors file of float32 and int32 tensors */
export function decodeSafetensors(bytes: Uint8Array): NamedTensor[] {
  if (bytes.length < headerLengthBytes) throw new Error('the file ends in its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  const begin = headerLengthBytes + headerBytes;
  if (begin > bytes.length) throw new Error('the file ends in its header');
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(headerLengthBytes, begin))) as Record<
    string,
    HeaderEntry
  >;
  return Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => decodeTensor(name, entry, bytes.subarray(begin)));
}

function decodeTensor(name: string, entry: HeaderEntry, data: Uint8Array): NamedTensor {
  const [from, to] = entry.data_offsets;
  const elements = entry.shape.reduce((product, size) => product * size, 1);
  if (to > data.length || to - from !== elements * 4) throw new Error(`the values of ${name} are not whole`);
  // A copy, since the place in the file need not be aligned; a Node Buffer's own `slice` makes none.
  const { buffer } = Uint8Array.from(data.subarray(from, to));
  if (entry.dtype === 'F32')
    return { name, dtype: 'float32', shape: entry.shape, values: new Float32Array(buffer) };
  if (entry.dtype === 'I32')
    return { name, dtype: 'int32', shape: entry.shape, values: new Int32Array(buffer) };
  throw new Error(`${name} is ${entry.dtype}, which checkpoints don't have`);
}
