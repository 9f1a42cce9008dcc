import { describe, expect, it } from 'vitest';
import { horizontalValues, interleave, logColumn, nearestIndex } from '../../../../renderer/charts/math/axis';

const series = {
  run: 'r',
  split: 'train',
  tag: 'epoch_loss',
  total: 3,
  nonFinite: 0,
  revision: 3,
  steps: Float64Array.of(0, 5, 9),
  wallTimes: Float64Array.of(1000, 1002, 1007),
  values: Float64Array.of(3, 2, 1),
};

describe('the horizontal axis', () => {
  it('is the step, the time since the start, or the time of day', () => {
    expect(horizontalValues(series, 'step')).toBe(series.steps);
    expect([...horizontalValues(series, 'relative')]).toEqual([0, 2, 7]);
    expect([...horizontalValues(series, 'relative', 990)]).toEqual([10, 12, 17]);
    expect(horizontalValues(series, 'wall')).toBe(series.wallTimes);
  });

  it('finds the nearest point to a position', () => {
    const steps = Float64Array.of(0, 10, 20, 100);
    expect([-5, 4, 5, 6, 59, 61, 500].map((target) => nearestIndex(steps, target))).toEqual([
      0, 0, 0, 1, 2, 3, 3,
    ]);
    expect(nearestIndex(new Float64Array(0), 3)).toBe(-1);
  });

  it('gives points one after the other', () => {
    expect([...interleave(Float64Array.of(1, 2), Float64Array.of(7, 8))]).toEqual([1, 7, 2, 8]);
  });
});

describe('a log scale', () => {
  it('leaves a gap where a value is not positive, and counts it', () => {
    const { column, hidden } = logColumn(Float64Array.of(100, 0, -3, Number.NaN, 0.1));
    expect(column[0]).toBe(2);
    expect([column[1], column[2], column[3]].every((value) => Number.isNaN(value))).toBe(true);
    expect(column[4]).toBeCloseTo(-1);
    expect(hidden).toBe(2);
  });
});
