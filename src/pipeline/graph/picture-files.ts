import { createHash } from 'node:crypto';
import { access, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { DescentError } from '../../contract/errors';
import type { PictureShape } from '../../dataset/common/pixels';
import { loadPicture } from '../../dataset/node/decode';
import type { ExampleTable } from '../../dataset/node/example-table';
import { pictureFormats } from '../../dataset/node/picture-format';
import { writeFileAtomically } from '../../files/node/atomic';
import { makeDirectory } from '../../files/node/make-directory';
import type { SourceOptions } from '../dataset-sources';
import { type FileKind, fileKinds } from './decode-picture';

/** The files of a split as TensorFlow reads them, one row an example. */
export interface PictureFiles {
  paths: string[];
  /** Index in `fileKinds`. */
  kinds: Int32Array;
  /** EXIF orientation 1..8. */
  orientations: Int32Array;
  /** How many stand in for files that TensorFlow can't decode. */
  converted: number;
}

/** Files read or converted at once; decoding runs in libuv's threads. */
const concurrency = 8;

/**
 * Finds for every picture the file that TensorFlow reads: itself where TensorFlow's decoder gives the house's bytes, else
 * a PNG of the picture as the model sees it, made once and kept in `cacheDirectory` by its content. A file that can't be
 * converted stays as it is and fails when its turn comes.
 */
export async function preparePictureFiles(
  examples: ExampleTable,
  indices: Int32Array,
  shape: PictureShape,
  cacheDirectory: string,
  options: SourceOptions = {},
): Promise<PictureFiles> {
  const { images } = examples;
  if (!images) throw new DescentError('internal', `${examples.root} has no columns of pictures.`);
  const files: PictureFiles = {
    paths: new Array<string>(indices.length).fill(''),
    kinds: new Int32Array(indices.length),
    orientations: new Int32Array(indices.length).fill(1),
    converted: 0,
  };
  const doubtful: number[] = [];
  for (let row = 0; row < indices.length; row++) {
    const index = indices[row]!;
    const format = pictureFormats[images.format[index]!]!;
    files.paths[row] = examples.path(index);
    files.orientations[row] = images.orientation[index]! || 1;
    if (format === 'jpeg' || format === 'png') files.kinds[row] = fileKinds.indexOf(format);
    else doubtful.push(row);
  }
  if (doubtful.length > 0) await makeDirectory(cacheDirectory);
  let next = 0;
  let done = 0;
  const work = async () => {
    while (next < doubtful.length) {
      const row = doubtful[next++]!;
      if (options.signal?.aborted) throw new DescentError('cancelled', 'Cancelled.');
      const stand = await standIn(files.paths[row]!, shape, cacheDirectory);
      files.paths[row] = stand.path;
      files.kinds[row] = fileKinds.indexOf(stand.kind);
      if (stand.converted) {
        files.orientations[row] = 1;
        files.converted++;
      }
      options.onProgress?.(++done, doubtful.length);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return files;
}

interface StandIn {
  path: string;
  kind: FileKind;
  converted: boolean;
}

async function standIn(path: string, shape: PictureShape, directory: string): Promise<StandIn> {
  const { height, width, channels } = shape;
  // A file that can't be read is left as it is: it is skipped, counted and named when its turn comes.
  const asItIs: StandIn = { path, kind: 'png', converted: false };
  let bytes: Uint8Array;
  try {
    if (await isPlainBitmap(path)) return { path, kind: 'bmp', converted: false };
    bytes = await readFile(path);
  } catch {
    return asItIs;
  }
  const key = createHash('sha256').update(`${height}x${width}x${channels}\n`).update(bytes).digest('hex');
  const target = join(directory, `picture.${key.slice(0, 40)}.png`);
  const converted: StandIn = { path: target, kind: 'png', converted: true };
  if (await exists(target)) return converted;
  let pixels: Uint8Array;
  try {
    pixels = await loadPicture(bytes, shape, path);
  } catch {
    return asItIs;
  }
  const png = await sharp(pixels, { raw: { height, width, channels } })
    .png({ compressionLevel: 1 })
    .toBuffer();
  try {
    await writeFileAtomically(target, png);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DescentError(
      code === 'ENOSPC' ? 'out-of-space' : 'io',
      `${target} can't be written (${code}).`,
      {
        subject: target,
        remedy: 'Make room on the disk of the cache, or choose another cache directory.',
        cause: error,
      },
    );
  }
  return converted;
}

/** TensorFlow reads bitmaps of 24 bits without compression as everybody does; it takes palettes for grey. */
async function isPlainBitmap(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const header = Buffer.alloc(54);
    const { bytesRead } = await handle.read(header, 0, header.length, 0);
    return (
      bytesRead === header.length &&
      header.toString('latin1', 0, 2) === 'BM' &&
      header.readUInt32LE(14) === 40 &&
      header.readUInt16LE(28) === 24 &&
      header.readUInt32LE(30) === 0
    );
  } finally {
    await handle.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
