import { createHash, webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { cmykToRgb, type RawPicture, toChannels, upright } from '../common/pixels';
import { splitWords } from '../common/text';
import { decodePicture, decoderWords } from './decode';
import { type FileFact, type FileState, miniatureHeight, miniatureWidth } from './file-facts';
import { isReadableFormat, pictureFormats, sniffPicture } from './picture-format';
import { decodeText, looksBinary } from './text-file';

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
    const seen = format === 'bmp' ? await lookAtBitmap(bytes) : await lookAtPicture(bytes);
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

async function lookAtPicture(bytes: Uint8Array): Promise<Look> {
  const { width, height, orientation, space, format } = await sharp(bytes).metadata();
  const turned = (orientation ?? 1) >= 5;
  // Shrinks while it decodes: every byte is still read, at a fraction of the work.
  const shrink = (failOn: 'warning' | 'error') => {
    const picture = sharp(bytes, { ignoreIcc: true, failOn, limitInputPixels: 1 << 28 });
    if (space === 'cmyk') picture.pipelineColourspace('cmyk').toColourspace('cmyk');
    return picture
      .resize(turned ? miniatureHeight : miniatureWidth, turned ? miniatureWidth : miniatureHeight, {
        fit: 'fill',
      })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
  };
  let damaged = false;
  const { data, info } = await shrink(format === 'jpeg' ? 'warning' : 'error').catch((error: unknown) => {
    damaged = true;
    if (format !== 'jpeg') throw error;
    return shrink('error');
  });
  const cmyk = space === 'cmyk';
  const miniature = upright({
    pixels: cmyk ? cmykToRgb(data) : data,
    width: info.width,
    height: info.height,
    channels: cmyk ? 3 : info.channels,
    orientation: orientation ?? 1,
  });
  return { extent: [width, height], orientation: orientation ?? 1, damaged, ...colours(miniature) };
}

async function lookAtBitmap(bytes: Uint8Array): Promise<Look> {
  const { pixels, width, height, channels } = await decodePicture(bytes);
  const { data, info } = await sharp(pixels, { raw: { width, height, channels } })
    .resize(miniatureWidth, miniatureHeight, { fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const miniature = { pixels: data, width: info.width, height: info.height, channels: info.channels };
  return { extent: [width, height], orientation: 1, ...colours(miniature) };
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
