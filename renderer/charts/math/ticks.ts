import { formatNumber } from '../../format/numbers';

export interface Tick {
  value: number;
  label: string;
}

/** 1, 2 or 5 times a power of ten, so that about `count` steps fit in `span`. */
export function niceStep(span: number, count: number): number {
  if (!(span > 0) || !Number.isFinite(span)) return 1;
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const fraction = raw / power;
  const nice = fraction <= 1 ? 1 : fraction <= 2 ? 2 : fraction <= 5 ? 5 : 10;
  return nice * power;
}

/** Ticks at round values within [minimum, maximum]; never more than `count` + 1. */
export function linearTicks(minimum: number, maximum: number, count: number, whole = false): Tick[] {
  if (!Number.isFinite(minimum) || !Number.isFinite(maximum)) return [];
  if (maximum <= minimum) return [{ value: minimum, label: formatTick(minimum, 1) }];
  let step = niceStep(maximum - minimum, count);
  if (whole) step = Math.max(1, Math.round(step));
  const ticks: Tick[] = [];
  const first = Math.ceil(minimum / step - 1e-9);
  const last = Math.floor(maximum / step + 1e-9);
  for (let index = first; index <= last; index++) {
    const value = Number((index * step).toPrecision(12));
    ticks.push({ value, label: formatTick(value, step) });
  }
  return ticks;
}

/** Making a formatter costs far more than using it, and labels are made with every frame of a growing curve. */
const formatters = new Map<number, Intl.NumberFormat>();
function withDecimals(decimals: number): Intl.NumberFormat {
  let formatter = formatters.get(decimals);
  if (!formatter) {
    formatter = new Intl.NumberFormat('en', {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    formatters.set(decimals, formatter);
  }
  return formatter;
}

/** A tick's label: as many decimal places as the step needs, thousands grouped, exponents for the very large and small. */
export function formatTick(value: number, step: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  const digits = Math.max(0, Math.ceil(Math.log10(size / step) - 1e-9));
  if (digits <= 4 && (size >= 1e6 || (size < 1e-3 && step < 1e-3))) {
    return value
      .toExponential(digits)
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e')
      .replace(/^-/, '−');
  }
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return withDecimals(Math.min(decimals, 8)).format(value).replace(/^-/, '−');
}

/**
 * Ticks for a log axis whose coordinates are log10 of the values. Powers of ten first; with few decades also 2 and 5, and
 * within less than a decade round values of the linear scale.
 */
export function logTicks(minimum: number, maximum: number, count: number): Tick[] {
  if (!Number.isFinite(minimum) || !Number.isFinite(maximum)) return [];
  const decades = maximum - minimum;
  if (decades <= 0) return [{ value: minimum, label: formatNumber(10 ** minimum) }];
  if (decades < 0.7) {
    return linearTicks(10 ** minimum, 10 ** maximum, count).map(({ value, label }) => ({
      value: Math.log10(value),
      label,
    }));
  }
  const multiples = decades <= count / 3 ? [1, 2, 5] : decades <= count / 2 ? [1, 3] : [1];
  const every = Math.max(1, Math.ceil(decades / count));
  const ticks: Tick[] = [];
  for (let power = Math.floor(minimum); power <= Math.ceil(maximum); power++) {
    if (power % every !== 0) continue;
    for (const multiple of multiples) {
      const value = power + Math.log10(multiple);
      if (value < minimum - 1e-9 || value > maximum + 1e-9) continue;
      ticks.push({ value, label: powerLabel(multiple, power) });
    }
  }
  return ticks;
}

function powerLabel(multiple: number, power: number): string {
  if (power >= -3 && power <= 4) {
    const value = multiple * 10 ** power;
    return withDecimals(power < 0 ? -power : 0).format(value);
  }
  return `${multiple}e${power}`.replace('-', '−');
}

const timeSteps = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200,
  86_400, 172_800, 604_800, 1_209_600, 2_592_000,
];

/** Ticks for elapsed seconds, at steps people count time in. */
export function durationTicks(minimum: number, maximum: number, count: number): Tick[] {
  const step = timeStep(maximum - minimum, count);
  const ticks: Tick[] = [];
  for (let index = Math.ceil(minimum / step - 1e-9); index * step <= maximum + 1e-9; index++) {
    const value = Number((index * step).toPrecision(12));
    ticks.push({ value, label: durationLabel(value, step, maximum) });
  }
  return ticks;
}

function durationLabel(seconds: number, step: number, maximum: number): string {
  if (seconds === 0) return '0';
  if (step < 1) return `${seconds.toFixed(1)} s`;
  if (maximum < 60) return `${seconds} s`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = Math.round(seconds % 60);
  if (step >= 86_400) return `${Math.round(seconds / 86_400)} d`;
  if (step >= 3600) return `${Math.round(seconds / 3600)} h`;
  if (hours > 0) return `${hours}:${two(minutes)} h`;
  return rest === 0 && step >= 60 ? `${minutes} min` : `${minutes}:${two(rest)}`;
}

/** Ticks for wall-clock time in seconds since 1970, at round local times. */
export function wallTicks(minimum: number, maximum: number, count: number, offsetSeconds?: number): Tick[] {
  const step = timeStep(maximum - minimum, count);
  const offset = offsetSeconds ?? -new Date(minimum * 1000).getTimezoneOffset() * 60;
  const ticks: Tick[] = [];
  const first = Math.ceil((minimum + offset) / step - 1e-9);
  for (let index = first; index * step - offset <= maximum + 1e-9; index++) {
    const value = index * step - offset;
    ticks.push({ value, label: wallLabel(value + offset, step) });
  }
  return ticks;
}

function wallLabel(localSeconds: number, step: number): string {
  const date = new Date(Math.round(localSeconds * 10) * 100);
  const day = `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
  if (step >= 86_400 || (date.getUTCHours() === 0 && date.getUTCMinutes() === 0 && step >= 3600))
    return day.slice(5);
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
  return step >= 60 ? time : `${time}:${two(date.getUTCSeconds())}`;
}

function timeStep(span: number, count: number): number {
  const wanted = span / Math.max(1, count);
  const found = timeSteps.find((step) => step >= wanted);
  return found ?? niceStep(span / 86_400, count) * 86_400;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** Drops labels that would touch their neighbour, keeping every n-th so that the rhythm stays even. */
export function thinTicks(ticks: readonly Tick[], span: number, pixels: number, labelPixels: number): Tick[] {
  if (ticks.length < 2 || !(span > 0)) return [...ticks];
  let smallest = Number.POSITIVE_INFINITY;
  for (let index = 1; index < ticks.length; index++)
    smallest = Math.min(smallest, Math.abs(ticks[index]!.value - ticks[index - 1]!.value));
  const every = Math.max(1, Math.ceil(labelPixels / ((smallest / span) * pixels)));
  return ticks.filter((_tick, index) => index % every === 0);
}
