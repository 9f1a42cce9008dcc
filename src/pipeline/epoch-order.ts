import { RandomStream, randomPurpose } from './random';

/**
 * The order in which an epoch visits examples 0 .. count - 1: what tf.data's
 * `range(count).shuffle(buffer, seed, reshuffle_each_iteration=True)` does (a buffer of the next `buffer` examples, from
 * which one is drawn at random and replaced by the following example; tensorflow/core/kernels/data/shuffle_dataset_op.cc),
 * as a pure function, so that any epoch can be entered at any place. With `buffer >= count` it is a uniform shuffle.
 */
export function epochOrder(seed: number, epoch: number, count: number, buffer: number): Int32Array {
  const random = new RandomStream(seed, randomPurpose.order, epoch);
  const order = new Int32Array(count);
  const held = new Int32Array(Math.max(1, Math.min(buffer, count)));
  let filled = Math.min(held.length, count);
  for (let index = 0; index < filled; index++) held[index] = index;
  let incoming = filled;
  for (let place = 0; place < count; place++) {
    const drawn = random.nextBelow(filled);
    order[place] = held[drawn]!;
    if (incoming < count) held[drawn] = incoming++;
    else held[drawn] = held[--filled]!;
  }
  return order;
}

/** The order of a split that is not shuffled. */
export function sequentialOrder(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => index);
}
