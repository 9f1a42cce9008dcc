import { readSafetensorsEntries, safetensorsHeaderLengthBytes } from '../model/safetensors';
import type { NamedTensor } from './named-tensor';

/* The format is described in ../model/safetensors.ts. */
const dtypeNames = { float32: 'F32', int32: 'I32' } as const;
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
  const out = new Uint8Array(safetensorsHeaderLengthBytes + padded + offset);
  new DataView(out.buffer).setBigUint64(0, BigInt(padded), true);
  out.fill(0x20, safetensorsHeaderLengthBytes, safetensorsHeaderLengthBytes + padded);
  out.set(text, safetensorsHeaderLengthBytes);
  let place = safetensorsHeaderLengthBytes + padded;
  for (const { values } of tensors) {
    out.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), place);
    place += values.byteLength;
  }
  return out;
}

/** @throws Error when the bytes are no whole safetensors file of float32 and int32 tensors */
export function decodeSafetensors(bytes: Uint8Array): NamedTensor[] {
  return readSafetensorsEntries(bytes).map(({ name, dtype, shape, data }) => {
    // A copy, since the place in the file need not be aligned; a Node Buffer's own `slice` makes none.
    const { buffer } = Uint8Array.from(data);
    if (dtype === 'F32') return { name, dtype: 'float32', shape, values: new Float32Array(buffer) };
    if (dtype === 'I32') return { name, dtype: 'int32', shape, values: new Int32Array(buffer) };
    throw new Error(`${name} is ${dtype}, which checkpoints don't have`);
  });
}
