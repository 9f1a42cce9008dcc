import { describe, expect, it } from 'vitest';
import {
  distributionShares,
  distributionValues,
  histogramExtent,
  rebin,
} from '../../../../renderer/charts/math/histogram';
import { histogramBuckets } from '../../../../src/contract/histogram';

describe('histograms', () => {
  it('keep their total when moved into other bins', () => {
    const values = Float64Array.from({ length: 5000 }, (_, index) => Math.sin(index) * 3);
    const { buckets } = histogramBuckets(values);
    for (const count of [7, 30, 64]) {
      const bins = rebin(buckets, { minimum: -4, maximum: 4 }, count);
      expect(bins.reduce((sum, item) => sum + item, 0)).toBeCloseTo(5000, 6);
    }
  });

  it('share a bucket over the bins it covers', () => {
    const bins = rebin(Float64Array.of(0, 4, 8), { minimum: 0, maximum: 4 }, 4);
    expect([...bins]).toEqual([2, 2, 2, 2]);
  });

  it('put a bucket without width whole into one bin', () => {
    const bins = rebin(Float64Array.of(1, 1, 9), { minimum: 0, maximum: 4 }, 4);
    expect([...bins]).toEqual([0, 9, 0, 0]);
    const degenerate = rebin(Float64Array.of(1, 1, 9), { minimum: 1, maximum: 1 }, 5);
    expect(degenerate.reduce((sum, item) => sum + item, 0)).toBe(9);
  });

  it('find the normal curve at the shares that TensorBoard draws', () => {
    // A standard normal sample by inverse sums: 20,000 values through a deterministic low-discrepancy sequence.
    const values = new Float64Array(20_000);
    for (let index = 0; index < values.length; index++) {
      const u = (index + 0.5) / values.length;
      const v = (index * 0.618_033_988_749_895) % 1;
      values[index] = Math.sqrt(-2 * Math.log(1 - u * 0.999_999)) * Math.cos(2 * Math.PI * v);
    }
    const found = distributionValues(histogramBuckets(values).buckets);
    const expected = [-1.5, -1, -0.5, 0, 0.5, 1, 1.5];
    expected.forEach((sigma, index) => {
      expect(found[index + 1]!).toBeCloseTo(sigma, 0);
      expect(Math.abs(found[index + 1]! - sigma)).toBeLessThan(0.15);
    });
    expect(found).toHaveLength(distributionShares.length);
  });

  it('ascend, and are NaN for an empty histogram', () => {
    const found = distributionValues(Float64Array.of(0, 1, 5, 1, 2, 0, 2, 3, 5));
    for (let index = 1; index < found.length; index++)
      expect(found[index]!).toBeGreaterThanOrEqual(found[index - 1]!);
    expect(found[0]).toBe(0);
    expect(found[8]).toBe(3);
    expect(distributionValues(Float64Array.of(0, 1, 0)).every(Number.isNaN)).toBe(true);
  });

  it('take their range from buckets that hold something', () => {
    const series = {
      run: 'r',
      split: 'train',
      tag: 't',
      total: 1,
      revision: 1,
      steps: Float64Array.of(0),
      wallTimes: Float64Array.of(0),
      buckets: Float64Array.of(-9, -1, 0, -1, 1, 4, 1, 9, 0),
      offsets: Int32Array.of(0, 3),
    };
    expect(histogramExtent(series)).toEqual({ minimum: -1, maximum: 1 });
  });
});
