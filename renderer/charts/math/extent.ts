import { niceStep } from './ticks';

export interface Extent {
  minimum: number;
  maximum: number;
}

export interface Clipping extends Extent {
  /** Points outside, which are not drawn. */
  above: number;
  below: number;
}

/** Smallest and largest finite value of several columns; null when there is none. */
export function extentOf(columns: readonly Float64Array[], positive = false): Extent | null {
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  for (const column of columns) {
    for (let index = 0; index < column.length; index++) {
      const value = column[index]!;
      if (!Number.isFinite(value) || (positive && value <= 0)) continue;
      if (value < minimum) minimum = value;
      if (value > maximum) maximum = value;
    }
  }
  return minimum <= maximum ? { minimum, maximum } : null;
}

/** Linear interpolation between sorted values, 0 <= share <= 1. */
export function quantile(sorted: Float64Array, share: number): number {
  const position = (sorted.length - 1) * share;
  const low = Math.floor(position);
  const high = Math.ceil(position);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (position - low);
}

/**
 * The range to show when outliers are left out: 5 % .. 95 % of the values, widened by as much again on either side
 * (TensorBoard takes the bare 5 % .. 95 % and hides early data without a word). Never wider than the data. Values in
 * `kept` (the smoothed and validation curves) are always inside.
 */
export function clipOutliers(
  columns: readonly Float64Array[],
  kept: readonly Float64Array[] = [],
): Clipping | null {
  const all = extentOf(columns);
  if (!all) return null;
  let length = 0;
  for (const column of columns) length += column.length;
  const finite = new Float64Array(length);
  let count = 0;
  for (const column of columns) {
    for (let index = 0; index < column.length; index++) {
      const value = column[index]!;
      if (Number.isFinite(value)) finite[count++] = value;
    }
  }
  const sorted = finite.subarray(0, count).sort();
  const low = quantile(sorted, 0.05);
  const high = quantile(sorted, 0.95);
  const margin = high - low;
  const keep = extentOf(kept);
  let minimum = Math.max(all.minimum, Math.min(low - margin, keep?.minimum ?? Number.POSITIVE_INFINITY));
  let maximum = Math.min(all.maximum, Math.max(high + margin, keep?.maximum ?? Number.NEGATIVE_INFINITY));
  if (margin === 0) {
    minimum = all.minimum;
    maximum = all.maximum;
  }
  // Too little to gain: a picture with everything in it is worth more.
  if ((all.maximum - all.minimum) * 0.8 <= maximum - minimum) {
    minimum = all.minimum;
    maximum = all.maximum;
  }
  // A limit that is said in a sentence should be a round number.
  const step = niceStep(maximum - minimum, 20);
  const round = (value: number) => Number(value.toPrecision(12));
  if (maximum < all.maximum) maximum = Math.min(all.maximum, round(Math.ceil(maximum / step) * step));
  if (minimum > all.minimum) minimum = Math.max(all.minimum, round(Math.floor(minimum / step) * step));
  let above = 0;
  let below = 0;
  for (let index = 0; index < sorted.length && sorted[index]! < minimum; index++) below++;
  for (let index = sorted.length - 1; index >= 0 && sorted[index]! > maximum; index--) above++;
  return { minimum, maximum, above, below };
}

/** Room above and below, ending on round values; a range without width gets one. */
export function padExtent({ minimum, maximum }: Extent, count = 5): Extent {
  if (maximum <= minimum) {
    const half = minimum === 0 ? 1 : Math.abs(minimum) * 0.1;
    return { minimum: minimum - half, maximum: maximum + half };
  }
  const step = niceStep(maximum - minimum, count) / 2;
  return {
    minimum: Number((Math.floor(minimum / step + 1e-9) * step).toPrecision(12)),
    maximum: Number((Math.ceil(maximum / step - 1e-9) * step).toPrecision(12)),
  };
}

/** Room in log10 coordinates: a twentieth of the range on either side. */
export function padLogExtent({ minimum, maximum }: Extent): Extent {
  const low = Math.log10(minimum);
  const high = Math.log10(maximum);
  const room = Math.max((high - low) * 0.05, 0.02);
  return { minimum: low - room, maximum: high + room };
}
