/** Lets at most one call through per `milliseconds`: the first at once, and a last one for all that came meanwhile. */
export class Coalescer {
  private timer: NodeJS.Timeout | undefined;
  private waiting = false;
  private lastCall = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly milliseconds: number,
    private readonly action: () => void,
  ) {}

  trigger(): void {
    if (this.timer) {
      this.waiting = true;
      return;
    }
    const pause = this.lastCall + this.milliseconds - performance.now();
    if (pause > 0) {
      this.waiting = true;
      this.arm(pause);
    } else this.run();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting = false;
  }

  private run(): void {
    this.waiting = false;
    this.lastCall = performance.now();
    this.arm(this.milliseconds);
    this.action();
  }

  private arm(milliseconds: number): void {
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.waiting) this.run();
    }, milliseconds);
  }
}
