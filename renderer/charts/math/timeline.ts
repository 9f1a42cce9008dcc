import type { ProfileSpans } from '../../../src/contract/profile';

/** Part of a trace that is in sight; milliseconds. */
export interface TimeWindow {
  begin: number;
  end: number;
}

export interface TimelineLane {
  name: string;
  /** Index of its first row, and how many rows its nested spans take. */
  row: number;
  rows: number;
}

export interface TimelineLayout {
  lanes: TimelineLane[];
  rows: number;
  /** Spans of each row in the order of their beginning; those of one row don't overlap. */
  byRow: number[][];
  whole: TimeWindow;
}

/** One row a lane and depth, as flame charts have it. */
export function layoutTimeline(spans: ProfileSpans): TimelineLayout {
  const depths = spans.lanes.map(() => 0);
  let end = 0;
  for (let index = 0; index < spans.lane.length; index++) {
    const lane = spans.lane[index]!;
    depths[lane] = Math.max(depths[lane]!, spans.depth[index]! + 1);
    end = Math.max(end, spans.begin[index]! + spans.duration[index]!);
  }
  const lanes: TimelineLane[] = [];
  let rows = 0;
  spans.lanes.forEach((name, lane) => {
    lanes.push({ name, row: rows, rows: depths[lane]! });
    rows += depths[lane]!;
  });
  const byRow = Array.from({ length: rows }, (): number[] => []);
  for (let index = 0; index < spans.lane.length; index++)
    byRow[lanes[spans.lane[index]!]!.row + spans.depth[index]!]!.push(index);
  const begin = spans.begin.length > 0 ? spans.begin[0]! : 0;
  return { lanes, rows, byRow, whole: { begin, end: Math.max(end, begin + 1e-3) } };
}

/** Shorter windows show nothing but rounding. */
const shortest = 1e-3;

/** Nearer (`factor` below 1) or farther, with the moment `at` staying where it is; never beyond `whole`. */
export function zoomWindow(window: TimeWindow, whole: TimeWindow, at: number, factor: number): TimeWindow {
  const length = window.end - window.begin;
  const next = Math.min(whole.end - whole.begin, Math.max(shortest, length * factor));
  const share = (at - window.begin) / length;
  return within({ begin: at - share * next, end: at + (1 - share) * next }, whole);
}

export function panWindow(window: TimeWindow, whole: TimeWindow, milliseconds: number): TimeWindow {
  return within({ begin: window.begin + milliseconds, end: window.end + milliseconds }, whole);
}

/** Moves a window back into `whole`, keeping its length where that fits. */
function within(window: TimeWindow, whole: TimeWindow): TimeWindow {
  const length = Math.min(window.end - window.begin, whole.end - whole.begin);
  const begin = Math.min(Math.max(whole.begin, window.begin), whole.end - length);
  return { begin, end: begin + length };
}

/** Index in `row` of the first span that ends after `time`. */
export function firstAfter(spans: ProfileSpans, row: readonly number[], time: number): number {
  let low = 0;
  let high = row.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const index = row[middle]!;
    if (spans.begin[index]! + spans.duration[index]! <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The span of a row at a moment, or the nearest one that is not farther than `reach`. */
export function spanAt(
  spans: ProfileSpans,
  row: readonly number[],
  time: number,
  reach: number,
): number | undefined {
  const next = firstAfter(spans, row, time);
  let best: number | undefined;
  let distance = reach;
  for (const place of [next, next - 1]) {
    const index = row[place];
    if (index === undefined) continue;
    const begin = spans.begin[index]!;
    const away = Math.max(0, begin - time, time - (begin + spans.duration[index]!));
    if (away === 0) return index;
    if (away <= distance) {
      best = index;
      distance = away;
    }
  }
  return best;
}
