import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomically } from '../../files/node/atomic';
import { makeDirectory } from '../../files/node/make-directory';

const kinds = { Float64Array, Float32Array, Int32Array, Uint32Array, Uint8Array };
type KindName = keyof typeof kinds;
export type Column = Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array;

interface Header {
  meta: unknown;
  columns: { name: string; kind: KindName; length: number }[];
}

// "DSCN", then the version: a file of another version is read as if there were none.
const magic = Uint32Array.of(0x4e435344, 1);

/**
 * Writes typed arrays behind a JSON header: magic and version (2 × uint32), length of the header (uint32), 4 bytes of
 * zero, the header in UTF-8, then each array in the machine's byte order, all on multiples of 8 bytes.
 */
export async function writeColumns(
  path: string,
  meta: unknown,
  columns: Record<string, Column>,
): Promise<void> {
  const header: Header = {
    meta,
    columns: Object.entries(columns).map(([name, column]) => ({
      name,
      kind: column.constructor.name as KindName,
      length: column.length,
    })),
  };
  const text = Buffer.from(JSON.stringify(header));
  const sizes = Object.values(columns).map((column) => aligned(column.byteLength));
  const out = new Uint8Array(16 + aligned(text.length) + sizes.reduce((sum, size) => sum + size, 0));
  out.set(new Uint8Array(magic.buffer));
  new Uint32Array(out.buffer, 8, 1)[0] = text.length;
  out.set(text, 16);
  let at = 16 + aligned(text.length);
  for (const column of Object.values(columns)) {
    out.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    at += aligned(column.byteLength);
  }
  await makeDirectory(dirname(path));
  await writeFileAtomically(path, out);
}

/** Reads what `writeColumns` wrote; undefined when there is no such file, or none that this version understands. */
export async function readColumns(
  path: string,
): Promise<{ meta: unknown; columns: Record<string, Column> } | undefined> {
  let file: Buffer;
  try {
    file = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  // A buffer of the pool may stand on an odd place; typed arrays need multiples of 8.
  const bytes = file.byteOffset % 8 === 0 ? file : Buffer.from(Uint8Array.prototype.slice.call(file).buffer);
  const start = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >= 16 ? 4 : 0);
  if (start[0] !== magic[0] || start[1] !== magic[1]) return undefined;
  const end = 16 + start[2]!;
  if (end > bytes.length) return undefined;
  const header = parseHeader(bytes.toString('utf8', 16, end));
  return header && cut(bytes, header, aligned(end));
}

function parseHeader(text: string): Header | undefined {
  try {
    return JSON.parse(text) as Header;
  } catch {
    return undefined; // Another program's file: as good as none.
  }
}

function cut(bytes: Buffer, header: Header, start: number) {
  const columns: Record<string, Column> = {};
  let at = start;
  for (const { name, kind, length } of header.columns) {
    const size = length * kinds[kind].BYTES_PER_ELEMENT;
    if (at + size > bytes.length) return undefined;
    columns[name] = new kinds[kind](bytes.buffer as ArrayBuffer, bytes.byteOffset + at, length);
    at += aligned(size);
  }
  return { meta: header.meta, columns };
}

function aligned(bytes: number): number {
  return (bytes + 7) & ~7;
}
