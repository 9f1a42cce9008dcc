import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import { TensorValue } from '../../graph/tensor-value';
import type { AugmentationSettings } from '../augmentation';
import { randomPurpose } from '../random';

/** Words that `drawAugmentation` takes for one picture: flip, brightness, contrast, rotation, zoom. */
const wordsPerPicture = 5;
const philoxAlgorithm = 1;
const twoToMinus24 = 2 ** -24;

/**
 * The random words of one picture, uint32 [5]: those that `RandomStream(seed, augmentation, epoch, index)` gives. Both
 * are Philox4x32-10; a stateless random operation counts its blocks in the first word of the counter, as the stream does.
 *
 * @param epoch int64 []
 * @param index int32 []
 */
export function augmentationWords(seed: number, epoch: Tensor, index: Tensor): Tensor {
  const { graph } = index;
  const key = BigInt(seed >>> 0) | (BigInt(randomPurpose.augmentation) << 32n);
  const unsigned = (value: bigint) => graph.constant(new TensorValue('uint64', [], BigUint64Array.of(value)));
  const blocks = ops.multiply(ops.cast(epoch, 'uint64'), unsigned(1n << 32n));
  const counter = ops.stack([blocks, ops.cast(index, 'uint64')]);
  return graph.op(
    'StatelessRandomUniformFullIntV2',
    [
      graph.constant([wordsPerPicture], 'int32'),
      graph.constant(new TensorValue('uint64', [1], BigUint64Array.of(key))),
      counter,
      graph.constant(philoxAlgorithm, 'int32'),
    ],
    { dtype: 'uint32' },
    { shapes: [[wordsPerPicture]] },
  ).output;
}

/**
 * What `augmentPicture` does, for a batch: uint8 [size, height, width, channels] -> float32, up to float32's roundings.
 *
 * @param words uint32 [size, 5] from `augmentationWords`
 */
export function augmentPictures(
  pictures: Tensor,
  words: Tensor,
  shape: readonly [height: number, width: number, channels: number],
  settings: AugmentationSettings,
): Tensor {
  const { graph } = pictures;
  const high = ops.cast(
    graph.op('RightShift', [words, graph.constant(8, 'uint32')], {}, { shapes: [words.shape] }).output,
    'int32',
  );
  const uniform = ops.multiply(ops.cast(high, 'float32'), twoToMinus24);
  /** [size] */
  const draw = (place: number) => ops.reshape(ops.slice(uniform, [0, place], [-1, 1]), [-1]);
  const within = (place: number, limit: number) =>
    ops.multiply(ops.subtract(ops.multiply(draw(place), 2), 1), limit);
  const flip = settings.flipLeftRight ? ops.less(draw(0), 0.5) : undefined;

  const moved =
    settings.rotation > 0 || settings.zoom > 0
      ? resample(
          pictures,
          flip,
          settings.rotation > 0 ? within(3, (settings.rotation * Math.PI) / 180) : undefined,
          settings.zoom > 0 ? ops.add(within(4, settings.zoom), 1) : undefined,
          shape,
        )
      : ops.cast(flip ? mirror(pictures, flip, shape) : pictures, 'float32');

  /** One number a picture. */
  const spread = (values: Tensor) => ops.reshape(values, [-1, 1, 1, 1]);
  const { brightness, contrast } = settings;
  if (brightness === 0 && contrast === 0) return moved;
  const added = brightness > 0 ? spread(within(1, brightness * 255)) : undefined;
  let changed = moved;
  if (contrast > 0) {
    const factor = ops.add(spread(within(2, contrast)), 1);
    const kept = ops.multiply(ops.mean(moved, [1, 2], { keepDimensions: true }), ops.subtract(1, factor));
    changed = ops.add(ops.multiply(moved, factor), added ? ops.add(kept, added) : kept);
  } else if (added) changed = ops.add(moved, added);
  return graph.op('ClipByValue', [changed, graph.constant(0), graph.constant(255)]).output;
}

/** Mirrors the pictures for which `flip` holds, left to right. */
function mirror(
  pictures: Tensor,
  flip: Tensor,
  [height, width, channels]: readonly [number, number, number],
): Tensor {
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
