import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { crc32 } from '@node-rs/crc32';
import { z } from 'zod';
import { makeDirectory } from '../../files/node/make-directory';

/** Says what is wrong with a file of features; it is then as good as none. */
export class DamagedFeatures extends Error {}

const footerSchema = z.object({
  count: z.number().int(),
  shape: z.array(z.number().int()),
  /** Of all rows. */
  crc32: z.number(),
  /** Examples that could not be read, and why. Their rows are zeros. */
  missing: z.array(z.tuple([z.number().int(), z.string()])),
});
export type FeatureFooter = z.infer<typeof footerSchema>;

const magic = 'DESCFEAT';
const version = 1;
const trailerBytes = 24;
const chunkBytes = 4 * 1024 * 1024;

/**
 * Writes the features of a split's examples, float32 [count, ...shape] in the machine's byte order, then a footer (JSON), then
 * 24 bytes: "DESCFEAT", version, length and CRC-32 of the footer, 0 (uint32 each, little-endian). Rows are put beside and
 * get their name when all are there.
 */
export class FeatureFileWriter {
  private next = 0;
  private checksum = 0;
  private bytes = 0;

  private constructor(
    private readonly path: string,
    private readonly temporary: string,
    readonly handle: FileHandle,
    private readonly count: number,
    private readonly shape: readonly number[],
  ) {}

  static async create(path: string, count: number, shape: readonly number[]): Promise<FeatureFileWriter> {
    const directory = dirname(path);
    await makeDirectory(directory);
    // The name that `removeStalePartials` knows.
    const unique = `${process.pid}.${randomBytes(6).toString('hex')}`;
    const temporary = join(directory, `.${basename(path)}.${unique}.partial`);
    return new FeatureFileWriter(path, temporary, await open(temporary, 'wx+'), count, shape);
  }

  private get rowBytes(): number {
    return this.shape.reduce((product, size) => product * size, 4);
  }

  /** Rows of rising numbers; those that are left out become zeros. */
  async append(indices: ArrayLike<number>, rows: Float32Array): Promise<void> {
    const width = this.rowBytes / 4;
    let row = 0;
    while (row < indices.length) {
      const first = indices[row]!;
      await this.fillUpTo(first);
      let end = row + 1;
      while (end < indices.length && indices[end] === first + end - row) end++;
      await this.write(rows.subarray(row * width, end * width));
      this.next = first + end - row;
      row = end;
    }
  }

  /** Gives the file its name. The handle stays open for reading. */
  async finish(missing: FeatureFooter['missing']): Promise<void> {
    await this.fillUpTo(this.count);
    const footer: FeatureFooter = {
      count: this.count,
      shape: [...this.shape],
      crc32: this.checksum,
      missing,
    };
    const text = Buffer.from(JSON.stringify(footer));
    const trailer = Buffer.alloc(trailerBytes);
    trailer.write(magic, 'latin1');
    trailer.writeUInt32LE(version, 8);
    trailer.writeUInt32LE(text.length, 12);
    trailer.writeUInt32LE(crc32(text), 16);
    await writeAll(this.handle, Buffer.concat([text, trailer]), this.bytes);
    await this.handle.sync();
    await rename(this.temporary, this.path);
  }

  /** Leaves nothing behind. */
  async abandon(): Promise<void> {
    await this.handle.close();
    await rm(this.temporary, { force: true });
  }

  private async fillUpTo(row: number): Promise<void> {
    const zeros = new Float32Array(this.rowBytes / 4);
    for (; this.next < row; this.next++) await this.write(zeros);
  }

  private async write(values: Float32Array): Promise<void> {
    const bytes = bytesOf(values);
    this.checksum = crc32(bytes, this.checksum);
    await writeAll(this.handle, bytes, this.bytes);
    this.bytes += bytes.length;
  }
}

/** Hears of the rows in their order. */
export type RowSink = (firstRow: number, rows: Float32Array) => void;

/**
 * Opens a file of features after having read all of it.
 * @throws DamagedFeatures; the file system's error (ENOENT when there is none)
 */
export async function openFeatureFile(
  path: string,
  count: number,
  shape: readonly number[],
  sink?: RowSink,
): Promise<{ handle: FileHandle; footer: FeatureFooter }> {
  const handle = await open(path, 'r');
  try {
    const footer = await readFooter(handle);
    if (footer.count !== count || footer.shape.join() !== shape.join())
      throw new DamagedFeatures(`it holds ${footer.count} × [${footer.shape}], not ${count} × [${shape}]`);
    const width = shape.reduce((product, size) => product * size, 1);
    const rowsOfChunk = Math.max(1, Math.floor(chunkBytes / (4 * width)));
    let checksum = 0;
    for (let row = 0; row < count; row += rowsOfChunk) {
      const rows = new Float32Array(Math.min(rowsOfChunk, count - row) * width);
      const bytes = bytesOf(rows);
      await readAll(handle, bytes, row * width * 4);
      checksum = crc32(bytes, checksum);
      sink?.(row, rows);
    }
    if (checksum !== footer.crc32) throw new DamagedFeatures('its checksum is wrong');
    return { handle, footer };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readFooter(handle: FileHandle): Promise<FeatureFooter> {
  const { size } = await handle.stat();
  if (size < trailerBytes) throw new DamagedFeatures('it is cut off');
  const trailer = Buffer.alloc(trailerBytes);
  await readAll(handle, trailer, size - trailerBytes);
  const length = trailer.readUInt32LE(12);
  if (trailer.toString('latin1', 0, 8) !== magic || trailer.readUInt32LE(8) !== version)
    throw new DamagedFeatures('its end is none of this version');
  if (length > size - trailerBytes) throw new DamagedFeatures('it is cut off');
  const text = Buffer.alloc(length);
  await readAll(handle, text, size - trailerBytes - length);
  if (crc32(text) !== trailer.readUInt32LE(16)) throw new DamagedFeatures('the checksum of its end is wrong');
  const footer = footerSchema.parse(JSON.parse(text.toString()));
  const rows = footer.shape.reduce((product, side) => product * side, 4 * footer.count);
  if (rows !== size - trailerBytes - length) throw new DamagedFeatures('rows are missing');
  return footer;
}

/** @throws DamagedFeatures when the file ends before */
export async function readAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0) throw new DamagedFeatures('it is cut off');
    done += bytesRead;
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

export function bytesOf(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
