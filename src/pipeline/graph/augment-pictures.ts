import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import { type AugmentationSettings, drawAugmentation } from '../augmentation';
import { choose } from './decode-picture';

/** Numbers of one picture: flip (0 or 1), brightness, contrast, angle, zoom. */
export const numbersPerPicture = 5;

/**
 * What happens to each picture, float32 [indices, 5]: the draws of the plain pipeline. They are made here and fed when
 * an epoch begins, a microsecond for each; a stateless random operation for each example takes TensorFlow thirty.
 */
export function drawForEpoch(
  settings: AugmentationSettings,
  seed: number,
  epoch: number,
  indices: Int32Array,
): Float32Array {
  const numbers = new Float32Array(indices.length * numbersPerPicture);
  indices.forEach((index, row) => {
    const draw = drawAugmentation(settings, seed, epoch, index);
    const at = row * numbersPerPicture;
    numbers[at] = Number(draw.flip);
    numbers[at + 1] = draw.brightness;
    numbers[at + 2] = draw.contrast;
    numbers[at + 3] = draw.angle;
    numbers[at + 4] = draw.zoom;
  });
  return numbers;
}

/**
 * What `augmentPicture` does, for a batch: uint8 [size, height, width, channels] -> float32, up to float32's roundings.
 *
 * @param draws float32 [size, 5] of `drawForEpoch`
 */
export function augmentPictures(
  pictures: Tensor,
  draws: Tensor,
  shape: readonly [height: number, width: number, channels: number],
  settings: AugmentationSettings,
): Tensor {
  /** [size] */
  const draw = (place: number) => ops.reshape(ops.slice(draws, [0, place], [-1, 1]), [-1]);
  const flip = settings.flipLeftRight ? ops.greater(draw(0), 0.5) : undefined;

  const moved =
    settings.rotation > 0 || settings.zoom > 0
      ? resample(
          pictures,
          flip,
          settings.rotation > 0 ? draw(3) : undefined,
          settings.zoom > 0 ? draw(4) : undefined,
          shape,
        )
      : ops.cast(flip ? mirror(pictures, flip, shape) : pictures, 'float32');

  /** One number a picture. */
  const spread = (values: Tensor) => ops.reshape(values, [-1, 1, 1, 1]);
  const { brightness, contrast } = settings;
  if (brightness === 0 && contrast === 0) return moved;
  const added = brightness > 0 ? spread(draw(1)) : undefined;
  let changed = moved;
  if (contrast > 0) {
    const factor = spread(draw(2));
    const kept = ops.multiply(ops.mean(moved, [1, 2], { keepDimensions: true }), ops.subtract(1, factor));
    changed = ops.add(ops.multiply(moved, factor), added ? ops.add(kept, added) : kept);
  } else if (added) changed = ops.add(moved, added);
  // ClipByValue takes three times as long.
  return ops.minimum(ops.maximum(changed, 0), 255);
}

/** Mirrors the pictures for which `flip` holds, left to right. */
function mirror(
  pictures: Tensor,
  flip: Tensor,
  [height, width, channels]: readonly [number, number, number],
): Tensor {
  if (pictures.shape?.[0] === 1)
    return choose(
      ops.reshape(flip, []),
      [pictures],
      ([one]) => ops.expandDims(ops.reverse(ops.squeeze(one!, [0]), [1]), 0),
      ([one]) => ops.identity(one!),
    );
  // As pictures of one height: TensorFlow reverses the columns of a three-dimensional tensor of colours ten times faster.
  const reversed = ops.reverse(ops.reshape(pictures, [-1, width, channels]), [1]);
  const mirrored = ops.reshape(reversed, [-1, height, width, channels]);
  return pictures.graph.op('Select', [flip, mirrored, pictures]).output;
}

/** Flip, turn and zoom around the centre as one bilinear resampling that reflects at the edges. */
function resample(
  pictures: Tensor,
  flip: Tensor | undefined,
  angle: Tensor | undefined,
  zoom: Tensor | undefined,
  [height, width]: readonly [number, number, number],
): Tensor {
  const { graph } = pictures;
  const one = ops.add(ops.multiply(angle ?? zoom!, 0), 1);
  const cosine = ops.multiply(angle ? ops.cos(angle) : one, zoom ?? one);
  const sine = ops.multiply(angle ? ops.sin(angle) : ops.subtract(one, 1), zoom ?? one);
  const side = flip ? ops.where(flip, graph.constant(-1), graph.constant(1)) : one;
  const centreX = (width - 1) / 2;
  const centreY = (height - 1) / 2;
  const a0 = ops.multiply(cosine, side);
  const a1 = ops.negate(ops.multiply(sine, side));
  const shift = (centre: number, x: Tensor, y: Tensor) =>
    ops.subtract(centre, ops.add(ops.multiply(x, centreX), ops.multiply(y, centreY)));
  const nothing = ops.subtract(one, one);
  const rows = [a0, a1, shift(centreX, a0, a1), sine, cosine, shift(centreY, sine, cosine), nothing, nothing];
  return ops.projectiveTransform(ops.cast(pictures, 'float32'), ops.stack(rows, 1), [height, width]);
}
