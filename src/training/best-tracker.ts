import type { BestEpoch, LoopState } from './checkpoint';

/**
 * Which epoch of the run was best so far, by the validation loss (without a validation split: by the training loss), and for
 * how long the phase has not become better: early stopping counts anew in each phase, as in each `fit` of Keras.
 */
export class BestTracker {
  best: BestEpoch | undefined;
  /** Lowest monitored value of the phase. */
  phaseBest: number | undefined;
  epochsWithoutImprovement: number;

  constructor(state?: Pick<LoopState, 'best' | 'phaseBest' | 'epochsWithoutImprovement'>) {
    this.best = state?.best;
    const known = state?.phaseBest === undefined ? state?.best?.monitored : state.phaseBest;
    this.phaseBest = known ?? undefined;
    this.epochsWithoutImprovement = state?.epochsWithoutImprovement ?? 0;
  }

  beginPhase(): void {
    this.phaseBest = undefined;
    this.epochsWithoutImprovement = 0;
  }

  /** `epoch` counts finished epochs. Returns whether it is the best of the run now. */
  finish(epoch: number, step: number, metrics: Record<string, number>): boolean {
    const monitored = metrics.val_loss ?? metrics.loss ?? Number.POSITIVE_INFINITY;
    if (this.phaseBest !== undefined && !(monitored < this.phaseBest)) this.epochsWithoutImprovement++;
    else {
      this.phaseBest = monitored;
      this.epochsWithoutImprovement = 0;
    }
    if (this.best && !(monitored < this.best.monitored)) return false;
    this.best = { epoch, step, monitored, metrics };
    return true;
  }
}
