import { describe, expect, it } from 'vitest';
import { smooth } from '../../../../renderer/charts/math/smoothing';

describe('smoothing as TensorBoard does it', () => {
  it('gives the debiased moving average', () => {
    // last = last * w + (1 - w) * v; divided by 1 - w^n, by hand for w = 0.5: 1; (0.25 + 1) / 0.75; ...
    const smoothed = smooth(Float64Array.of(1, 2, 3), 0.5);
    expect(smoothed[0]).toBeCloseTo(1, 12);
    expect(smoothed[1]).toBeCloseTo((0.25 + 1) / 0.75, 12);
    expect(smoothed[2]).toBeCloseTo((0.125 + 0.5 + 1.5) / 0.875, 12);
  });

  it('does not lean to zero at the start', () => {
    const values = Float64Array.from({ length: 50 }, (_, index) => 100 + (index % 2));
    const smoothed = smooth(values, 0.99);
    for (const value of smoothed) expect(value).toBeGreaterThan(99.9);
  });

  it('passes over values that are not finite without poisoning the rest', () => {
    const smoothed = smooth(Float64Array.of(1, Number.NaN, 3), 0.5);
    expect(smoothed[1]).toBeNaN();
    expect(smoothed[2]).toBeCloseTo((0.25 + 1.5) / 0.75, 12);
  });

  it('leaves the values alone at weight 0 and for a constant series', () => {
    const values = Float64Array.of(5, 1, 7);
    expect(smooth(values, 0)).toBe(values);
    const constant = Float64Array.of(2, 2, 2);
    expect(smooth(constant, 0.9)).toBe(constant);
  });
});
