import * as tf from '@tensorflow/tfjs';

/**
 * Moving averages of weights on eager ops, as Keras' use_ema keeps them: they begin as the first weights, and each update
 * makes them momentum × average + (1 - momentum) × weight.
 */
export class WeightAverage {
  readonly averages: readonly tf.Variable[];

  constructor(
    private readonly weights: readonly tf.Variable[],
    private readonly momentum: number,
  ) {
    this.averages = weights.map((weight) => tf.tidy(() => tf.variable(weight.clone(), false)));
  }

  /** After the weights have changed. */
  update(): void {
    tf.tidy(() => {
      this.averages.forEach((average, index) => {
        const away = tf.mul(tf.sub(average, this.weights[index]!), 1 - this.momentum);
        average.assign(tf.sub(average, away));
      });
    });
  }

  /** Lets the weights be their averages while `run` runs. */
  async during<Result>(run: () => Promise<Result>): Promise<Result> {
    const kept = this.weights.map((weight) => weight.clone());
    this.weights.forEach((weight, index) => {
      weight.assign(this.averages[index]!);
    });
    try {
      return await run();
    } finally {
      this.weights.forEach((weight, index) => {
        weight.assign(kept[index]!);
      });
      tf.dispose(kept);
    }
  }

  dispose(): void {
    tf.dispose(this.averages as tf.Variable[]);
  }
}
