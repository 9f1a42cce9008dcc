import { describe, expect, it } from 'vitest';
import { type ChartLine, type LineSettings, lineModel } from '../../../../renderer/charts/line-model';

const settings: LineSettings = {
  axis: 'step',
  smoothing: 0,
  log: false,
  clip: false,
  zoom: null,
  origins: new Map(),
  width: 800,
  height: 300,
  measure: (text) => text.length * 6,
  endLabels: false,
};

function line(steps: number[], values: number[], more: Partial<ChartLine> = {}): ChartLine {
  return {
    key: 'a',
    run: 'r',
    split: 'train',
    tag: 'batch_loss',
    label: 'train',
    color: '#2f6fed',
    dash: 'solid',
    series: {
      run: 'r',
      split: 'train',
      tag: 'batch_loss',
      total: steps.length,
      revision: 1,
      nonFinite: values.filter((value) => !Number.isFinite(value)).length,
      steps: Float64Array.from(steps),
      wallTimes: Float64Array.from(steps, (step) => 1000 + step / 10),
      values: Float64Array.from(values),
    },
    ...more,
  };
}
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('a line chart', () => {
  it('is nothing without a point', () => {
    expect(lineModel([], settings)).toBeNull();
    expect(lineModel([line([], [])], settings)).toBeNull();
    expect(lineModel([{ ...line([1], [1]), series: undefined }], settings)).toBeNull();
  });

  it('shows a single point in the middle of a range', () => {
    const model = lineModel([line([5], [0.25])], settings)!;
    expect(model.x.minimum).toBeLessThan(5);
    expect(model.x.maximum).toBeGreaterThan(5);
    expect(model.y.minimum).toBeLessThan(0.25);
    expect(model.y.maximum).toBeGreaterThan(0.25);
  });

  it('reaches to the last step while points are still to come', () => {
    const model = lineModel([line([10, 20], [1, 2])], { ...settings, begin: 0, end: 100 })!;
    expect(model.x).toEqual({ minimum: 0, maximum: 100 });
  });

  it('keeps labels of both axes apart at the smallest size', () => {
    for (const [width, height] of [
      [280, 180],
      [200, 120],
      [800, 300],
      [3840, 2160],
    ] as const) {
      const model = lineModel(
        [
          line(
            range(2581),
            range(2581).map((x) => Math.exp(-x / 400)),
          ),
        ],
        {
          ...settings,
          width,
          height,
        },
      )!;
      const plotWidth = width - model.grid.left - model.grid.right;
      const xScale = plotWidth / (model.x.maximum - model.x.minimum);
      for (let at = 1; at < model.xTicks.length; at++) {
        const gap = (model.xTicks[at]!.value - model.xTicks[at - 1]!.value) * xScale;
        const half = (label: string) => (label.length * 6) / 2;
        expect(gap).toBeGreaterThan(half(model.xTicks[at]!.label) + half(model.xTicks[at - 1]!.label) + 4);
      }
      const plotHeight = height - model.grid.top - model.grid.bottom;
      const yScale = plotHeight / (model.y.maximum - model.y.minimum);
      for (let at = 1; at < model.yTicks.length; at++)
        expect((model.yTicks[at]!.value - model.yTicks[at - 1]!.value) * yScale).toBeGreaterThan(14);
      expect(model.xTicks.length).toBeGreaterThan(1);
      expect(model.yTicks.length).toBeGreaterThan(1);
    }
  });

  it('leaves out what is not positive on a log scale, and says how much', () => {
    const model = lineModel([line([0, 1, 2, 3], [1, 0, -2, 0.01])], { ...settings, log: true })!;
    expect(model.notPositive).toBe(2);
    expect(model.y.minimum).toBeLessThan(-2);
    expect(Number.isNaN(model.lines[0]!.points[3]!)).toBe(true);
  });

  it('says how many points the clipping hides, and ends where it says', () => {
    const values = range(400).map((index) => 1 + (index % 7) / 10);
    values[3] = 100;
    values[9] = 120;
    const model = lineModel([line(range(400), values)], { ...settings, clip: true })!;
    expect(model.above!.count).toBe(2);
    expect(model.y.maximum).toBe(model.above!.limit);
    expect(model.y.maximum).toBeLessThan(10);
    expect(model.below).toBeNull();
  });

  it('counts what is not finite instead of dropping it silently', () => {
    const model = lineModel([line([0, 1, 2], [1, Number.NaN, 3])], settings)!;
    expect(model.nonFinite).toBe(1);
  });

  it('keeps the raw points behind a smoothed curve, but not of lines that are not smoothed', () => {
    const values = range(50).map((index) => index % 2);
    const lines = [line(range(50), values), line(range(50), values, { key: 'b', smooth: false })];
    const model = lineModel(lines, { ...settings, smoothing: 0.9 })!;
    expect(model.lines[0]!.rawPoints).not.toBeNull();
    expect(model.lines[1]!.rawPoints).toBeNull();
    expect(model.lines[1]!.smoothed).toBe(model.lines[1]!.raw);
  });

  it('ends a thinned smooth curve at its last point', () => {
    const values = range(5001).map((index) => Math.sin(index));
    const model = lineModel([line(range(5001), values)], { ...settings, smoothing: 0.6 })!;
    const { points } = model.lines[0]!;
    expect(points.length / 2).toBeLessThan(2000);
    expect(points[points.length - 2]).toBe(5000);
  });

  it('fits the vertical range to the zoomed part', () => {
    const model = lineModel([line(range(100), range(100))], {
      ...settings,
      zoom: { minimum: 10, maximum: 20 },
    })!;
    expect(model.y.minimum).toBeGreaterThanOrEqual(5);
    expect(model.y.maximum).toBeLessThanOrEqual(25);
  });

  it('counts relative time from the first point of the run, not of the line', () => {
    const model = lineModel([line([10, 20], [1, 2])], {
      ...settings,
      axis: 'relative',
      origins: new Map([['r', 1000]]),
    })!;
    expect([...model.lines[0]!.x]).toEqual([1, 2]);
  });
});
