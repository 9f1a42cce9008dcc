import { createHash, webcrypto } from 'node:crypto';
import { readFile as readFileCallback } from 'node:fs';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { cmykToRgb, type RawPicture, toChannels, upright } from '../common/pixels';
import { splitWords } from '../common/text';
import { decodePicture, decoderWords, mostPixels } from './decode';
import { type FileFact, type FileState, miniatureHeight, miniatureWidth } from './file-facts';
import { isReadableFormat, pictureFormats, sniffPicture } from './picture-format';
import { decodeSmallPng } from './small-png';
import { decodeText, looksBinary } from './text-file';

// Half the time of fs/promises' readFile for small files.
const readFile = promisify(readFileCallback);

const noHash = new Uint32Array(4);

function fact(state: FileState, hash: Uint32Array = noHash, more: Partial<FileFact> = {}): FileFact {
  return {
    state,
    hash,
    extent: [0, 0],
    orientation: 1,
    format: 0,
    gray: false,
    ...more,
  };
}

/** Reads a picture whole: every byte is decoded, so a truncated file is found. Never throws for a bad file. */
export async function scanPicture(path: string): Promise<FileFact> {
  const bytes = await readOrReason(path);
  if (typeof bytes === 'string') return fact('unreadable-file', noHash, { reason: bytes });
  if (bytes.length === 0) return fact('zero-byte-file');
  const hash = await contentHash(bytes);
  const format = sniffPicture(bytes);
  const code = pictureFormats.indexOf(format);
  if (format === 'unknown') return fact('wrong-type', hash, { reason: contentWords(bytes) });
  if (!isReadableFormat(format))
    return fact('unsupported-format', hash, { format: code, reason: format.toUpperCase() });
  try {
    const small = format === 'png' ? decodeSmallPng(bytes) : undefined;
    const seen = small
      ? lookAtPixels(small)
      : format === 'bmp'
        ? lookAtPixels(await decodePicture(bytes))
        : await lookAtPicture(bytes);
    return { ...fact('usable', hash, { format: code }), ...seen };
  } catch (error) {
    return fact('broken-file', hash, { format: code, reason: decoderWords(error) });
  }
}

/** Reads a text whole. Never throws for a bad file. */
export async function scanText(path: string): Promise<FileFact> {
  const bytes = await readOrReason(path);
  if (typeof bytes === 'string') return fact('unreadable-file', noHash, { reason: bytes });
  if (bytes.length === 0) return fact('zero-byte-file');
  const hash = await contentHash(bytes);
  if (looksBinary(bytes)) return fact('wrong-type', hash, { reason: 'not text' });
  const text = decodeText(bytes);
  const words = splitWords(text).length;
  return fact(words === 0 ? 'empty-text' : 'usable', hash, { extent: [text.length, words] });
}

async function readOrReason(path: string): Promise<Buffer | string> {
  try {
    return await readFile(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** First 128 bits of the SHA-256. Large contents are hashed off the main thread. */
export async function contentHash(bytes: Uint8Array): Promise<Uint32Array> {
  const digest =
    bytes.length > 500_000
      ? Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
      : createHash('sha256').update(bytes).digest();
  return Uint32Array.of(
    digest.readUInt32BE(0),
    digest.readUInt32BE(4),
    digest.readUInt32BE(8),
    digest.readUInt32BE(12),
  );
}

function contentWords(bytes: Uint8Array): string {
  return looksBinary(bytes.subarray(0, 4096)) ? 'unknown content' : 'text';
}

type Look = Pick<FileFact, 'extent' | 'orientation' | 'gray' | 'miniature' | 'damaged'>;

// Up to this size a picture is decoded whole and shrunk here, which takes half the time of libvips' own shrinking; for
// larger ones libvips shrinks while it decodes. Either way every byte is read.
const decodedWhole = 512 * 512;

async function lookAtPicture(bytes: Uint8Array): Promise<Look> {
  const { width, height, orientation = 1, space, format } = await sharp(bytes).metadata();
  const [rows, columns] =
    orientation >= 5 ? [miniatureWidth, miniatureHeight] : [miniatureHeight, miniatureWidth];
  const read = (failOn: 'warning' | 'error') => {
    const picture = sharp(bytes, { ignoreIcc: true, failOn, limitInputPixels: mostPixels });
    if (space === 'cmyk') picture.pipelineColourspace('cmyk').toColourspace('cmyk');
    if (width * height > decodedWhole) picture.resize(columns, rows, { fit: 'fill' });
    return picture.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  };
  let damaged = false;
  const { data, info } = await read(format === 'jpeg' ? 'warning' : 'error').catch((error: unknown) => {
    if (format !== 'jpeg') throw error;
    damaged = true;
    return read('error');
  });
  const stored = { pixels: data, width: info.width, height: info.height, channels: info.channels };
  const small = shrink(stored, rows, columns);
  const rgb = space === 'cmyk' ? { ...small, pixels: cmykToRgb(small.pixels), channels: 3 } : small;
  return { extent: [width, height], orientation, damaged, ...colours(upright({ ...rgb, orientation })) };
}

function lookAtPixels(picture: RawPicture): Look {
  const small = shrink(picture, miniatureHeight, miniatureWidth);
  return { extent: [picture.width, picture.height], orientation: 1, ...colours(small) };
}

const samplesAcross = 8;

/** A very small copy: each pixel is the mean of up to 8 × 8 evenly placed ones of its part of the picture. */
function shrink({ pixels, width, height, channels }: RawPicture, rows: number, columns: number): RawPicture {
  const out = new Uint8Array(rows * columns * channels);
  const sums = new Float64Array(channels);
  const across = Array.from({ length: columns }, (_, column) => samplePlaces(column, columns, width));
  let next = 0;
  for (let row = 0; row < rows; row += 1) {
    const vertical = samplePlaces(row, rows, height);
    for (const horizontal of across) {
      sums.fill(0);
      for (const y of vertical)
        for (const x of horizontal)
          for (let channel = 0; channel < channels; channel += 1)
            sums[channel]! += pixels[(y * width + x) * channels + channel]!;
      const count = vertical.length * horizontal.length;
      for (let channel = 0; channel < channels; channel += 1)
        out[next + channel] = Math.round(sums[channel]! / count);
      next += channels;
    }
  }
  return { pixels: out, width: columns, height: rows, channels };
}

function samplePlaces(part: number, parts: number, size: number): number[] {
  const from = Math.floor((part * size) / parts);
  const length = Math.max(1, Math.floor(((part + 1) * size) / parts) - from);
  const count = Math.min(length, samplesAcross);
  return Array.from({ length: count }, (_, index) =>
    Math.min(size - 1, from + Math.floor(((index + 0.5) * length) / count)),
  );
}

/** The miniature as RGB, and whether it is grey. */
function colours({ pixels, channels }: RawPicture): Pick<FileFact, 'gray' | 'miniature'> {
  const miniature = toChannels(pixels, channels, 3) as Uint8Array;
  let gray = true;
  for (let at = 0; at < miniature.length && gray; at += 3) {
    const [red, green, blue] = [miniature[at]!, miniature[at + 1]!, miniature[at + 2]!];
    gray = Math.max(red, green, blue) - Math.min(red, green, blue) <= 2;
  }
  return { gray, miniature };
}
