import type { Tick } from './math/ticks';
import { thinTicks } from './math/ticks';
import { widestText } from './measure';
import type { ChartTheme } from './theme';

export const chartFontPixels = 11;
export const chartFont = ({ font }: ChartTheme) => `${chartFontPixels}px ${font}`;

/** Pixels that the labels of a vertical axis take, with their distance. */
export function labelRoom(ticks: readonly Tick[], theme: ChartTheme): number {
  return Math.ceil(widest(ticks, theme)) + 12;
}

/** Those ticks of a horizontal axis whose labels don't touch. `span`: in the axis' unit, on `pixels`. */
export function fittingTicks(
  ticks: readonly Tick[],
  span: number,
  pixels: number,
  theme: ChartTheme,
): Tick[] {
  return thinTicks(ticks, span, pixels, widest(ticks, theme) + 12);
}

/** Axis of numbers with labels at these ticks and nowhere else. */
export function valueAxis(
  ticks: readonly Tick[],
  extent: { minimum: number; maximum: number },
  theme: ChartTheme,
) {
  const names = new Map(ticks.map((tick) => [tick.value, tick.label]));
  const values = ticks.map((tick) => tick.value);
  return {
    type: 'value',
    min: extent.minimum,
    max: extent.maximum,
    axisTick: { show: false, customValues: values },
    axisLabel: {
      color: theme.faint,
      fontSize: chartFontPixels,
      customValues: values,
      showMinLabel: true,
      showMaxLabel: true,
      formatter: (value: number) => names.get(value) ?? '',
    },
  };
}

/** The line below a chart. */
export function bottomLine(theme: ChartTheme) {
  return {
    axisLine: { show: true, onZero: false, lineStyle: { color: theme.line } },
    splitLine: { show: false },
  };
}

/** Faint lines across a chart. */
export function crossLines(theme: ChartTheme) {
  return { axisLine: { show: false }, splitLine: { lineStyle: { color: theme.line } } };
}

function widest(ticks: readonly Tick[], theme: ChartTheme): number {
  return widestText(
    ticks.map((tick) => tick.label),
    chartFont(theme),
  );
}
