import type * as tf from '@tensorflow/tfjs';
import type { KernelArguments } from './access';

/**
 * Sums slices of x that share a segment: x [...ids, ...rest] and segmentIds [...ids] give [numSegments, ...rest] in x's
 * dtype (float32 or int32). As in TensorFlow, slices with a negative id are left out. It is the gradient of gather, and
 * so of every embedding.
 */
export function unsortedSegmentSum({
  inputs,
  attrs,
  backend,
}: KernelArguments<{ x: tf.TensorInfo; segmentIds: tf.TensorInfo }, { numSegments: number }>): tf.TensorInfo {
  const { x, segmentIds } = inputs;
  const rest = x.shape.slice(segmentIds.shape.length);
  const width = rest.reduce((product, size) => product * size, 1);
  const result = backend.makeOutput([attrs.numSegments, ...rest], x.dtype);
  const sum = backend.typedArrayFromHeap(result).fill(0);
  const values = backend.typedArrayFromHeap(x);
  const ids = backend.typedArrayFromHeap(segmentIds);
  for (let slice = 0; slice < ids.length; slice++) {
    const segment = ids[slice]!;
    if (segment < 0) continue;
    if (segment >= attrs.numSegments)
      throw new Error(`Segment ${segment} does not lie in [0, ${attrs.numSegments})`);
    const source = slice * width;
    const target = segment * width;
    for (let index = 0; index < width; index++) sum[target + index]! += values[source + index]!;
  }
  return result;
}
