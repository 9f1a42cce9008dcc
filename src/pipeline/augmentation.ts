import { RandomStream, randomPurpose } from './random';

export interface AugmentationSettings {
  flipLeftRight: boolean;
  /** Largest change, as a share of the full range (255). */
  brightness: number;
  /** The factor lies in 1 - contrast .. 1 + contrast. */
  contrast: number;
  /** Degrees, either way. */
  rotation: number;
  /** The factor lies in 1 - zoom .. 1 + zoom, height and width alike. */
  zoom: number;
  /** Largest shift, as a share of height and width. */
  crop: number;
}

export function augments(settings: AugmentationSettings): boolean {
  return (
    settings.flipLeftRight ||
    settings.brightness > 0 ||
    settings.contrast > 0 ||
    settings.rotation > 0 ||
    settings.zoom > 0 ||
    settings.crop > 0
  );
}

/** What happens to one picture. */
export interface AugmentationDraw {
  flip: boolean;
  /** Added to every value (0..255 scale). */
  brightness: number;
  contrast: number;
  /** Radians, counter-clockwise. */
  angle: number;
  /** Above 1: the picture appears smaller. */
  zoom: number;
  /** Where the part that is cut out begins, as a share of width and height; below 0: beyond the edge. */
  cropX: number;
  cropY: number;
}

/** The epoch whose draws an epoch takes, when they repeat after `variants` epochs. */
export function augmentationEpoch(epoch: number, variants: number | undefined): number {
  return variants ? epoch % variants : epoch;
}

/** Depends on (seed, epoch, index) alone; a setting that is off does not move the numbers of the others. */
export function drawAugmentation(
  settings: AugmentationSettings,
  seed: number,
  epoch: number,
  index: number,
): AugmentationDraw {
  const random = new RandomStream(seed, randomPurpose.augmentation, epoch, index);
  const flip = random.nextUniform() < 0.5;
  const brightness = random.nextWithin(settings.brightness);
  const contrast = random.nextWithin(settings.contrast);
  const angle = random.nextWithin(settings.rotation);
  const zoom = random.nextWithin(settings.zoom);
  const cropX = random.nextWithin(settings.crop);
  const cropY = random.nextWithin(settings.crop);
  return {
    flip: settings.flipLeftRight && flip,
    brightness: brightness * 255,
    contrast: 1 + contrast,
    angle: (angle * Math.PI) / 180,
    zoom: 1 + zoom,
    cropX,
    cropY,
  };
}

/**
 * Where the pixel (column, row) of the result comes from: column a0 x + a1 y + a2, row b0 x + b1 y + b2 of the picture.
 * A part of the picture's size is cut out (by whole pixels), then mirrored, turned and zoomed around its centre.
 *
 * @returns a0 a1 a2 b0 b1 b2
 */
export function transformOf(
  draw: AugmentationDraw,
  height: number,
  width: number,
): [number, number, number, number, number, number] {
  const cosine = Math.cos(draw.angle) * draw.zoom;
  const sine = Math.sin(draw.angle) * draw.zoom;
  const side = draw.flip ? -1 : 1;
  const centreX = (width - 1) / 2;
  const centreY = (height - 1) / 2;
  const a0 = side * cosine;
  const a1 = -side * sine;
  return [
    a0,
    a1,
    centreX + Math.round(draw.cropX * width) - a0 * centreX - a1 * centreY,
    sine,
    cosine,
    centreY + Math.round(draw.cropY * height) - sine * centreX - cosine * centreY,
  ];
}

/** Mirrors at the picture's outer edge (tf.keras' fill_mode 'reflect': d c b a | a b c d | d c b a). */
function reflect(position: number, size: number): number {
  const period = 2 * size;
  const wrapped = ((position % period) + period) % period;
  return wrapped < size ? wrapped : period - 1 - wrapped;
}

/**
 * Writes the augmented picture (uint8 [height, width, channels], row-major) as float32 0..255 into `out` at `offset`.
 * Crop (tf.image.random_crop of the picture padded by reflection), flip, turn and zoom (tf.keras' RandomRotation and
 * RandomZoom) are one bilinear resampling that reflects at the edges; then contrast around each channel's mean (tf.image.adjust_contrast), then brightness
 * (tf.image.adjust_brightness); the result is clipped to 0..255.
 */
export function augmentPicture(
  pixels: Uint8Array,
  height: number,
  width: number,
  channels: number,
  draw: AugmentationDraw,
  out: Float32Array,
  offset: number,
): void {
  if (draw.angle !== 0 || draw.zoom !== 1 || draw.cropX !== 0 || draw.cropY !== 0)
    resample(pixels, height, width, channels, draw, out, offset);
  else copyPicture(pixels, height, width, channels, draw.flip, out, offset);
  if (draw.contrast === 1 && draw.brightness === 0) return;
  const places = height * width;
  for (let channel = 0; channel < channels; channel++) {
    let sum = 0;
    for (let place = 0; place < places; place++) sum += out[offset + place * channels + channel]!;
    const mean = sum / places;
    const shift = mean * (1 - draw.contrast) + draw.brightness;
    for (let place = 0; place < places; place++) {
      const at = offset + place * channels + channel;
      const value = out[at]! * draw.contrast + shift;
      out[at] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}

function copyPicture(
  pixels: Uint8Array,
  height: number,
  width: number,
  channels: number,
  flip: boolean,
  out: Float32Array,
  offset: number,
): void {
  if (!flip) {
    out.set(pixels, offset);
    return;
  }
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * width + (width - 1 - column)) * channels;
      const to = offset + (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel++) out[to + channel] = pixels[from + channel]!;
    }
  }
}

function resample(
  pixels: Uint8Array,
  height: number,
  width: number,
  channels: number,
  draw: AugmentationDraw,
  out: Float32Array,
  offset: number,
): void {
  const [a0, a1, a2, b0, b1, b2] = transformOf(draw, height, width);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const sourceX = a0 * column + a1 * row + a2;
      const sourceY = b0 * column + b1 * row + b2;
      const left = Math.floor(sourceX);
      const top = Math.floor(sourceY);
      const shareX = sourceX - left;
      const shareY = sourceY - top;
      const x0 = reflect(left, width);
      const x1 = reflect(left + 1, width);
      const y0 = reflect(top, height) * width;
      const y1 = reflect(top + 1, height) * width;
      const to = offset + (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel++) {
        const upper =
          pixels[(y0 + x0) * channels + channel]! * (1 - shareX) +
          pixels[(y0 + x1) * channels + channel]! * shareX;
        const lower =
          pixels[(y1 + x0) * channels + channel]! * (1 - shareX) +
          pixels[(y1 + x1) * channels + channel]! * shareX;
        out[to + channel] = upper * (1 - shareY) + lower * shareY;
      }
    }
  }
}
