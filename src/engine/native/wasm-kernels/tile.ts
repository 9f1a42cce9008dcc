import type * as tf from '@tensorflow/tfjs';
import type { KernelArguments } from './access';

/**
 * Repeats a tensor along its axes. The back end's own kernel visits single values; this one copies runs, which makes
 * the gradients of means and sums, that spread one value over whole axes, several times faster.
 */
export function tile({
  inputs,
  attrs,
  backend,
}: KernelArguments<{ x: tf.TensorInfo }, { reps: number[] }>): tf.TensorInfo {
  const { x } = inputs;
  const shape = x.shape.map((size, axis) => size * (attrs.reps[axis] ?? 1));
  const result = backend.makeOutput(shape, x.dtype);
  const source = backend.typedArrayFromHeap(x);
  const target = backend.typedArrayFromHeap(result);
  const count = source.length;
  if (count === 0 || target.length === 0) return result;
  target.set(source);
  // From the last axis to the first: what is there so far are blocks of `inner` values, to be repeated one by one. Moving
  // from the end never overwrites a block that is still to be read.
  let inner = 1;
  let filled = count;
  for (let axis = x.shape.length - 1; axis >= 0; axis--) {
    inner *= x.shape[axis]!;
    const repeats = attrs.reps[axis] ?? 1;
    if (repeats > 1) {
      const blocks = filled / inner;
      for (let block = blocks - 1; block >= 0; block--) {
        const from = block * inner;
        const to = block * inner * repeats;
        if (inner === 1) {
          target.fill(target[from]!, to, to + repeats);
          continue;
        }
        target.copyWithin(to, from, from + inner);
        for (let done = 1; done < repeats; ) {
          const more = Math.min(done, repeats - done);
          target.copyWithin(to + done * inner, to, to + more * inner);
          done += more;
        }
      }
      filled *= repeats;
    }
    inner *= repeats;
  }
  return result;
}
