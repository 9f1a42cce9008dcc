import type { TaskKind } from '../../contract/dataset';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';

export interface LossSettings {
  task: TaskKind;
  labelSmoothing: number;
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

/** The same formulas as the plain program's (../losses.ts). */
export function judge(outputs: Tensor, answers: Tensor, settings: LossSettings): Judgement {
  return settings.task === 'classification'
    ? judgeClasses(outputs, answers, settings)
    : judgeValues(outputs, answers, settings);
}

function judgeClasses(logits: Tensor, answers: Tensor, { labelSmoothing }: LossSettings): Judgement {
  const labels = ops.cast(answers, 'int32');
  const classes = logits.shape!.at(-1)!;
  const losses =
    labelSmoothing > 0
      ? ops.softmaxCrossEntropy(
          logits,
          ops.add(ops.multiply(ops.oneHot(labels, classes), 1 - labelSmoothing), labelSmoothing / classes),
        )
      : ops.sparseSoftmaxCrossEntropy(logits, labels);
  const right = ops.equal(ops.argMax(logits, 1), labels);
  return { losses, qualities: ops.cast(right, 'float32') };
}

function judgeValues(outputs: Tensor, answers: Tensor, settings: LossSettings): Judgement {
  const targets = ops.divide(ops.subtract(answers, settings.targetShift), settings.targetScale);
  const values = ops.reshape(outputs, [-1]);
  const errors = ops.abs(ops.subtract(values, targets));
  return {
    losses: ops.squaredDifference(values, targets),
    qualities: ops.multiply(errors, settings.targetScale),
  };
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
