import { RandomStream, randomPurpose } from '../pipeline/random';

/*
 * Masks take 8 random bits an element where the rate is a multiple of 1 / 256 (a half, a quarter, an eighth: met exactly), else
 * 16 (met to 1 / 65,536): random numbers are the larger part of the work. Each row (first axis) begins with a word of its own;
 * a word's lower bits come first. Part of the checkpoint format: a run goes on with the same masks, whichever program computes
 * them.
 */

/** How many bits of a word an element takes, and the number that they must reach for it to stay. */
export function maskBits(rate: number): { bits: 8 | 16; threshold: number } {
  if (Number.isInteger(rate * 2 ** 8)) return { bits: 8, threshold: rate * 2 ** 8 };
  return { bits: 16, threshold: Math.ceil(rate * 2 ** 16) };
}

/** The number of a layer's mask among those of all layers; the first of each layer has the layer's own number. */
export function maskNumber({ layer, use }: { layer: number; use: number }): number {
  return layer + 2 ** 16 * use;
}

/** 1 / (1 - rate) where the activation stays, else 0, row-major: a function of (seed, step, layer) and the shape alone. */
export function dropoutMask(
  seed: number,
  step: number,
  layer: number,
  shape: readonly number[],
  rate: number,
): Float32Array {
  const random = new RandomStream(seed, randomPurpose.dropout, step, layer);
  const [rows = 1, ...rest] = shape;
  const columns = rest.reduce((product, size) => product * size, 1);
  const values = new Float32Array(rows * columns);
  const kept = 1 / (1 - rate);
  const { bits, threshold } = maskBits(rate);
  const all = 2 ** bits - 1;
  for (let begin = 0; begin < values.length; begin += columns)
    for (let column = 0; column < columns; ) {
      const word = random.nextWord();
      for (let shift = 0; shift < 32 && column < columns; shift += bits, column++)
        values[begin + column] = ((word >>> shift) & all) >= threshold ? kept : 0;
    }
  return values;
}
