import type { BestEpoch, LoopState } from './checkpoint';

/** Which epoch was best so far, by the validation loss (without a validation split: by the training loss). */
export class BestTracker {
  best: BestEpoch | undefined;
  epochsWithoutImprovement: number;

  constructor(state?: Pick<LoopState, 'best' | 'epochsWithoutImprovement'>) {
    this.best = state?.best;
    this.epochsWithoutImprovement = state?.epochsWithoutImprovement ?? 0;
  }

  /** `epoch` counts finished epochs. Returns whether it is the best now. */
  finish(epoch: number, step: number, metrics: Record<string, number>): boolean {
    const monitored = metrics.val_loss ?? metrics.loss ?? Number.POSITIVE_INFINITY;
    if (this.best && !(monitored < this.best.monitored)) {
      this.epochsWithoutImprovement++;
      return false;
    }
    this.best = { epoch, step, monitored, metrics };
    this.epochsWithoutImprovement = 0;
    return true;
  }
}
