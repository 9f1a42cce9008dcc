import { RandomStream, randomPurpose } from '../pipeline/random';

/*
 * Masks take 16 random bits an element: half the work of whole words, and a rate is still met to 1 / 65,536. Each row (first
 * axis) begins with a word of its own; a word's lower half comes first. Part of the checkpoint format: a run goes on with
 * the same masks, whichever program computes them.
 */

/** An element stays when its 16 bits are no less. */
export function keepThreshold(rate: number): number {
  return Math.ceil(rate * 2 ** 16);
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
  const threshold = keepThreshold(rate);
  for (let begin = 0; begin < values.length; begin += columns)
    for (let column = 0; column < columns; column += 2) {
      const word = random.nextWord();
      values[begin + column] = (word & 0xffff) >= threshold ? kept : 0;
      if (column + 1 < columns) values[begin + column + 1] = word >>> 16 >= threshold ? kept : 0;
    }
  return values;
}
