import type { TensorLike } from '../bind';
import type { Tensor } from '../operation';
import { integers, reverse, type Sizes } from './array';
import { add } from './math';
import { unary } from './support';

/** Path -> bytes. */
export const readFile = unary('ReadFile');

/** Channels of the result: 0 as in the file. */
export type Channels = 0 | 1 | 3 | 4;

/**
 * Bytes -> uint8 [height, width, channels]. By the accurate inverse DCT, which gives the same bytes as libjpeg elsewhere;
 * TensorFlow's own default is a faster one.
 */
export function decodeJpeg(bytes: Tensor, channels: Channels = 0): Tensor {
  return bytes.graph.op('DecodeJpeg', [bytes], {
    channels,
    dct_method: 'INTEGER_ACCURATE',
    fancy_upscaling: true,
  }).output;
}

export function decodePng(bytes: Tensor, channels: Channels = 0): Tensor {
  return bytes.graph.op('DecodePng', [bytes], { channels, dtype: 'uint8' }).output;
}

export function decodeBmp(bytes: Tensor, channels: Channels = 0): Tensor {
  return bytes.graph.op('DecodeBmp', [bytes], { channels }).output;
}

/** Any of JPEG, PNG, BMP and the first frame of GIF, by what the bytes say. JPEG with the default inverse DCT. */
export function decodeImage(bytes: Tensor, channels: Channels = 0): Tensor {
  return bytes.graph.op(
    'DecodeImage',
    [bytes],
    { channels, expand_animations: false },
    { shapes: [[null, null, channels === 0 ? null : channels]] },
  ).output;
}

export const encodePng = unary('EncodePng');
export const encodeJpeg = unary('EncodeJpeg');

/** [batch, height, width, channels] of any numbers -> float32, with half-pixel centres and without antialiasing. */
export function resizeBilinear(images: Tensor, size: Sizes): Tensor {
  return images.graph.op('ResizeBilinear', [images, integers(images.graph, size)], {
    half_pixel_centers: true,
  }).output;
}

export function resizeNearestNeighbor(images: Tensor, size: Sizes): Tensor {
  const attributes = { half_pixel_centers: true };
  return images.graph.op('ResizeNearestNeighbor', [images, integers(images.graph, size)], attributes).output;
}

/** The axis before the last is turned round. */
export function flipLeftRight(image: Tensor): Tensor {
  return reverse(image, [image.rank - 2]);
}

/** Adds to every value. */
export function adjustBrightness(image: Tensor, delta: TensorLike): Tensor {
  return add(image, delta);
}

/** (x - mean) * factor + mean, with the mean of each channel of each picture; float32 [..., height, width, channels]. */
export function adjustContrast(images: Tensor, factor: TensorLike): Tensor {
  return images.graph.op('AdjustContrastv2', [images, factor]).output;
}

export interface TransformOptions {
  interpolation?: 'BILINEAR' | 'NEAREST';
  fill?: 'REFLECT' | 'WRAP' | 'CONSTANT' | 'NEAREST';
}

/**
 * Every output pixel (x, y) takes the value at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), k = c0 x + c1 y + 1; a row
 * of `transforms` [batch or 1, 8] is a0 a1 a2 b0 b1 b2 c0 c1.
 */
export function projectiveTransform(
  images: Tensor,
  transforms: Tensor,
  size: Sizes,
  options: TransformOptions = {},
): Tensor {
  const { interpolation = 'BILINEAR', fill = 'REFLECT' } = options;
  return images.graph.op(
    'ImageProjectiveTransformV3',
    [images, transforms, integers(images.graph, size), images.graph.constant(0)],
    { interpolation, fill_mode: fill },
  ).output;
}
