import { extname } from 'node:path';

/** Formats in the order of their codes in columnar tables; 0 is unknown. */
export const pictureFormats = [
  'unknown',
  'jpeg',
  'png',
  'webp',
  'gif',
  'avif',
  'tiff',
  'bmp',
  'heic',
  'svg',
  'jxl',
  'jp2',
  'psd',
  'ico',
] as const;
export type PictureFormat = (typeof pictureFormats)[number];

const readable: ReadonlySet<PictureFormat> = new Set(['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff', 'bmp']);

/** Whether Descent trains on pictures of this format. */
export function isReadableFormat(format: PictureFormat): boolean {
  return readable.has(format);
}

const pictureExtensions = new Set(
  '.jpg .jpeg .jpe .jfif .png .webp .gif .avif .tif .tiff .bmp .dib .heic .heif .hif .svg .jxl .jp2 .psd .ico'.split(
    ' ',
  ),
);

/** Whether a file's name says that it is a picture (of a format that Descent reads or refuses by name). */
export function hasPictureExtension(path: string): boolean {
  return pictureExtensions.has(extname(path).toLowerCase());
}

function starts(bytes: Uint8Array, signature: readonly number[], offset = 0): boolean {
  return signature.every((byte, index) => bytes[offset + index] === byte);
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

/** Recognizes a picture by its first bytes (64 are enough), never by its name. */
export function sniffPicture(bytes: Uint8Array): PictureFormat {
  if (starts(bytes, [0xff, 0xd8, 0xff])) return 'jpeg';
  if (starts(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'png';
  const head = text(bytes, 0, 12);
  if (head.startsWith('RIFF') && head.endsWith('WEBP')) return 'webp';
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'gif';
  if (starts(bytes, [0x49, 0x49, 0x2a, 0x00]) || starts(bytes, [0x4d, 0x4d, 0x00, 0x2a])) return 'tiff';
  if (starts(bytes, [0x49, 0x49, 0x2b, 0x00]) || starts(bytes, [0x4d, 0x4d, 0x00, 0x2b])) return 'tiff';
  if (head.slice(4, 8) === 'ftyp') return sniffIsoMedia(bytes);
  if (head.startsWith('BM') && [40, 52, 56, 64, 108, 124].includes(bytes[14] ?? 0)) return 'bmp';
  if (starts(bytes, [0xff, 0x0a]) || starts(bytes, [0, 0, 0, 0x0c, 0x4a, 0x58, 0x4c, 0x20])) return 'jxl';
  if (starts(bytes, [0, 0, 0, 0x0c, 0x6a, 0x50, 0x20, 0x20])) return 'jp2';
  if (head.startsWith('8BPS')) return 'psd';
  if (starts(bytes, [0, 0, 1, 0])) return 'ico';
  const opening = text(bytes, 0, 64).trimStart().toLowerCase();
  if (opening.startsWith('<svg') || (opening.startsWith('<?xml') && opening.includes('svg'))) return 'svg';
  return 'unknown';
}

// ISO/IEC 23008-12: the major brand, or one of the compatible ones, says what the container holds.
function sniffIsoMedia(bytes: Uint8Array): PictureFormat {
  const brands = [text(bytes, 8, 12)];
  const end = Math.min(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), bytes.length);
  for (let at = 16; at + 4 <= end; at += 4) brands.push(text(bytes, at, at + 4));
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return 'avif';
  if (brands.some((brand) => /^(hei|hev|mif1|msf1)/.test(brand))) return 'heic';
  return 'unknown';
}
