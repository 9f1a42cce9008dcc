/** As TensorBoard's histogram summary, version 2, has them. */
export const histogramBucketCount = 30;

export interface BucketedValues {
  /** Row-major [bucketCount, 3]: left edge, right edge, count. */
  buckets: Float64Array;
  /** NaN and infinite values, which are in no bucket. */
  nonFinite: number;
}

/**
 * Counts `values` in `bucketCount` buckets of equal width between their smallest and largest finite value; the last
 * bucket is closed on the right. All-equal values stand in the last of buckets without width; without finite values all
 * is zero. Same edges and counts as `histogram_pb` in tensorboard/plugins/histogram/summary_v2.py.
 */
export function histogramBuckets(
  values: Float32Array | Float64Array | Int32Array,
  bucketCount: number = histogramBucketCount,
): BucketedValues {
  const buckets = new Float64Array(bucketCount * 3);
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  let nonFinite = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (!Number.isFinite(value)) {
      nonFinite++;
      continue;
    }
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  const finite = values.length - nonFinite;
  if (finite === 0) return { buckets, nonFinite };

  const range = maximum - minimum;
  const width = range / bucketCount;
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    buckets[bucket * 3] = minimum + bucket * width;
    buckets[bucket * 3 + 1] = bucket === bucketCount - 1 ? maximum : minimum + (bucket + 1) * width;
  }
  if (range === 0) {
    buckets[bucketCount * 3 - 1] = finite;
    return { buckets, nonFinite };
  }
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (!Number.isFinite(value)) continue;
    const bucket = Math.min(Math.floor((value - minimum) / width), bucketCount - 1);
    buckets[bucket * 3 + 2]! += 1;
  }
  return { buckets, nonFinite };
}
