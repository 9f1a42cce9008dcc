import type { HistogramSeries } from '../../../src/contract/series';
import type { Extent } from './extent';
import { bucketsOf, histogramExtent, rebin } from './histogram';

export interface Ridges {
  steps: Float64Array;
  wallTimes: Float64Array;
  extent: Extent;
  /** Horizontal positions of the profile's points, the same for all steps. */
  x: Float64Array;
  /** One profile a step: counts a bin of `extent`. */
  profiles: Float64Array[];
  /** The tallest of all profiles. */
  tallest: number;
}

/**
 * Profiles of a weight's histograms over a common range. Bins outside of which nothing lies in any step are cut off; a
 * profile begins and ends at zero. Null when all histograms are empty.
 */
export function ridges(series: HistogramSeries, bins = 48): Ridges | null {
  const found = histogramExtent(series);
  if (!found) return null;
  let extent = found;
  if (extent.maximum <= extent.minimum) {
    const half = extent.minimum === 0 ? 0.5 : Math.abs(extent.minimum) * 0.1;
    extent = { minimum: extent.minimum - half, maximum: extent.maximum + half };
  }
  const width = (extent.maximum - extent.minimum) / bins;
  const x = new Float64Array(bins + 2);
  x[0] = extent.minimum;
  for (let bin = 0; bin < bins; bin++) x[bin + 1] = extent.minimum + (bin + 0.5) * width;
  x[bins + 1] = extent.maximum;
  let tallest = 0;
  const profiles: Float64Array[] = [];
  for (let index = 0; index < series.steps.length; index++) {
    const counts = rebin(bucketsOf(series, index), extent, bins);
    const profile = new Float64Array(bins + 2);
    for (let bin = 0; bin < bins; bin++) {
      profile[bin + 1] = counts[bin]!;
      if (counts[bin]! > tallest) tallest = counts[bin]!;
    }
    profiles.push(profile);
  }
  return { steps: series.steps, wallTimes: series.wallTimes, extent, x, profiles, tallest };
}

/**
 * Points between the given ones along monotone cubic pieces (Fritsch and Carlson 1980): smooth to the eye, and never
 * higher or lower than the data. Gives (n - 1) * factor + 1 values for evenly spaced ones.
 */
export function refineMonotone(values: Float64Array, factor: number): Float64Array {
  const count = values.length;
  if (count < 3 || factor < 2) return values;
  const slopes = new Float64Array(count - 1);
  for (let index = 0; index < count - 1; index++) slopes[index] = values[index + 1]! - values[index]!;
  const tangents = new Float64Array(count);
  tangents[0] = slopes[0]!;
  tangents[count - 1] = slopes[count - 2]!;
  for (let index = 1; index < count - 1; index++) {
    const before = slopes[index - 1]!;
    const after = slopes[index]!;
    tangents[index] = before * after <= 0 ? 0 : (2 * before * after) / (before + after);
  }
  const refined = new Float64Array((count - 1) * factor + 1);
  for (let index = 0; index < count - 1; index++) {
    for (let part = 0; part < factor; part++) {
      const t = part / factor;
      const t2 = t * t;
      const t3 = t2 * t;
      refined[index * factor + part] =
        (2 * t3 - 3 * t2 + 1) * values[index]! +
        (t3 - 2 * t2 + t) * tangents[index]! +
        (-2 * t3 + 3 * t2) * values[index + 1]! +
        (t3 - t2) * tangents[index + 1]!;
    }
  }
  refined[refined.length - 1] = values[count - 1]!;
  return refined;
}
