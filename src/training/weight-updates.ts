import * as tf from '@tensorflow/tfjs';
import { GradientAccumulator } from './gradient-accumulator';
import { clipGradients } from './gradient-clipping';
import { type OptimizedWeight, Optimizer, type OptimizerSlot } from './optimizers';
import {
  accumulatedSlot,
  averageSlot,
  isUpdateDue,
  type UpdateSettings,
  updateNumber,
} from './update-settings';
import { WeightAverage } from './weight-average';

/**
 * From gradients to weights, on eager ops: accumulation over steps, clipping of their mean, weight decay and the
 * optimizer's rule, and the moving average of the weights; each where it is asked for.
 */
export class WeightUpdates {
  private readonly optimizer: Optimizer;
  private readonly accumulator: GradientAccumulator | undefined;
  private readonly average: WeightAverage | undefined;

  constructor(
    private readonly settings: UpdateSettings,
    private readonly weights: readonly OptimizedWeight<tf.Variable>[],
  ) {
    const variables = weights.map(({ variable }) => variable);
    const { accumulateSteps, emaMomentum } = settings;
    this.optimizer = new Optimizer(settings, weights);
    if (accumulateSteps > 1) this.accumulator = new GradientAccumulator(variables, accumulateSteps);
    if (emaMomentum > 0) this.average = new WeightAverage(variables, emaMomentum);
  }

  /** Takes the gradients, in the order of the weights, of the step after `steps` steps. */
  take(gradients: readonly tf.Tensor[], learningRate: number, steps: number): void {
    if (this.accumulator && !isUpdateDue(this.settings, steps)) {
      this.accumulator.add(gradients);
      return;
    }
    tf.tidy(() => {
      const mean = this.accumulator?.finish(gradients) ?? gradients;
      const clipped = clipGradients(mean, this.settings);
      this.optimizer.apply(clipped, learningRate, updateNumber(this.settings, steps));
      this.average?.update();
    });
  }

  /** Runs what has to see the averaged weights, where an average is kept. */
  withAverages<Result>(run: () => Promise<Result>): Promise<Result> {
    return this.average ? this.average.during(run) : run();
  }

  /** What a checkpoint keeps. */
  get slots(): OptimizerSlot[] {
    const named = (slot: string, variables: readonly tf.Variable[] = []): OptimizerSlot[] =>
      variables.map((variable, index) => ({ name: `${slot}/${this.weights[index]!.name}`, variable }));
    return [
      ...this.optimizer.slots,
      ...named(accumulatedSlot, this.accumulator?.sums),
      ...named(averageSlot, this.average?.averages),
    ];
  }

  dispose(): void {
    this.optimizer.dispose();
    this.accumulator?.dispose();
    this.average?.dispose();
  }
}
