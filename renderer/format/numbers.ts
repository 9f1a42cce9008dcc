/** What stands where there is no value. */
export const noValue = '–';

// Making a formatter costs a hundred times what using one does, and live pages format thousands of numbers a second.
const fixedFormats = new Map<number, Intl.NumberFormat>();
const shortFormat = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });

function fixedFormat(decimals: number): Intl.NumberFormat {
  let format = fixedFormats.get(decimals);
  if (!format) {
    format = new Intl.NumberFormat('en', {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    fixedFormats.set(decimals, format);
  }
  return format;
}

/**
 * A number as the interface shows it: four significant digits; whole numbers in full with grouping; very small and very
 * large ones with an exponent.
 */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return noValue;
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return formatCount(value);
  const magnitude = Math.abs(value);
  if (magnitude < 1e-4 || magnitude >= 1e9) return shortExponent(value, digits);
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(magnitude)));
  return withMinus(fixedFormat(Math.min(decimals, 8)).format(value));
}

/** Up to four significant digits, without zeros to fill them up: bounds and ticks. */
export function formatShort(value: number): string {
  const rounded = Number(value.toPrecision(4));
  const magnitude = Math.abs(rounded);
  if (rounded === 0 || (magnitude >= 1e-4 && magnitude < 1e9)) return withMinus(shortFormat.format(rounded));
  return formatNumber(rounded);
}

/** A whole number with grouping. */
export function formatCount(value: number): string {
  return withMinus(fixedFormat(0).format(Math.round(value)));
}

/** A setting's value as short as it can be without loss, e.g. 0.001, 1e-5, 32. */
export function formatExact(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 1e-4 ? value.toExponential().replace('e+', 'e') : String(value);
}

/** A share (0 to 1) in per cent with `digits` significant digits, e.g. "96.42 %". */
export function formatShare(share: number, digits = 3): string {
  if (!Number.isFinite(share)) return noValue;
  if (share === 0 || share === 1) return `${share * 100} %`;
  return `${formatNumber(Number((share * 100).toPrecision(digits)), digits)} %`;
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Bytes in binary units, e.g. "1.3 GiB". */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${byteUnits[unit]}`;
}

/** Seconds as "850 ms", "3.1 s", "1 m 12 s", "2 h 5 m", "3 d 4 h". */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return noValue;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} m`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** Milliseconds of a step, e.g. "25.4 ms". */
export function formatMilliseconds(milliseconds: number): string {
  return milliseconds >= 1000
    ? formatDuration(milliseconds / 1000)
    : `${Number(milliseconds.toPrecision(3)).toLocaleString('en')} ms`;
}

/** A moment in the person's own time zone, e.g. "23 Nov, 16:36" (the year when it is another one). */
export function formatMoment(iso: string, now: Date = new Date()): string {
  const moment = new Date(iso);
  if (Number.isNaN(moment.getTime())) return noValue;
  const sameYear = moment.getFullYear() === now.getFullYear();
  return moment.toLocaleString('en-GB', {
    day: 'numeric',
    month: 'short',
    ...(sameYear ? {} : { year: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit',
  });
}

function shortExponent(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e') as [string, string];
  return withMinus(`${mantissa.replace(/\.?0+$/, '')}e${Number(exponent)}`);
}

function withMinus(text: string): string {
  return text.replace(/^-/, '−');
}
