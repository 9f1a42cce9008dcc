import type { JobEvent } from '../contract/frames';
import type { PipelineStage, StageTime } from '../pipeline/example-source';
import type { StepTimings } from './program';

/** Sums up over an epoch what its stages took and how long steps waited for their batches. */
export class PipelineReport {
  private steps = 0;
  private waitMilliseconds = 0;
  private stepMilliseconds = 0;

  /** `wholeMilliseconds`: from the end of the step before to the end of this one. */
  add({ waitMilliseconds }: StepTimings, wholeMilliseconds: number): void {
    this.steps++;
    this.waitMilliseconds += waitMilliseconds;
    this.stepMilliseconds += wholeMilliseconds;
  }

  /** The event of the epoch with this number (from 1); the next epoch's sums begin. Undefined without a step. */
  take(
    epoch: number,
    stages: readonly PipelineStage[],
    times: readonly StageTime[],
  ): Extract<JobEvent, { type: 'pipeline' }> | undefined {
    const { steps } = this;
    if (steps === 0) return undefined;
    const waiting = {
      epoch,
      steps,
      waitMillisecondsPerStep: this.waitMilliseconds / steps,
      stepMilliseconds: this.stepMilliseconds / steps,
    };
    this.steps = 0;
    this.waitMilliseconds = 0;
    this.stepMilliseconds = 0;
    const measured = new Map(times.map((time) => [time.place, time]));
    return {
      type: 'pipeline',
      stages: stages.map((stage, place) => {
        const time = measured.get(place);
        if (!time) return stage;
        const { unit, elements, milliseconds } = time;
        const millisecondsPerElement = milliseconds / elements;
        return { ...stage, measured: { epoch, unit, elements, millisecondsPerElement } };
      }),
      waiting,
    };
  }
}
