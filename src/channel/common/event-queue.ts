/** An async iterable that others push into; ends by `end`, `fail` or its signal. Used by streams that are fed by events. */
export class EventQueue<Event> implements AsyncIterable<Event> {
  private readonly queue: Event[] = [];
  private ended = false;
  private failure: unknown;
  private failed = false;
  private wake: () => void = () => {};

  constructor(signal?: AbortSignal) {
    signal?.addEventListener('abort', () => this.end(), { once: true });
  }

  push(event: Event): void {
    if (this.ended) return;
    this.queue.push(event);
    this.wake();
  }

  end(): void {
    this.ended = true;
    this.wake();
  }

  fail(error: unknown): void {
    this.failure = error;
    this.failed = true;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Event> {
    for (;;) {
      while (this.queue.length > 0) yield this.queue.shift() as Event;
      if (this.failed) throw this.failure;
      if (this.ended) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}
