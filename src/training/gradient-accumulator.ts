import * as tf from '@tensorflow/tfjs';

/** Sums of gradients over steps, one a weight, on eager ops. */
export class GradientAccumulator {
  readonly sums: readonly tf.Variable[];

  constructor(
    weights: readonly tf.Variable[],
    /** How many steps make one update. */
    private readonly steps: number,
  ) {
    this.sums = weights.map(({ shape }) => tf.tidy(() => tf.variable(tf.zeros(shape), false)));
  }

  /** Lays gradients by. */
  add(gradients: readonly tf.Tensor[]): void {
    tf.tidy(() => {
      this.sums.forEach((sum, index) => {
        sum.assign(tf.add(sum, gradients[index]!));
      });
    });
  }

  /** The mean of what was laid by and the last step's gradients; begins anew. Call in a tidy. */
  finish(gradients: readonly tf.Tensor[]): tf.Tensor[] {
    return this.sums.map((sum, index) => {
      const mean = tf.mul(tf.add(sum, gradients[index]!), 1 / this.steps);
      sum.assign(tf.zerosLike(sum));
      return mean;
    });
  }

  dispose(): void {
    tf.dispose(this.sums as tf.Variable[]);
  }
}
