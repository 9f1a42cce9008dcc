import type { ScalarSeries } from '../../src/contract/series';
import { type AxisKind, horizontalValues, interleave, logColumn } from './math/axis';
import { clipOutliers, type Extent, extentOf, padExtent, padLogExtent } from './math/extent';
import { smooth } from './math/smoothing';
import { durationTicks, linearTicks, logTicks, type Tick, thinTicks, wallTicks } from './math/ticks';

/** One curve: a tag of a split of a run. */
export interface ChartLine {
  key: string;
  run: string;
  split: string;
  tag: string;
  /** How legend and tooltip call it. */
  label: string;
  color: string;
  dash: number[] | 'solid';
  /** A curve to compare with, drawn thin and without its raw points. */
  quiet?: boolean;
  /** False: shown as it is whatever the smoothing (a few points, one an epoch). */
  smooth?: boolean;
  /** Set for a tag whose steps count epochs (from 0) on a chart over steps: how many steps an epoch has. */
  stepsPerEpoch?: number;
  series: ScalarSeries | undefined;
}

/** Where a phase of a run begins. */
export interface PhaseMark {
  run: string;
  /** Steps and epochs before it. */
  step: number;
  epoch: number;
  label: string;
  color?: string;
}

export interface LineSettings {
  axis: AxisKind;
  smoothing: number;
  log: boolean;
  /** Leave outliers out of the vertical range. */
  clip: boolean;
  /** The horizontal range that was zoomed to, in the axis' unit. */
  zoom: Extent | null;
  /** Where the axis ends while points are still to come (the run's last step). */
  end?: number;
  /** Steps are shown from here on even when the first point is later. */
  begin?: number;
  /** Wall time of each run's first point, for the relative axis. */
  origins: ReadonlyMap<string, number>;
  width: number;
  height: number;
  /** Width of a text on the axes, in pixels. */
  measure: (text: string) => number;
  /** Room to the right for labels at the curves' ends. */
  endLabels: boolean;
}

export interface DrawnLine {
  line: ChartLine;
  x: Float64Array;
  raw: Float64Array;
  smoothed: Float64Array;
  /** Pairs in the axes' coordinates (log10 on a log scale), as ECharts takes them. */
  rawPoints: Float64Array | null;
  points: Float64Array;
}

export interface LineModel {
  lines: DrawnLine[];
  x: Extent;
  y: Extent;
  xTicks: Tick[];
  yTicks: Tick[];
  grid: { left: number; right: number; top: number; bottom: number };
  /** Counts of what is not drawn. */
  above: { count: number; limit: number } | null;
  below: { count: number; limit: number } | null;
  /** Zero or negative on a log scale. */
  notPositive: number;
  nonFinite: number;
  /** The counts are of the points that were sent; the studio holds more. */
  reduced: boolean;
  points: number;
}

const tickHeight = 38;

/** Everything about a line chart that is arithmetic: ranges, ticks, margins, what is left out. Null when no line has a point. */
export function lineModel(lines: readonly ChartLine[], settings: LineSettings): LineModel | null {
  const drawn: DrawnLine[] = [];
  let nonFinite = 0;
  let notPositive = 0;
  let reduced = false;
  let points = 0;
  const raws: Float64Array[] = [];
  const smooths: Float64Array[] = [];
  const horizontals: Float64Array[] = [];
  for (const line of lines) {
    const { series } = line;
    if (!series || series.steps.length === 0) continue;
    const x = horizontalValues(series, settings.axis, settings.origins.get(line.run));
    const smoothed = line.smooth === false ? series.values : smooth(series.values, settings.smoothing);
    nonFinite += series.nonFinite;
    reduced ||= series.total > series.steps.length;
    points += series.steps.length;
    let raw = series.values;
    let main = smoothed;
    if (settings.log) {
      const logged = logColumn(raw);
      notPositive += logged.hidden;
      main = main === raw ? logged.column : logColumn(main).column;
      raw = logged.column;
    }
    drawn.push({
      line,
      x,
      raw: series.values,
      smoothed,
      rawPoints: smoothed === series.values || line.quiet ? null : interleave(x, raw),
      points: smoothed === series.values ? interleave(x, main) : thinned(x, main, settings.width),
    });
    horizontals.push(x);
    const [from, to] = settings.zoom ? within(x, settings.zoom) : [0, x.length];
    if (!line.quiet || smoothed === series.values) raws.push(raw.subarray(from, to));
    if (smoothed !== series.values) smooths.push(main.subarray(from, to));
  }
  const whole = extentOf(horizontals);
  if (!whole || drawn.length === 0) return null;

  const x = horizontalExtent(whole, settings);
  const clipping = settings.clip ? clipOutliers([...raws, ...smooths], smooths) : null;
  const vertical = clipping ?? extentOf([...raws, ...smooths]) ?? { minimum: 0, maximum: 1 };
  const count = Math.max(2, Math.floor(settings.height / tickHeight));
  const clipped = clipping !== null && clipping.above + clipping.below > 0;
  let y = settings.log
    ? padLogExtent({ minimum: 10 ** vertical.minimum, maximum: 10 ** vertical.maximum })
    : padExtent(vertical, count);
  if (clipped && clipping) {
    // The limit that is named in the corner is where the picture ends.
    y = {
      minimum: clipping.below > 0 ? clipping.minimum : y.minimum,
      maximum: clipping.above > 0 ? clipping.maximum : y.maximum,
    };
  }
  const yTicks = settings.log
    ? logTicks(y.minimum, y.maximum, count)
    : linearTicks(y.minimum, y.maximum, count);
  const left = Math.ceil(Math.max(14, ...yTicks.map((tick) => settings.measure(tick.label)))) + 10;
  const right = settings.endLabels
    ? Math.ceil(
        Math.min(
          settings.width * 0.3,
          Math.max(...drawn.map(({ line }) => settings.measure(line.label))) + 14,
        ),
      )
    : 14;
  const grid = { left, right, top: 10, bottom: 22 };
  const plotWidth = Math.max(20, settings.width - left - right);
  const rawTicks = horizontalTicks(x, settings.axis, Math.max(2, Math.floor(plotWidth / 80)));
  const widest = Math.max(0, ...rawTicks.map((tick) => settings.measure(tick.label)));
  const xTicks = thinTicks(rawTicks, x.maximum - x.minimum, plotWidth, widest + 12);
  const named = (coordinate: number) => (settings.log ? 10 ** coordinate : coordinate);
  return {
    lines: drawn,
    x,
    y,
    xTicks,
    yTicks,
    grid,
    above: clipping && clipping.above > 0 ? { count: clipping.above, limit: named(clipping.maximum) } : null,
    below: clipping && clipping.below > 0 ? { count: clipping.below, limit: named(clipping.minimum) } : null,
    notPositive,
    nonFinite,
    reduced,
    points,
  };
}

function horizontalExtent(whole: Extent, settings: LineSettings): Extent {
  if (settings.zoom) return settings.zoom;
  let { minimum, maximum } = whole;
  if (settings.axis === 'step') {
    if (settings.begin !== undefined) minimum = Math.min(minimum, settings.begin);
    if (settings.end !== undefined) maximum = Math.max(maximum, settings.end);
  }
  if (maximum <= minimum) {
    const half = settings.axis === 'step' ? 1 : 0.5;
    return { minimum: minimum - half, maximum: maximum + half };
  }
  return { minimum, maximum };
}

function horizontalTicks(x: Extent, axis: AxisKind, count: number): Tick[] {
  if (axis === 'relative') return durationTicks(x.minimum, x.maximum, count);
  if (axis === 'wall') return wallTicks(x.minimum, x.maximum, count);
  return linearTicks(x.minimum, x.maximum, count, true);
}

/** A smoothed curve needs no more than about a point a pixel; the last always stays. */
function thinned(x: Float64Array, y: Float64Array, width: number): Float64Array {
  const every = Math.floor(x.length / Math.max(1, width));
  if (every < 2) return interleave(x, y);
  const count = Math.ceil((x.length - 1) / every) + 1;
  const points = new Float64Array(count * 2);
  for (let at = 0; at < count; at++) {
    const index = at === count - 1 ? x.length - 1 : at * every;
    points[at * 2] = x[index]!;
    points[at * 2 + 1] = y[index]!;
  }
  return points;
}

/** First index at or after the range's start, and one past its last. */
function within(ascending: Float64Array, range: Extent): [number, number] {
  let from = 0;
  let to = ascending.length;
  while (from < to && ascending[from]! < range.minimum) from++;
  while (to > from && ascending[to - 1]! > range.maximum) to--;
  return [from, to];
}
