import { describe, expect, it } from 'vitest';
import { cellStrength, confusionCells } from '../../../../renderer/charts/math/confusion';
import { refineMonotone, ridges } from '../../../../renderer/charts/math/ridges';
import { histogramBuckets } from '../../../../src/contract/histogram';

describe('ridgelines', () => {
  const parts = [1, 2].map(
    (scale) =>
      histogramBuckets(Float64Array.from({ length: 1000 }, (_, index) => Math.sin(index) * scale)).buckets,
  );
  const series = {
    run: 'r',
    split: 'train',
    tag: 'dense/kernel_0',
    total: 2,
    revision: 2,
    steps: Float64Array.of(0, 1),
    wallTimes: Float64Array.of(0, 1),
    buckets: Float64Array.from([...parts[0]!, ...parts[1]!]),
    offsets: Int32Array.of(0, 30, 60),
  };

  it('stand over one range and keep every count', () => {
    const found = ridges(series)!;
    expect(found.extent.minimum).toBeCloseTo(-2, 2);
    expect(found.extent.maximum).toBeCloseTo(2, 2);
    for (const profile of found.profiles) {
      expect(profile.reduce((sum, count) => sum + count, 0)).toBeCloseTo(1000, 6);
      expect(profile[0]).toBe(0);
      expect(profile.at(-1)).toBe(0);
    }
    expect(found.tallest).toBe(Math.max(...found.profiles.flatMap((profile) => [...profile])));
  });

  it('draw weights that are all equal, as biases are at the start', () => {
    const { buckets } = histogramBuckets(new Float64Array(16));
    const found = ridges({ ...series, steps: Float64Array.of(0), buckets, offsets: Int32Array.of(0, 30) })!;
    expect(found.extent.maximum).toBeGreaterThan(found.extent.minimum);
    expect(found.profiles[0]!.reduce((sum, count) => sum + count, 0)).toBe(16);
  });

  it('are nothing when all histograms are empty', () => {
    expect(ridges({ ...series, buckets: new Float64Array(180) })).toBeNull();
  });

  it('are smoothed without going above or below the data', () => {
    const values = Float64Array.of(0, 0, 10, 3, 3, 8, 0);
    const refined = refineMonotone(values, 4);
    expect(refined).toHaveLength(25);
    for (let index = 0; index < values.length; index++)
      expect(refined[index * 4]).toBeCloseTo(values[index]!, 12);
    for (let index = 0; index < refined.length; index++) {
      const low = Math.min(values[Math.floor(index / 4)]!, values[Math.min(6, Math.ceil(index / 4))]!);
      const high = Math.max(values[Math.floor(index / 4)]!, values[Math.min(6, Math.ceil(index / 4))]!);
      expect(refined[index]!).toBeGreaterThanOrEqual(low - 1e-9);
      expect(refined[index]!).toBeLessThanOrEqual(high + 1e-9);
    }
  });
});

describe('a confusion matrix', () => {
  it('tells each cell’s share of its row, also of an empty row', () => {
    const cells = confusionCells([8, 2, 0, 0], 2);
    expect(cells.map((cell) => cell.share)).toEqual([0.8, 0.2, 0, 0]);
    expect(cells[1]).toMatchObject({ truth: 0, predicted: 1, count: 2 });
  });

  it('shows a single mistake among hundreds', () => {
    expect(cellStrength(0)).toBe(0);
    expect(cellStrength(1 / 500)).toBeGreaterThan(0.1);
    expect(cellStrength(1)).toBeCloseTo(1);
  });
});
