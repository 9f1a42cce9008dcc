import { readFile as readFileCallback } from 'node:fs';
import { promisify } from 'node:util';
import { decode as decodeBitmap } from 'bmp-ts';
import sharp, { type Sharp } from 'sharp';
import { DescentError } from '../../contract/errors';
import { cmykToRgb, type PictureShape, preprocessPicture, type RawPicture } from '../common/pixels';
import { isReadableFormat, type PictureFormat, sniffPicture } from './picture-format';
import { decodeSmallPng } from './small-png';

// Half the time of fs/promises' readFile for small files.
const readFile = promisify(readFileCallback);

export interface DecodedPicture extends RawPicture {
  pixels: Uint8Array;
  channels: 1 | 2 | 3 | 4;
  /** EXIF orientation 1..8, not yet applied. */
  orientation: number;
  format: PictureFormat;
}

/** A picture of more pixels is refused rather than decoded into more than a gigabyte. */
export const mostPixels = 1 << 28;

const remedies: Partial<Record<PictureFormat, string>> = {
  heic: 'Save it as JPEG or PNG (on an iPhone: Settings, Camera, Formats, Most Compatible).',
};

/** Throws `unsupported` when the bytes are no picture that Descent reads; the sentence names the file and the format. */
export function requireReadable(bytes: Uint8Array, name: string): PictureFormat {
  const format = sniffPicture(bytes);
  if (isReadableFormat(format)) return format;
  if (bytes.length === 0)
    throw new DescentError('bad-input', `${name} is empty (0 bytes).`, { subject: name });
  if (format === 'unknown')
    throw new DescentError('bad-input', `${name} is not a picture.`, {
      subject: name,
      remedy: 'Descent reads JPEG, PNG, WebP, AVIF, TIFF, GIF and BMP files.',
    });
  throw new DescentError(
    'unsupported',
    `${name} is a ${format.toUpperCase()} picture, which Descent does not read.`,
    {
      subject: name,
      remedy: remedies[format] ?? 'Save it as JPEG or PNG.',
    },
  );
}

/**
 * Decodes a picture (first frame) without resizing, turning or colour management: JPEG by libjpeg's accurate integer
 * DCT, colour profiles ignored, 16 bits cut to 8, CMYK turned into RGB.
 *
 * @param source path, or the encoded bytes
 * @param name how an error calls the picture; default: the path
 * @throws DescentError `bad-input` (broken, empty, no picture), `unsupported` (format), `io` (unreadable file)
 */
export async function decodePicture(source: string | Uint8Array, name?: string): Promise<DecodedPicture> {
  const called = name ?? (typeof source === 'string' ? source : 'The picture');
  const bytes = typeof source === 'string' ? await readPicture(source) : source;
  const format = requireReadable(bytes, called);
  try {
    const small = format === 'png' ? decodeSmallPng(bytes) : undefined;
    if (small) return { ...small, orientation: 1, format } as DecodedPicture;
    return format === 'bmp' ? decodeBmp(bytes) : await decodeBySharp(bytes, format);
  } catch (error) {
    throw new DescentError('bad-input', `${called} is broken: ${decoderWords(error)}.`, {
      subject: called,
      remedy: 'Replace the file or leave it out.',
      cause: error,
    });
  }
}

/** A picture file exactly as a model sees it: uint8 [height, width, channels]. Throws as `decodePicture`. */
export async function loadPicture(
  source: string | Uint8Array,
  shape: PictureShape,
  name?: string,
): Promise<Uint8Array> {
  return preprocessPicture(await decodePicture(source, name), shape);
}

/** A small upright copy, at most `size` pixels on the longer side. Throws as `decodePicture`. */
export async function thumbnail(path: string, size: number): Promise<{ mime: string; bytes: Uint8Array }> {
  const picture = await openForViewing(await readPicture(path), path);
  try {
    const bytes = await picture
      .resize(size, size, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 82, effort: 2 })
      .toBuffer();
    return { mime: 'image/webp', bytes };
  } catch (error) {
    throw new DescentError('bad-input', `${path} is broken: ${decoderWords(error)}.`, {
      subject: path,
      cause: error,
    });
  }
}

async function openForViewing(bytes: Uint8Array, path: string): Promise<Sharp> {
  if (requireReadable(bytes, path) !== 'bmp')
    return sharp(bytes, { ignoreIcc: true, failOn: 'error' }).autoOrient();
  const { pixels, width, height, channels } = await decodePicture(bytes, path);
  return sharp(pixels, { raw: { width, height, channels } });
}

async function readPicture(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DescentError(code === 'ENOENT' ? 'not-found' : 'io', `${path} can't be read (${code}).`, {
      subject: path,
      remedy: code === 'EACCES' ? 'Allow reading the file.' : 'Look whether the file is still there.',
      cause: error,
    });
  }
}

async function decodeBySharp(bytes: Uint8Array, format: PictureFormat): Promise<DecodedPicture> {
  const picture = sharp(bytes, { ignoreIcc: true, failOn: 'error', limitInputPixels: mostPixels });
  const { space, orientation } = await picture.metadata();
  if (space === 'cmyk') picture.pipelineColourspace('cmyk').toColourspace('cmyk');
  const { data, info } = await picture.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const { width, height } = info;
  const shared = { width, height, orientation: orientation ?? 1, format };
  if (space === 'cmyk') return { ...shared, pixels: cmykToRgb(pixels), channels: 3 };
  return { ...shared, pixels, channels: info.channels as 1 | 2 | 3 | 4 };
}

// bmp-ts reads pictures with 4 bits a pixel and an odd width wrongly (it stops after one row): it is told the even width
// with the same bytes a row. Its own order, alpha blue green red, is the only one in which it writes all depths alike.
function decodeBmp(bytes: Uint8Array): DecodedPicture {
  const file = Buffer.from(bytes);
  if (file.length < 54) throw new Error('it is cut short');
  const width = file.readInt32LE(18);
  const height = Math.abs(file.readInt32LE(22));
  if (width <= 0 || width * height === 0 || width * height > mostPixels)
    throw new Error('its size is not plausible');
  const bits = file.readUInt16LE(28);
  const stride = bits === 4 && file.readUInt32LE(30) === 0 ? width + (width & 1) : width;
  file.writeInt32LE(stride, 18);
  const { data } = decodeBitmap(withoutGap(file, bits));
  const pixels = new Uint8Array(width * height * 3);
  let to = 0;
  for (let row = 0; row < height; row += 1) {
    for (let from = row * stride * 4; from < (row * stride + width) * 4; from += 4) {
      pixels[to] = data[from + 3]!;
      pixels[to + 1] = data[from + 2]!;
      pixels[to + 2] = data[from + 1]!;
      to += 3;
    }
  }
  return { pixels, width, height, channels: 3, orientation: 1, format: 'bmp' };
}

/** bmp-ts takes it that the pixels follow the colour table; the header may say that they begin later. */
function withoutGap(file: Buffer, bits: number): Buffer {
  const headerSize = file.readUInt32LE(14);
  const compression = file.readUInt32LE(30);
  const masks = headerSize > 40 ? 0 : compression === 3 ? 12 : compression === 6 ? 16 : 0;
  const colours = file.readUInt32LE(46) || (bits <= 8 ? 1 << bits : 0);
  const follows = 14 + headerSize + masks + colours * 4;
  const stated = file.readUInt32LE(10);
  if (stated <= follows || stated >= file.length) return file;
  return Buffer.concat([file.subarray(0, follows), file.subarray(stated)]);
}

/**
 * What libvips said, without its prefixes and repetitions. Its threads share one buffer for errors: now and then another
 * picture's decoding has taken the words away.
 */
export function decoderWords(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const last = message.split('\n')[0] ?? message;
  if (last === '' || /^unknown error$/i.test(last)) return 'damaged or cut off';
  return last
    .replace(/^Input (?:buffer|file) /, '')
    .replace(/^has corrupt header: /, '')
    .replace(/^Vips\w+: /i, '')
    .replace(/^vips\w+: /, '')
    .replace(/\.$/, '');
}
