import type { ScalarSeries } from '../../../src/contract/series';

/** TensorBoard's three horizontal axes: step, seconds since the run's first point, and time of day. */
export type AxisKind = 'step' | 'relative' | 'wall';

/** Horizontal positions of a series' points. `origin` is the run's first wall time, for `relative`. */
export function horizontalValues(series: ScalarSeries, kind: AxisKind, origin?: number): Float64Array {
  if (kind === 'step') return series.steps;
  if (kind === 'wall') return series.wallTimes;
  const start = origin ?? series.wallTimes[0] ?? 0;
  return series.wallTimes.map((time) => time - start);
}

/** Index of the value nearest to `target` in an ascending column; -1 when empty. */
export function nearestIndex(ascending: Float64Array, target: number): number {
  if (ascending.length === 0) return -1;
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < target) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && target - ascending[low - 1]! <= ascending[low]! - target) return low - 1;
  return low;
}

/** x and y one after the other, as ECharts takes them without making an object a point. */
export function interleave(x: Float64Array, y: Float64Array): Float64Array {
  const points = new Float64Array(x.length * 2);
  for (let index = 0; index < x.length; index++) {
    points[index * 2] = x[index]!;
    points[index * 2 + 1] = y[index]!;
  }
  return points;
}

/** log10 of each value; NaN (a gap) where there is none. Counts what cannot be shown. */
export function logColumn(values: Float64Array): { column: Float64Array; hidden: number } {
  const column = new Float64Array(values.length);
  let hidden = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (value > 0) column[index] = Math.log10(value);
    else {
      column[index] = Number.NaN;
      if (Number.isFinite(value)) hidden++;
    }
  }
  return { column, hidden };
}
