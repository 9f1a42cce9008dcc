export type LoopSpan = 'waiting' | 'copy' | 'compute' | 'operation' | 'pipeline';

/** Takes what happened from `begin` to `end` (milliseconds of `performance.now()`). */
export interface SpanSink {
  /** On the thread of the training loop; inside the span that is around it in time. */
  span(category: LoopSpan, name: string, begin: number, end: number): void;
  /**
   * Something that goes on beside the loop begins: it is given a worker's lane that is free. Call the answer when it has
   * ended.
   */
  beginWork(name: string): () => void;
}

let sink: SpanSink | undefined;

/** Where spans go, while steps are profiled; an engine trains one job at a time. */
export function activeTrace(): SpanSink | undefined {
  return sink;
}

/** Sends spans to `next` from now on; undefined: nowhere, and nothing is measured. */
export function setActiveTrace(next: SpanSink | undefined): void {
  sink = next;
}
