/** Time in a frame that charts may take; the rest belongs to the page. */
const budgetMilliseconds = 5;

/**
 * Spreads chart updates over frames: a key's newest task replaces the one that waits, and a frame ends when its budget
 * is used, so that several charts that get points at once do not meet in one long frame.
 */
export class FrameQueue {
  private readonly tasks = new Map<object, () => void>();
  private requested = false;

  constructor(
    private readonly request: (callback: () => void) => void = (callback) => requestAnimationFrame(callback),
    private readonly now: () => number = () => performance.now(),
  ) {}

  put(key: object, task: () => void): void {
    // Replacing keeps the key's place, so that no chart is pushed back for ever.
    this.tasks.set(key, task);
    this.ask();
  }

  drop(key: object): void {
    this.tasks.delete(key);
  }

  /** Resolves when nothing waits to be drawn: the time to ask for more. */
  async idle(): Promise<void> {
    while (this.tasks.size > 0) await new Promise<void>((resolve) => this.request(resolve));
  }

  private ask(): void {
    if (this.requested) return;
    this.requested = true;
    this.request(() => this.run());
  }

  private run(): void {
    this.requested = false;
    const start = this.now();
    for (const [key, task] of this.tasks) {
      this.tasks.delete(key);
      task();
      if (this.now() - start >= budgetMilliseconds) break;
    }
    if (this.tasks.size > 0) this.ask();
  }
}

export const chartFrames = new FrameQueue();
