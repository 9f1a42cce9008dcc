import { loopLane, type Span } from './span-recorder';

/**
 * An event of Chrome's Trace Event Format (JSON Object Format), which Perfetto and chrome://tracing open:
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU. `X` is a complete event, `M` metadata;
 * `ts` and `dur` are microseconds.
 */
export type TraceEvent =
  | {
      ph: 'X';
      name: string;
      cat: string;
      pid: number;
      tid: number;
      ts: number;
      dur: number;
      args?: Record<string, number | string>;
    }
  | {
      ph: 'M';
      name: 'process_name' | 'thread_name' | 'thread_sort_index';
      pid: number;
      tid: number;
      args: { name: string } | { sort_index: number };
    };

export interface Trace {
  traceEvents: TraceEvent[];
  displayTimeUnit: 'ms';
  otherData: Record<string, string | number>;
}

/** Whole nanoseconds: sums of rounded parts would stick out of what holds them by more than a viewer forgives. */
const inMicroseconds = (milliseconds: number) => Math.round(milliseconds * 1e6) / 1e3;

/** A trace of spans: lane n is thread n + 1. Spans that hold others come before them. */
export function traceOf(spans: readonly Span[], about: Record<string, string | number>): Trace {
  const lanes = spans.reduce((most, { lane }) => Math.max(most, lane + 1), 1);
  const names: TraceEvent[] = [
    { ph: 'M', name: 'process_name', pid: 1, tid: loopLane + 1, args: { name: 'Descent engine' } },
  ];
  for (let lane = 0; lane < lanes; lane++) {
    const name = lane === loopLane ? 'training loop' : `pipeline worker ${lane}`;
    names.push({ ph: 'M', name: 'thread_name', pid: 1, tid: lane + 1, args: { name } });
    names.push({ ph: 'M', name: 'thread_sort_index', pid: 1, tid: lane + 1, args: { sort_index: lane } });
  }
  const events = inOrder(spans).map(
    ({ category, name, lane, begin, end, step }): TraceEvent => ({
      ph: 'X',
      name,
      cat: category,
      pid: 1,
      tid: lane + 1,
      ts: inMicroseconds(begin),
      dur: Math.max(0, Math.round((inMicroseconds(end) - inMicroseconds(begin)) * 1e3) / 1e3),
      ...(step === undefined ? {} : { args: { step } }),
    }),
  );
  return { traceEvents: [...names, ...events], displayTimeUnit: 'ms', otherData: about };
}

/** By beginning; of those that begin together, the longest first. */
export function inOrder(spans: readonly Span[]): Span[] {
  return [...spans].sort((left, right) => left.begin - right.begin || right.end - left.end);
}
