import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import { type AugmentationSettings, drawAugmentation, transformOf } from '../augmentation';

/** Numbers of one picture: flip (0 or 1), brightness, contrast, and the row of its projective transform. */
export const numbersPerPicture = 11;
const firstOfTransform = 3;

/**
 * What happens to each picture, float32 [indices, 11]: the draws of the plain pipeline. They are made here and fed when
 * an epoch begins, a microsecond for each; a stateless random operation for each example takes TensorFlow thirty.
 */
export function drawForEpoch(
  settings: AugmentationSettings,
  seed: number,
  epoch: number,
  indices: Int32Array,
  [height, width]: readonly number[],
): Float32Array {
  const numbers = new Float32Array(indices.length * numbersPerPicture);
  indices.forEach((index, row) => {
    const draw = drawAugmentation(settings, seed, epoch, index);
    const at = row * numbersPerPicture;
    numbers[at] = Number(draw.flip);
    numbers[at + 1] = draw.brightness;
    numbers[at + 2] = draw.contrast;
    numbers.set(transformOf(draw, height!, width!), at + firstOfTransform);
  });
  return numbers;
}

/**
 * What `augmentPicture` does, for a batch: uint8 [size, height, width, channels] -> float32, up to float32's roundings.
 *
 * @param draws float32 [size, 11] of `drawForEpoch`
 */
export function augmentPictures(
  pictures: Tensor,
  draws: Tensor,
  shape: readonly [height: number, width: number, channels: number],
  settings: AugmentationSettings,
): Tensor {
  const moved = move(pictures, draws, shape, settings);
  /** [size, 1, 1, 1]. */
  const draw = (place: number) => ops.reshape(ops.slice(draws, [0, place], [-1, 1]), [-1, 1, 1, 1]);
  const { brightness, contrast } = settings;
  if (brightness === 0 && contrast === 0) return moved;
  const added = brightness > 0 ? draw(1) : undefined;
  let changed = moved;
  if (contrast > 0) {
    const factor = draw(2);
    const kept = ops.multiply(ops.mean(moved, [1, 2], { keepDimensions: true }), ops.subtract(1, factor));
    changed = ops.add(ops.multiply(moved, factor), added ? ops.add(kept, added) : kept);
  } else if (added) changed = ops.add(moved, added);
  // ClipByValue takes three times as long.
  return ops.minimum(ops.maximum(changed, 0), 255);
}

/** Crop, flip, turn and zoom. */
function move(
  pictures: Tensor,
  draws: Tensor,
  shape: readonly [number, number, number],
  { crop, flipLeftRight, rotation, zoom }: AugmentationSettings,
): Tensor {
  if (rotation > 0 || zoom > 0) return resample(pictures, draws, shape);
  if (crop > 0) return ops.cast(cut(pictures, draws, shape), 'float32');
  if (!flipLeftRight) return ops.cast(pictures, 'float32');
  const flip = ops.greater(ops.reshape(ops.slice(draws, [0, 0], [-1, 1]), [-1]), 0.5);
  return ops.cast(mirror(pictures, flip, shape), 'float32');
}

/**
 * Mirrors the pictures for which `flip` holds, left to right. Only these are gathered, reversed and put back, in place:
 * reversing all and selecting takes three times as long.
 */
function mirror(
  pictures: Tensor,
  flip: Tensor,
  [height, width, channels]: readonly [number, number, number],
): Tensor {
  const { graph } = pictures;
  const rows = ops.cast(graph.op('Where', [flip]).output, 'int32');
  const flipped = ops.gather(pictures, ops.reshape(rows, [-1]));
  // As pictures of one height: TensorFlow reverses the columns of a three-dimensional tensor of colours ten times faster.
  const reversed = ops.reverse(ops.reshape(flipped, [-1, width, channels]), [1]);
  const mirrored = ops.reshape(reversed, [-1, height, width, channels]);
  const shapes = [pictures.shape];
  return graph.op('TensorScatterUpdate', [pictures, rows, mirrored], {}, { shapes }).output;
}

/** One bilinear resampling that reflects at the edges. */
function resample(pictures: Tensor, draws: Tensor, [height, width]: readonly number[]): Tensor {
  const transforms = ops.slice(draws, [0, firstOfTransform], [-1, 8]);
  return ops.projectiveTransform(ops.cast(pictures, 'float32'), transforms, [height!, width!]);
}

/** Shifts by whole pixels, mirrored or not, are taken row by row and column by column, without floats. */
function cut(pictures: Tensor, draws: Tensor, [height, width]: readonly number[]): Tensor {
  const number = (place: number) => ops.slice(draws, [0, firstOfTransform + place], [-1, 1]);
  /** int32 [size, length]: where each place comes from. */
  const source = (length: number, side: Tensor | undefined, shift: Tensor) => {
    const places = pictures.graph.constant(
      Float32Array.from({ length }, (_, place) => place),
      'float32',
      {
        shape: [1, length],
      },
    );
    const straight = ops.add(side ? ops.multiply(places, side) : places, shift);
    const wrapped = pictures.graph.op('FloorMod', [straight, 2 * length]).output;
    return ops.cast(ops.minimum(wrapped, ops.subtract(2 * length - 1, wrapped)), 'int32');
  };
  const rows = take(pictures, source(height!, undefined, number(5)), 1);
  return take(rows, source(width!, number(0), number(2)), 2);
}

/** Gathers along an axis by the indices of each picture. */
function take(pictures: Tensor, indices: Tensor, axis: number): Tensor {
  const shapes = [pictures.shape];
  return pictures.graph.op('GatherV2', [pictures, indices, axis], { batch_dims: 1 }, { shapes }).output;
}
