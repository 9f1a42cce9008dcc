import { describe, expect, it } from 'vitest';
import {
  firstAfter,
  layoutTimeline,
  panWindow,
  spanAt,
  zoomWindow,
} from '../../../../renderer/charts/math/timeline';
import type { ProfileSpans } from '../../../../src/contract/profile';

/** [lane, depth, begin, duration], in the order of the beginning. */
function spansOf(rows: [number, number, number, number][]): ProfileSpans {
  const count = rows.length;
  return {
    lanes: ['training loop', 'pipeline worker 1'],
    names: ['a'],
    lane: Int32Array.from(rows, ([lane]) => lane),
    name: new Int32Array(count),
    category: new Int32Array(count),
    depth: Int32Array.from(rows, ([, depth]) => depth),
    begin: Float64Array.from(rows, ([, , begin]) => begin),
    duration: Float64Array.from(rows, ([, , , duration]) => duration),
    step: new Int32Array(count),
    leftOut: 0,
  };
}

const spans = spansOf([
  [0, 0, 2, 8],
  [0, 1, 2, 3],
  [1, 0, 4, 2],
  [0, 1, 6, 1],
  [0, 0, 11, 4],
]);

describe('the layout of a timeline', () => {
  it('has a row for each lane and depth, and ends with the last span', () => {
    const layout = layoutTimeline(spans);
    expect(layout.lanes).toEqual([
      { name: 'training loop', row: 0, rows: 2 },
      { name: 'pipeline worker 1', row: 2, rows: 1 },
    ]);
    expect(layout.byRow).toEqual([[0, 4], [1, 3], [2]]);
    expect(layout.whole).toEqual({ begin: 2, end: 15 });
  });

  it('of nothing is empty, and still has a width', () => {
    const { rows, whole } = layoutTimeline(spansOf([]));
    expect(rows).toBe(0);
    expect(whole.end).toBeGreaterThan(whole.begin);
  });
});

describe('zooming and panning', () => {
  const whole = { begin: 0, end: 100 };

  it('keeps the moment under the pointer where it is', () => {
    const near = zoomWindow({ begin: 0, end: 100 }, whole, 20, 0.5);
    expect(near).toEqual({ begin: 10, end: 60 });
    expect((20 - near.begin) / (near.end - near.begin)).toBeCloseTo(0.2);
  });

  it('never leaves the trace', () => {
    expect(zoomWindow({ begin: 10, end: 60 }, whole, 20, 10)).toEqual(whole);
    expect(panWindow({ begin: 10, end: 60 }, whole, -30)).toEqual({ begin: 0, end: 50 });
    expect(panWindow({ begin: 10, end: 60 }, whole, 70)).toEqual({ begin: 50, end: 100 });
    const nearest = zoomWindow({ begin: 10, end: 10.001 }, whole, 10, 1e-6);
    expect(nearest.end - nearest.begin).toBeCloseTo(1e-3, 9);
  });
});

describe('the span under the pointer', () => {
  const row = layoutTimeline(spans).byRow[0]!;

  it('is the one that holds the moment', () => {
    expect(spanAt(spans, row, 5, 0)).toBe(0);
    expect(spanAt(spans, row, 11, 0)).toBe(4);
    expect(firstAfter(spans, row, 10.5)).toBe(1);
  });

  it('may be a little beside it, so that a thin one can be met', () => {
    expect(spanAt(spans, row, 10.2, 0.5)).toBe(0);
    expect(spanAt(spans, row, 10.8, 0.5)).toBe(4);
    expect(spanAt(spans, row, 10.5, 0.1)).toBeUndefined();
    expect(spanAt(spans, [], 10, 1)).toBeUndefined();
  });
});
