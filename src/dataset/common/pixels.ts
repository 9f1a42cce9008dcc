import { blend, type Interpolation, interpolation } from './resize';

/** EXIF orientation: 1 upright, 2 mirrored, 3 half turn, 4 upside down, 5 transposed, 6 needs a quarter turn clockwise, 7 transposed the other way, 8 a quarter turn counter-clockwise. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** A decoded picture: uint8 [height, width, channels]; 1 grey, 2 grey + alpha, 3 RGB, 4 RGB + alpha (not premultiplied). */
export interface RawPicture {
  pixels: Uint8Array | Uint8ClampedArray;
  height: number;
  width: number;
  channels: number;
  /** EXIF orientation that `pixels` still need; absent or 1: upright. */
  orientation?: number;
}

export interface PictureShape {
  height: number;
  width: number;
  channels: 1 | 3;
}

/** round(value * factor / 255) for bytes, in whole numbers (Blinn's formula, as in Skia). */
export function multiplyBytes(value: number, factor: number): number {
  const product = value * factor + 128;
  return (product + (product >> 8)) >> 8;
}

/** One byte of a transparent picture laid on white, as a canvas filled with white shows it: round(v·a/255) + 255 - a. */
export function overWhite(value: number, alpha: number): number {
  return multiplyBytes(value, alpha) + 255 - alpha;
}

/** ITU-R BT.601 luma in whole numbers, Pillow's formula for convert('L') (what Keras' load_img uses): grey stays grey. */
export function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 32768) >> 16;
}

/**
 * CMYK (0: no ink) to RGB by r = floor((255 - c)(255 - k) / 255), as Chromium (without a colour profile) and TensorFlow
 * (jpeg_mem.cc) do.
 *
 * @param pixels uint8 [count, 4]; `inverted` when 255 means no ink, as Adobe writes it into JPEG files
 * @returns uint8 [count, 3]
 */
export function cmykToRgb(pixels: Uint8Array | Uint8ClampedArray, inverted = false): Uint8Array {
  const count = pixels.length >> 2;
  const flip = inverted ? 0 : 255;
  const out = new Uint8Array(count * 3);
  for (let from = 0, to = 0; to < out.length; from += 4, to += 3) {
    const light = pixels[from + 3]! ^ flip;
    out[to] = Math.floor(((pixels[from]! ^ flip) * light) / 255);
    out[to + 1] = Math.floor(((pixels[from + 1]! ^ flip) * light) / 255);
    out[to + 2] = Math.floor(((pixels[from + 2]! ^ flip) * light) / 255);
  }
  return out;
}

/** 16-bit samples to 8: the high byte. */
export function sixteenToEight(samples: Uint16Array): Uint8Array {
  const out = new Uint8Array(samples.length);
  for (let index = 0; index < samples.length; index += 1) out[index] = samples[index]! >> 8;
  return out;
}

/** Lays transparency on white and changes the number of channels. uint8 [height, width, channels of the shape]. */
export function toChannels(
  pixels: Uint8Array | Uint8ClampedArray,
  from: number,
  to: 1 | 3,
): Uint8Array | Uint8ClampedArray {
  if (from === to) return pixels;
  const count = pixels.length / from;
  const out = new Uint8Array(count * to);
  for (let index = 0; index < count; index += 1)
    convertPixel(pixels, index * from, from, out, index * to, to);
  return out;
}

/** Turns and mirrors pixels so that they stand upright. Gives the new height and width along. */
export function upright(picture: RawPicture): RawPicture {
  const { height, width, channels, pixels } = picture;
  const walk = walkFor(picture.orientation, height, width);
  if (walk.start === 0 && walk.right === 1) return { pixels, height, width, channels };
  const out = new Uint8Array(pixels.length);
  let next = 0;
  for (let y = 0; y < walk.height; y += 1) {
    for (let x = 0; x < walk.width; x += 1) {
      const from = (walk.start + y * walk.down + x * walk.right) * channels;
      for (let channel = 0; channel < channels; channel += 1) out[next + channel] = pixels[from + channel]!;
      next += channels;
    }
  }
  return { pixels: out, height: walk.height, width: walk.width, channels };
}

/**
 * The picture exactly as a model sees it: transparency laid on white, then grey or RGB, then upright, then resized
 * (`resizeBilinear`). Reads only the source pixels that the result needs.
 *
 * @returns uint8 [shape.height, shape.width, shape.channels]
 */
export function preprocessPicture(picture: RawPicture, shape: PictureShape): Uint8Array {
  const walk = walkFor(picture.orientation, picture.height, picture.width);
  const rows = compactTable(walk.height, shape.height);
  const columns = compactTable(walk.width, shape.width);
  const gathered = new Uint8Array(rows.places.length * columns.places.length * shape.channels);
  let next = 0;
  for (const y of rows.places) {
    const rowStart = walk.start + y * walk.down;
    for (const x of columns.places) {
      const from = (rowStart + x * walk.right) * picture.channels;
      convertPixel(picture.pixels, from, picture.channels, gathered, next, shape.channels);
      next += shape.channels;
    }
  }
  if (walk.height === shape.height && walk.width === shape.width) return gathered;
  return blend(gathered, columns.places.length, shape.channels, rows.table, columns.table);
}

/** How to walk through a stored picture so that it comes out upright; steps in pixels. */
interface Walk {
  height: number;
  width: number;
  start: number;
  down: number;
  right: number;
}

function walkFor(orientation: number | undefined, height: number, width: number): Walk {
  const lastRow = (height - 1) * width;
  const lastColumn = width - 1;
  switch (orientation) {
    case 2:
      return { height, width, start: lastColumn, down: width, right: -1 };
    case 3:
      return { height, width, start: lastRow + lastColumn, down: -width, right: -1 };
    case 4:
      return { height, width, start: lastRow, down: -width, right: 1 };
    case 5:
      return { height: width, width: height, start: 0, down: 1, right: width };
    case 6:
      return { height: width, width: height, start: lastRow, down: 1, right: -width };
    case 7:
      return { height: width, width: height, start: lastRow + lastColumn, down: -1, right: -width };
    case 8:
      return { height: width, width: height, start: lastColumn, down: -1, right: width };
    default:
      return { height, width, start: 0, down: width, right: 1 };
  }
}

/** The distinct source places that an interpolation reads, and the interpolation in terms of their positions. */
interface CompactTable {
  places: number[];
  table: Interpolation;
}

// Most folders hold pictures of few sizes: their tables are made once.
const knownTables = new Map<string, CompactTable>();
const mostTables = 256;

function compactTable(inputSize: number, outputSize: number): CompactTable {
  const key = `${inputSize} ${outputSize}`;
  const known = knownTables.get(key);
  if (known) return known;
  const table = interpolation(inputSize, outputSize);
  const places = [...new Set([...table.lower, ...table.upper])].sort((a, b) => a - b);
  const position = new Map(places.map((place, index) => [place, index]));
  const made = {
    places,
    table: {
      lower: table.lower.map((place) => position.get(place)!),
      upper: table.upper.map((place) => position.get(place)!),
      weight: table.weight,
    },
  };
  if (knownTables.size >= mostTables) knownTables.clear();
  knownTables.set(key, made);
  return made;
}

function convertPixel(
  pixels: Uint8Array | Uint8ClampedArray,
  from: number,
  fromChannels: number,
  out: Uint8Array,
  to: number,
  toChannels: 1 | 3,
): void {
  const coloured = fromChannels >= 3;
  let red = pixels[from]!;
  let green = coloured ? pixels[from + 1]! : red;
  let blue = coloured ? pixels[from + 2]! : red;
  if (fromChannels === 2 || fromChannels === 4) {
    const alpha = pixels[from + fromChannels - 1]!;
    if (alpha !== 255) {
      red = overWhite(red, alpha);
      green = overWhite(green, alpha);
      blue = overWhite(blue, alpha);
    }
  }
  if (toChannels === 1) {
    out[to] = luma(red, green, blue);
  } else {
    out[to] = red;
    out[to + 1] = green;
    out[to + 2] = blue;
  }
}
