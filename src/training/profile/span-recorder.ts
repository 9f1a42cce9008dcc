import type { SpanCategory } from '../../contract/profile';
import type { LoopSpan, SpanSink } from '../../pipeline/tracing';

/** What happened on a lane; milliseconds since the window began. */
export interface Span {
  category: SpanCategory;
  name: string;
  lane: number;
  begin: number;
  end: number;
  /** Step that it tells, counted from 1. */
  step?: number;
}

/** The thread of the training loop; workers of the pipeline follow. */
export const loopLane = 0;

/** A trace of more events than this takes longer to open than to understand. */
const maximumSpans = 200_000;

/** Collects the spans of one window of steps. */
export class SpanRecorder implements SpanSink {
  readonly spans: Span[] = [];
  leftOut = 0;
  private readonly origin = performance.now();
  private readonly busy: boolean[] = [];
  private closed = false;

  constructor(private readonly limit = maximumSpans) {}

  get workers(): number {
    return this.busy.length;
  }

  add(category: SpanCategory, name: string, begin: number, end: number, step?: number): void {
    this.put({ category, name, lane: loopLane, begin, end, ...(step === undefined ? {} : { step }) });
  }

  span(category: LoopSpan, name: string, begin: number, end: number): void {
    this.put({ category, name, lane: loopLane, begin, end });
  }

  beginWork(name: string): () => void {
    const free = this.busy.indexOf(false);
    const worker = free < 0 ? this.busy.length : free;
    this.busy[worker] = true;
    const begin = performance.now();
    return () => {
      this.busy[worker] = false;
      this.put({ category: 'pipeline', name, lane: loopLane + 1 + worker, begin, end: performance.now() });
    };
  }

  /** When the last span of a category on the loop's thread ended, of those that began at `since` or later; else `since`. */
  lastOnLoop(category: SpanCategory, since: number): number {
    for (let index = this.spans.length - 1; index >= 0; index--) {
      const span = this.spans[index]!;
      if (span.lane !== loopLane) continue;
      if (span.begin < since - this.origin) break;
      if (span.category === category) return span.end + this.origin;
    }
    return since;
  }

  /** What ends later belongs to no window. */
  close(): void {
    this.closed = true;
  }

  private put(span: Span): void {
    if (this.closed || span.begin < this.origin) return;
    // What tells where a step's time went is always kept: there are few of these.
    if (this.spans.length >= this.limit && (span.category === 'operation' || span.category === 'pipeline')) {
      this.leftOut++;
      return;
    }
    this.spans.push({ ...span, begin: span.begin - this.origin, end: span.end - this.origin });
  }
}
