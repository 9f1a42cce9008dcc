export interface PointColumns {
  steps: Float64Array;
  wallTimes: Float64Array;
  values: Float64Array;
}

export interface ReducedPoints extends PointColumns {
  /** Points within the asked range before the reduction. */
  total: number;
  nonFinite: number;
}

/**
 * The points with fromStep <= step <= toStep, in step order, at most `maxPoints` of them. When there are more, the range
 * is cut into maxPoints / 4 buckets of equal width in steps, and each keeps its first, last, smallest and largest finite
 * point, so that a drawn line has the same extent in every bucket (M4, Jugel et al., VLDB 2014). `columns` must be in
 * step order. The result is a copy.
 */
export function reducePoints(
  columns: PointColumns,
  fromStep: number,
  toStep: number,
  maxPoints: number,
): ReducedPoints {
  const { steps, wallTimes, values } = columns;
  const start = lowerBound(steps, fromStep);
  const end = upperBound(steps, toStep);
  const total = Math.max(0, end - start);
  let nonFinite = 0;
  for (let index = start; index < end; index++) if (!Number.isFinite(values[index]!)) nonFinite++;
  if (total <= maxPoints) {
    return {
      steps: steps.slice(start, end),
      wallTimes: wallTimes.slice(start, end),
      values: values.slice(start, end),
      total,
      nonFinite,
    };
  }

  const bucketCount = Math.max(1, Math.floor(maxPoints / 4));
  const firstStep = steps[start]!;
  const span = steps[end - 1]! - firstStep;
  const kept = new Uint32Array(bucketCount * 4);
  let count = 0;
  let index = start;
  for (let bucket = 0; bucket < bucketCount && index < end; bucket++) {
    const first = index;
    // All points at one step have no width to be cut by: they are cut by their number.
    const limit = firstStep + (span * (bucket + 1)) / bucketCount;
    const last =
      bucket === bucketCount - 1
        ? end
        : span === 0
          ? start + Math.ceil((total * (bucket + 1)) / bucketCount)
          : lowerBoundFrom(steps, limit, index, end);
    if (last <= first) continue;
    let smallest = -1;
    let largest = -1;
    for (; index < last; index++) {
      const value = values[index]!;
      if (!Number.isFinite(value)) continue;
      if (smallest < 0 || value < values[smallest]!) smallest = index;
      if (largest < 0 || value > values[largest]!) largest = index;
    }
    count = keep(kept, count, first, smallest, largest, last - 1);
  }
  const result = {
    steps: new Float64Array(count),
    wallTimes: new Float64Array(count),
    values: new Float64Array(count),
    total,
    nonFinite,
  };
  for (let point = 0; point < count; point++) {
    const source = kept[point]!;
    result.steps[point] = steps[source]!;
    result.wallTimes[point] = wallTimes[source]!;
    result.values[point] = values[source]!;
  }
  return result;
}

/** Indices of at most `maximum` of `count` items, evenly spaced; the newest is always among them. */
export function thinnedIndices(count: number, maximum: number): number[] {
  if (count <= maximum) return Array.from({ length: count }, (_, index) => index);
  if (maximum === 1) return [count - 1];
  return Array.from({ length: maximum }, (_, index) => Math.round((index * (count - 1)) / (maximum - 1)));
}

function keep(
  kept: Uint32Array,
  count: number,
  first: number,
  smallest: number,
  largest: number,
  last: number,
): number {
  let next = count;
  kept[next++] = first;
  const earlier = Math.min(smallest, largest);
  const later = Math.max(smallest, largest);
  if (earlier > first && earlier < last) kept[next++] = earlier;
  if (later > first && later < last && later !== earlier) kept[next++] = later;
  if (last > first) kept[next++] = last;
  return next;
}

function lowerBound(steps: Float64Array, step: number): number {
  return lowerBoundFrom(steps, step, 0, steps.length);
}

function lowerBoundFrom(steps: Float64Array, step: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (steps[middle]! < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

function upperBound(steps: Float64Array, step: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (steps[middle]! <= step) low = middle + 1;
    else high = middle;
  }
  return low;
}
