export type Ending = 'stop' | 'interrupt';

/** What a person asks of a running job; the loop looks here between two steps. */
export class JobControls {
  private pauseWanted = false;
  private wake: (() => void) | undefined;
  private boundary: (() => void)[] = [];
  private rate: number | undefined;
  /** `stop`: end with an evaluation. `interrupt`: checkpoint, then end at once. */
  ending: Ending | undefined;
  /** Steps taken, as the loop last told. */
  step = 0;

  /** Resolves with the step at which the loop waits (or has ended). */
  async pause(): Promise<number> {
    this.pauseWanted = true;
    await this.nextBoundary();
    return this.step;
  }

  continue(): number {
    this.pauseWanted = false;
    this.wake?.();
    return this.step;
  }

  stop(): number {
    this.end('stop');
    return this.step;
  }

  interrupt(): void {
    this.end('interrupt');
  }

  setLearningRate(learningRate: number): void {
    this.rate = learningRate;
  }

  /** Taken once. */
  takeLearningRate(): number | undefined {
    const taken = this.rate;
    this.rate = undefined;
    return taken;
  }

  get pausing(): boolean {
    return this.pauseWanted && this.ending === undefined;
  }

  /** Called by the loop while `pausing`: waits for `continue` or an end. */
  async whilePaused(): Promise<void> {
    this.reachBoundary();
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    this.wake = undefined;
  }

  /** Called by the loop when no more steps come. */
  finished(): void {
    this.reachBoundary();
  }

  private end(ending: Ending): void {
    if (this.ending !== 'interrupt') this.ending = ending;
    this.pauseWanted = false;
    this.wake?.();
  }

  private nextBoundary(): Promise<void> {
    return new Promise((resolve) => {
      this.boundary.push(resolve);
    });
  }

  private reachBoundary(): void {
    const waiting = this.boundary;
    this.boundary = [];
    for (const resolve of waiting) resolve();
  }
}
