import type { ScalarSeries } from '../../../src/contract/series';
import { quantile } from './extent';

/** Parts of a step in the order of their happening; tags are `timing/<part>_ms`. */
export const timingParts = ['wait', 'copy', 'compute', 'callbacks'] as const;
export type TimingPart = (typeof timingParts)[number];

/** The tag of each part among a run's tags; both spellings of the last one are understood. */
export function timingTags(tags: readonly string[]): Partial<Record<TimingPart, string>> {
  const names: Record<TimingPart, readonly string[]> = {
    wait: ['timing/wait_ms'],
    copy: ['timing/copy_ms', 'timing/input_copy_ms'],
    compute: ['timing/compute_ms'],
    callbacks: ['timing/callbacks_ms', 'timing/callback_ms'],
  };
  const found: Partial<Record<TimingPart, string>> = {};
  for (const part of timingParts) {
    const tag = names[part].find((name) => tags.includes(name));
    if (tag !== undefined) found[part] = tag;
  }
  return found;
}

export interface StepTimings {
  steps: Float64Array;
  /** Milliseconds, one column a part, in the order of `timingParts`; 0 where a part was not recorded. */
  columns: Float64Array[];
  totals: Float64Array;
  /** Share of each part in the whole, 0..1. */
  shares: Record<TimingPart, number>;
  median: number;
  p95: number;
}

/** The parts side by side over the steps that any of them has. Null without a step. */
export function stepTimings(
  parts: Partial<Record<TimingPart, ScalarSeries | undefined>>,
  last = Number.POSITIVE_INFINITY,
): StepTimings | null {
  const positions = new Map<number, number>();
  for (const part of timingParts) for (const step of parts[part]?.steps ?? []) positions.set(step, 0);
  const all = [...positions.keys()].sort((left, right) => left - right);
  const kept = all.slice(Math.max(0, all.length - last));
  if (kept.length === 0) return null;
  positions.clear();
  kept.forEach((step, index) => {
    positions.set(step, index);
  });
  const totals = new Float64Array(kept.length);
  const sums = timingParts.map(() => 0);
  const columns = timingParts.map((part, at) => {
    const column = new Float64Array(kept.length);
    const series = parts[part];
    for (let index = 0; series && index < series.steps.length; index++) {
      const position = positions.get(series.steps[index]!);
      const value = series.values[index]!;
      if (position === undefined || !Number.isFinite(value)) continue;
      column[position] = Math.max(0, value);
    }
    for (let index = 0; index < column.length; index++) {
      totals[index]! += column[index]!;
      sums[at]! += column[index]!;
    }
    return column;
  });
  const whole = sums.reduce((sum, value) => sum + value, 0);
  const shares = Object.fromEntries(
    timingParts.map((part, at) => [part, whole > 0 ? sums[at]! / whole : 0]),
  ) as Record<TimingPart, number>;
  const sorted = [...totals].sort((left, right) => left - right);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  return { steps: Float64Array.from(kept), columns, totals, shares, median: at(0.5), p95: at(0.95) };
}

/** Milliseconds up to which steps are drawn: a single slow one (the first, a checkpoint) must not flatten all others. */
export function timingsCeiling(totals: Float64Array): number {
  const sorted = Float64Array.from(totals).sort();
  return Math.min(sorted.at(-1) ?? 0, quantile(sorted, 0.98) * 1.6);
}

export type TimingVerdict = { kind: 'compute' | 'wait' | 'copy' | 'callbacks'; share: number };

/** What a step's time goes to. Waiting counts as the bottleneck from a quarter on: that much, a better pipeline wins back. */
export function timingVerdict(shares: Record<TimingPart, number>): TimingVerdict {
  if (shares.wait >= 0.25) return { kind: 'wait', share: shares.wait };
  if (shares.callbacks >= 0.25) return { kind: 'callbacks', share: shares.callbacks };
  if (shares.copy >= 0.25) return { kind: 'copy', share: shares.copy };
  return { kind: 'compute', share: shares.compute };
}
