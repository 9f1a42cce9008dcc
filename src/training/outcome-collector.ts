import type { TaskKind } from '../contract/dataset';
import type { Batch, ExampleSource } from '../pipeline/example-source';
import type { SplitEvaluation } from './program';

/** Gathers what a model answered for each example of a split. */
export class OutcomeCollector {
  count = 0;
  private readonly indices: Int32Array;
  private readonly truths: Float32Array;
  private readonly predicted: Float32Array;
  private readonly confidences: Float32Array;
  private readonly losses: Float32Array;

  constructor(
    private readonly task: TaskKind,
    private readonly source: ExampleSource,
  ) {
    this.indices = new Int32Array(source.count);
    this.truths = new Float32Array(source.count);
    this.predicted = new Float32Array(source.count);
    this.confidences = new Float32Array(task === 'classification' ? source.count : 0);
    this.losses = new Float32Array(source.count);
  }

  add(
    batch: Pick<Batch, 'answers' | 'indices' | 'size'>,
    predicted: ArrayLike<number>,
    losses: Float32Array,
    confidences?: Float32Array,
  ): void {
    this.indices.set(batch.indices, this.count);
    this.truths.set(batch.answers, this.count);
    this.predicted.set(predicted, this.count);
    this.losses.set(losses, this.count);
    if (confidences) this.confidences.set(confidences, this.count);
    this.count += batch.size;
  }

  /**
   * `penalty`: what regularisation adds to the loss. The loss is weighted as in training (Keras' validation with sample
   * weights), the losses of single examples and the metrics are not.
   */
  finish(penalty: number): SplitEvaluation {
    const { count, task } = this;
    let lossSum = 0;
    let quality = 0;
    for (let row = 0; row < count; row++) {
      const weight = this.source.weight?.(this.indices[row]!) ?? 1;
      lossSum += this.losses[row]! * weight;
      if (task === 'classification') quality += this.truths[row] === this.predicted[row] ? 1 : 0;
      else quality += Math.abs(this.truths[row]! - this.predicted[row]!);
    }
    return {
      count,
      metrics: {
        loss: lossSum / count + penalty,
        [task === 'classification' ? 'accuracy' : 'mae']: quality / count,
      },
      outcomes: {
        file: (row) => this.source.name(this.indices[row]!),
        truths: this.truths.slice(0, count),
        predicted: this.predicted.slice(0, count),
        confidences: this.confidences.slice(0, task === 'classification' ? count : 0),
        losses: this.losses.slice(0, count),
      },
    };
  }
}
