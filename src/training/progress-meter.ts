import type { LiveProgress } from '../contract/frames';
import type { StepReport } from './program';

interface Sample {
  at: number;
  examples: number;
  report: StepReport;
  callbackMilliseconds: number;
}

const meanMilliseconds = 1000;
const emitMilliseconds = 250;

export interface ProgressFacts {
  epoch: number;
  epochs: number;
  step: number;
  totalSteps: number;
  learningRate: number;
  tensors: number;
  metrics: Record<string, number>;
}

/** Means over the last second, and the time that is left. */
export class ProgressMeter {
  private samples: Sample[] = [];
  private lastEmit = Number.NEGATIVE_INFINITY;
  private stepsTimed = 0;
  private secondsTimed = 0;
  private validationSeconds: number | undefined;

  /** `wholeMilliseconds`: from the end of the step before to the end of this one. */
  add(report: StepReport, callbackMilliseconds: number, wholeMilliseconds: number): void {
    const at = performance.now();
    this.samples.push({ at, examples: report.examples, report, callbackMilliseconds });
    while (this.samples.length > 1 && at - this.samples[0]!.at > meanMilliseconds) this.samples.shift();
    this.stepsTimed++;
    this.secondsTimed += wholeMilliseconds / 1000;
  }

  /** Steps of another phase take another time. */
  beginPhase(): void {
    this.stepsTimed = 0;
    this.secondsTimed = 0;
  }

  validated(seconds: number): void {
    this.validationSeconds = seconds;
  }

  isDue(): boolean {
    return performance.now() - this.lastEmit >= emitMilliseconds;
  }

  read(facts: ProgressFacts): LiveProgress {
    this.lastEmit = performance.now();
    const mean = (pick: (sample: Sample) => number) =>
      this.samples.length === 0
        ? 0
        : this.samples.reduce((sum, sample) => sum + pick(sample), 0) / this.samples.length;
    const wait = mean((sample) => sample.report.timings.waitMilliseconds);
    const copy = mean((sample) => sample.report.timings.copyMilliseconds);
    const compute = mean((sample) => sample.report.timings.computeMilliseconds);
    const callbacks = mean((sample) => sample.callbackMilliseconds);
    const step = wait + copy + compute + callbacks;
    return {
      ...facts,
      examplesPerSecond: step > 0 ? (mean((sample) => sample.examples) / step) * 1000 : 0,
      stepMilliseconds: step,
      waitMilliseconds: wait,
      copyMilliseconds: copy,
      computeMilliseconds: compute,
      callbackMilliseconds: callbacks,
      etaSeconds: this.remaining(facts),
      rssBytes: process.memoryUsage.rss(),
    };
  }

  private remaining(facts: ProgressFacts): number {
    const perStep = this.stepsTimed > 0 ? this.secondsTimed / this.stepsTimed : 0;
    const validations = facts.epochs - facts.epoch;
    return Math.max(0, facts.totalSteps - facts.step) * perStep + validations * (this.validationSeconds ?? 0);
  }
}
