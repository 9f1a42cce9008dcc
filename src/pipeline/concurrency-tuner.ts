/** At least so many completions and so much time in one measurement. */
const windowCompletions = 48;
const windowMilliseconds = 80;
/** A change of throughput below this is noise. */
const significantGain = 1.05;
/** After so many windows at rest it tries again, since the load of the machine changes. */
const windowsAtRest = 40;

/**
 * Finds at run time how many examples to load at once: as long as doubling gains throughput it doubles, when it doesn't
 * it goes back and rests. (tf.data's AUTOTUNE hill-climbs likewise.) `saturated` tells that loads were waiting for a
 * place, without which a window says nothing.
 */
export class ConcurrencyTuner {
  private completions = 0;
  private windowStart: number | undefined;
  private bestRate = 0;
  private bestLimit: number;
  private resting = 0;
  limit: number;

  constructor(
    initial: number,
    private readonly maximum: number,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.limit = Math.min(initial, maximum);
    this.bestLimit = this.limit;
  }

  completed(saturated: boolean): void {
    const now = this.clock();
    if (!saturated) {
      this.windowStart = undefined;
      return;
    }
    if (this.windowStart === undefined) {
      this.windowStart = now;
      this.completions = 0;
      return;
    }
    this.completions++;
    const elapsed = now - this.windowStart;
    if (this.completions < windowCompletions || elapsed < windowMilliseconds) return;
    this.finishWindow(this.completions / elapsed);
    this.windowStart = now;
    this.completions = 0;
  }

  private finishWindow(rate: number): void {
    if (this.resting > 0) {
      this.resting--;
      if (this.resting === 0) this.bestRate = 0;
      return;
    }
    if (rate > this.bestRate * significantGain) {
      this.bestRate = rate;
      this.bestLimit = this.limit;
      if (this.limit < this.maximum) {
        this.limit = Math.min(this.maximum, this.limit * 2);
        return;
      }
    }
    this.limit = this.bestLimit;
    this.resting = windowsAtRest;
  }
}
