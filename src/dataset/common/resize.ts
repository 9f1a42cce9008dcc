/** For each output place along one axis: the two source places and the weight of the second one (float32). */
export interface Interpolation {
  lower: Int32Array;
  upper: Int32Array;
  weight: Float32Array;
}

/**
 * Half-pixel-centre interpolation along one axis, in float32 with roundings at the same places as TensorFlow's
 * ResizeBilinear(half_pixel_centers=true) (tensorflow/core/kernels/image/resize_bilinear_op.cc,
 * compute_interpolation_weights). The weight of the first places may be that of a position left of the picture;
 * lower and upper are then the same place.
 */
export function interpolation(inputSize: number, outputSize: number): Interpolation {
  const lower = new Int32Array(outputSize);
  const upper = new Int32Array(outputSize);
  const weight = new Float32Array(outputSize);
  const scale = Math.fround(inputSize / outputSize);
  for (let place = 0; place < outputSize; place += 1) {
    const position = Math.fround(Math.fround(Math.fround(place + 0.5) * scale) - 0.5);
    const floor = Math.floor(position);
    const last = Math.min(Math.ceil(position), inputSize - 1);
    upper[place] = last;
    lower[place] = Math.min(Math.max(floor, 0), last);
    weight[place] = position - floor;
  }
  return { lower, upper, weight };
}

/**
 * Resizes a picture as TensorFlow's ResizeBilinear(half_pixel_centers=true, align_corners=false) does, without
 * antialias, then rounds to whole numbers (floor(x + 0.5)): the bytes that preview, training, prediction and the
 * exported page all see.
 *
 * @param pixels uint8 [height, width, channels], row by row
 * @returns uint8 [outHeight, outWidth, channels]
 */
export function resizeBilinear(
  pixels: Uint8Array | Uint8ClampedArray,
  height: number,
  width: number,
  channels: number,
  outHeight: number,
  outWidth: number,
): Uint8Array {
  return blend(pixels, width, channels, interpolation(height, outHeight), interpolation(width, outWidth));
}

/** Bilinear blend of `pixels` (rows of `width` pixels) at the places that `rows` and `columns` name. */
export function blend(
  pixels: Uint8Array | Uint8ClampedArray,
  width: number,
  channels: number,
  rows: Interpolation,
  columns: Interpolation,
): Uint8Array {
  const outHeight = rows.lower.length;
  const outWidth = columns.lower.length;
  const out = new Uint8Array(outHeight * outWidth * channels);
  const stride = width * channels;
  const fround = Math.fround;
  let next = 0;
  for (let y = 0; y < outHeight; y += 1) {
    const top = rows.lower[y]! * stride;
    const bottom = rows.upper[y]! * stride;
    const down = rows.weight[y]!;
    for (let x = 0; x < outWidth; x += 1) {
      const left = columns.lower[x]! * channels;
      const right = columns.upper[x]! * channels;
      const across = columns.weight[x]!;
      for (let channel = 0; channel < channels; channel += 1) {
        const topLeft = pixels[top + left + channel]!;
        const bottomLeft = pixels[bottom + left + channel]!;
        const above = fround(topLeft + fround((pixels[top + right + channel]! - topLeft) * across));
        const below = fround(bottomLeft + fround((pixels[bottom + right + channel]! - bottomLeft) * across));
        out[next] = Math.floor(fround(above + fround(fround(below - above) * down)) + 0.5);
        next += 1;
      }
    }
  }
  return out;
}
