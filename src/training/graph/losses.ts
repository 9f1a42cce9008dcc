import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import type { LossSettings } from '../loss-settings';

export interface JudgementSettings extends LossSettings {
  /** Regression: what the standardised output is scaled and shifted by. */
  targetScale: number;
  targetShift: number;
}

/** What a model's outputs (logits [batch, classes], or the standardised value [batch, 1]) say about the answers [batch]. */
export interface Judgement {
  /** [batch]. */
  losses: Tensor;
  /** [batch]: whether the class is right (0 or 1), or the absolute error in the target's unit. */
  qualities: Tensor;
}

/** The same formulas as the plain program's (../example-losses.ts). */
export function judge(outputs: Tensor, answers: Tensor, settings: JudgementSettings): Judgement {
  const { loss } = settings;
  return loss === 'categorical-crossentropy' || loss === 'binary-crossentropy'
    ? judgeClasses(outputs, answers, settings)
    : judgeValues(outputs, answers, settings);
}

function judgeClasses(logits: Tensor, answers: Tensor, settings: JudgementSettings): Judgement {
  const labels = ops.cast(answers, 'int32');
  const losses =
    settings.loss === 'binary-crossentropy'
      ? binaryCrossEntropy(logits, labels, settings)
      : categoricalCrossEntropy(logits, labels, settings);
  const right = ops.equal(ops.argMax(logits, 1), labels);
  return { losses, qualities: ops.cast(right, 'float32') };
}

function categoricalCrossEntropy(logits: Tensor, labels: Tensor, { labelSmoothing }: LossSettings): Tensor {
  if (labelSmoothing === 0) return ops.sparseSoftmaxCrossEntropy(logits, labels);
  const classes = logits.shape!.at(-1)!;
  return ops.softmaxCrossEntropy(logits, smoothed(labels, classes, labelSmoothing, labelSmoothing / classes));
}

function binaryCrossEntropy(logits: Tensor, labels: Tensor, { labelSmoothing }: LossSettings): Tensor {
  const classes = logits.shape!.at(-1)!;
  const targets = smoothed(labels, classes, labelSmoothing, labelSmoothing / 2);
  return ops.mean(ops.sigmoidCrossEntropy(logits, targets), [1]);
}

/** One-hot labels with `share` taken from the truth and `rest` given to every class. */
function smoothed(labels: Tensor, classes: number, share: number, rest: number): Tensor {
  const truth = ops.oneHot(labels, classes);
  return share === 0 ? truth : ops.add(ops.multiply(truth, 1 - share), rest);
}

function judgeValues(outputs: Tensor, answers: Tensor, settings: JudgementSettings): Judgement {
  const { loss, huberDelta, targetScale, targetShift } = settings;
  const targets = ops.divide(ops.subtract(answers, targetShift), targetScale);
  const values = ops.reshape(outputs, [-1]);
  const errors = ops.subtract(values, targets);
  const sizes = ops.abs(errors);
  const losses =
    loss === 'mae'
      ? sizes
      : loss === 'huber'
        ? huber(errors, sizes, huberDelta)
        : ops.squaredDifference(values, targets);
  return { losses, qualities: ops.multiply(sizes, targetScale) };
}

function huber(errors: Tensor, sizes: Tensor, delta: number): Tensor {
  return ops.where(
    ops.lessEqual(sizes, delta),
    ops.multiply(ops.square(errors), 0.5),
    ops.subtract(ops.multiply(sizes, delta), 0.5 * delta * delta),
  );
}

/** l1 × the sum of sizes and l2 × the sum of squares of all given weights; undefined where nothing is weighed. */
export function weightPenalty(
  weights: readonly Tensor[],
  { l1, l2 }: { l1: number; l2: number },
): Tensor | undefined {
  if (weights.length === 0) return undefined;
  const total = (parts: readonly Tensor[], factor: number) => ops.multiply(ops.addN(parts), factor);
  const squares =
    l2 > 0
      ? total(
          weights.map((weight) => ops.l2Loss(weight)),
          2 * l2,
        )
      : undefined;
  if (l1 === 0) return squares;
  const sizes = total(
    weights.map((weight) => ops.sum(ops.abs(weight))),
    l1,
  );
  return squares ? ops.add(sizes, squares) : sizes;
}
