import type { HistogramSeries } from '../../../src/contract/series';
import type { Extent } from './extent';

/** Rows of one step: [count, 3] left, right, count. */
export function bucketsOf(series: HistogramSeries, index: number): Float64Array {
  return series.buckets.subarray(series.offsets[index]! * 3, series.offsets[index + 1]! * 3);
}

/** Smallest left and largest right edge of buckets that hold something, over all steps. */
export function histogramExtent(series: HistogramSeries): Extent | null {
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  const { buckets } = series;
  for (let row = 0; row + 2 < buckets.length; row += 3) {
    if (!(buckets[row + 2]! > 0)) continue;
    if (buckets[row]! < minimum) minimum = buckets[row]!;
    if (buckets[row + 1]! > maximum) maximum = buckets[row + 1]!;
  }
  return minimum <= maximum ? { minimum, maximum } : null;
}

/**
 * Counts moved into `count` bins of equal width over `extent`; a bucket's count is shared out over the bins that it
 * covers in proportion to the overlap (TensorBoard's vz-histogram-timeseries does the same). A bucket without width goes
 * whole into the bin that contains it.
 */
export function rebin(buckets: Float64Array, extent: Extent, count: number): Float64Array {
  const bins = new Float64Array(count);
  const width = (extent.maximum - extent.minimum) / count;
  for (let row = 0; row + 2 < buckets.length; row += 3) {
    const left = buckets[row]!;
    const right = buckets[row + 1]!;
    const items = buckets[row + 2]!;
    if (!(items > 0)) continue;
    if (!(width > 0)) {
      bins[Math.floor(count / 2)]! += items;
      continue;
    }
    const place = (value: number) =>
      Math.min(count - 1, Math.max(0, Math.floor((value - extent.minimum) / width)));
    if (right <= left) {
      bins[place(left)]! += items;
      continue;
    }
    const last = place(right);
    for (let bin = place(left); bin <= last; bin++) {
      const from = Math.max(left, extent.minimum + bin * width);
      const to = Math.min(right, extent.minimum + (bin + 1) * width);
      if (to > from) bins[bin]! += (items * (to - from)) / (right - left);
    }
  }
  return bins;
}

/** The basis points at which TensorBoard's distributions dashboard draws its lines: the normal curve's ±1.5σ, ±1σ, ±0.5σ. */
export const distributionShares = [0, 0.0668, 0.1587, 0.3085, 0.5, 0.6915, 0.8413, 0.9332, 1] as const;

/**
 * Values below which each of `distributionShares` of the counts lie, linear within a bucket. NaN for an empty histogram.
 */
export function distributionValues(
  buckets: Float64Array,
  shares: readonly number[] = distributionShares,
): Float64Array {
  const values = new Float64Array(shares.length).fill(Number.NaN);
  let total = 0;
  for (let row = 2; row < buckets.length; row += 3) total += buckets[row]!;
  if (total === 0) return values;
  let next = 0;
  let below = 0;
  let end = Number.NaN;
  for (let row = 0; row + 2 < buckets.length && next < shares.length; row += 3) {
    const items = buckets[row + 2]!;
    if (!(items > 0)) continue;
    const left = buckets[row]!;
    const right = buckets[row + 1]!;
    while (next < shares.length && shares[next]! * total <= below + items) {
      values[next] = left + (right - left) * Math.max(0, (shares[next]! * total - below) / items);
      next++;
    }
    below += items;
    end = right;
  }
  for (; next < shares.length; next++) values[next] = end;
  return values;
}
