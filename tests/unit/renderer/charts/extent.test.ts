import { describe, expect, it } from 'vitest';
import { clipOutliers, extentOf, padExtent, padLogExtent } from '../../../../renderer/charts/math/extent';

describe('ranges', () => {
  it('ignore what is not finite, and what is not positive when asked', () => {
    expect(extentOf([Float64Array.of(3, Number.NaN, Number.POSITIVE_INFINITY, -1)])).toEqual({
      minimum: -1,
      maximum: 3,
    });
    expect(extentOf([Float64Array.of(-3, 0, 0.5, 2)], true)).toEqual({ minimum: 0.5, maximum: 2 });
    expect(extentOf([Float64Array.of(Number.NaN)])).toBeNull();
  });

  it('leave outliers out and count them', () => {
    const values = Float64Array.from({ length: 1000 }, (_, index) => 0.5 + (index % 10) / 20);
    values[0] = 90;
    values[1] = 80;
    values[2] = -40;
    const clipped = clipOutliers([values])!;
    expect(clipped.maximum).toBeLessThan(2);
    expect(clipped.minimum).toBeGreaterThan(-1);
    expect(clipped.above).toBe(2);
    expect(clipped.below).toBe(1);
  });

  it('keep the whole range when nothing stands out', () => {
    const values = Float64Array.from({ length: 100 }, (_, index) => index / 100);
    expect(clipOutliers([values])).toEqual({ minimum: 0, maximum: 0.99, above: 0, below: 0 });
  });

  it('keep a curve that must stay visible', () => {
    const values = Float64Array.from({ length: 100 }, () => 1);
    for (let index = 0; index < 100; index += 2) values[index] = 1.1;
    const clipped = clipOutliers([values, Float64Array.of(50)], [Float64Array.of(50)])!;
    expect(clipped.maximum).toBe(50);
    expect(clipped.above).toBe(0);
  });

  it('show a constant series in the middle, and clip nothing of it', () => {
    expect(clipOutliers([Float64Array.of(2, 2, 2)])).toEqual({ minimum: 2, maximum: 2, above: 0, below: 0 });
    const { minimum, maximum } = padExtent({ minimum: 2, maximum: 2 });
    expect((minimum + maximum) / 2).toBeCloseTo(2);
    expect(maximum).toBeGreaterThan(minimum);
  });

  it('end on round values with room', () => {
    expect(padExtent({ minimum: 0.03, maximum: 2.31 })).toEqual({ minimum: 0, maximum: 2.5 });
    const log = padLogExtent({ minimum: 0.1, maximum: 10 });
    expect(log.minimum).toBeLessThan(-1);
    expect(log.maximum).toBeGreaterThan(1);
  });
});
