import type { SplitName, TaskKind } from '../contract/dataset';
import type { ClassScore, EvaluatedExample, Evaluation } from '../contract/evaluation';
import type { ExampleOutcomes, SplitEvaluation } from './program';

export const evaluationFileName = 'evaluation.json';
const mostExamples = 20_000;

/** Precision, recall and F1 a class, confusion matrix, regression errors, and the examples with the highest loss first. */
export function reportEvaluation(
  split: SplitName,
  task: TaskKind,
  labels: readonly string[],
  result: SplitEvaluation,
): Evaluation {
  const { outcomes } = result;
  const confusion = task === 'classification' ? confusionMatrix(outcomes, labels.length) : [];
  return {
    split,
    task,
    count: result.count,
    metrics: task === 'classification' ? result.metrics : { ...result.metrics, ...errors(outcomes) },
    labels: [...labels],
    confusion,
    classes: labels.map((label, index) => classScore(label, index, confusion, labels.length)),
    examples: worstFirst(outcomes),
  };
}

function confusionMatrix({ truths, predicted }: ExampleOutcomes, classes: number): number[] {
  const counts = new Array<number>(classes * classes).fill(0);
  for (let row = 0; row < truths.length; row++) counts[truths[row]! * classes + predicted[row]!]! += 1;
  return counts;
}

/** 0 where nothing was predicted or nothing was there, as scikit-learn's zero_division=0. */
function classScore(label: string, index: number, confusion: number[], classes: number): ClassScore {
  const hits = confusion[index * classes + index]!;
  let support = 0;
  let claimed = 0;
  for (let other = 0; other < classes; other++) {
    support += confusion[index * classes + other]!;
    claimed += confusion[other * classes + index]!;
  }
  const precision = claimed > 0 ? hits / claimed : 0;
  const recall = support > 0 ? hits / support : 0;
  const f1 = precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0;
  return { label, precision, recall, f1, support };
}

/** Root mean squared error and coefficient of determination, in the target's unit. */
function errors({ truths, predicted }: ExampleOutcomes): { rmse: number; r2: number } {
  const mean = truths.reduce((sum, value) => sum + value, 0) / truths.length;
  let squared = 0;
  let spread = 0;
  for (let row = 0; row < truths.length; row++) {
    squared += (truths[row]! - predicted[row]!) ** 2;
    spread += (truths[row]! - mean) ** 2;
  }
  return { rmse: Math.sqrt(squared / truths.length), r2: spread > 0 ? 1 - squared / spread : 0 };
}

function worstFirst(outcomes: ExampleOutcomes): EvaluatedExample[] {
  const rows = Uint32Array.from({ length: outcomes.truths.length }, (_, row) => row);
  rows.sort((left, right) => outcomes.losses[right]! - outcomes.losses[left]! || left - right);
  return Array.from(rows.subarray(0, mostExamples), (row) => ({
    file: outcomes.file(row),
    truth: outcomes.truths[row]!,
    predicted: outcomes.predicted[row]!,
    ...(outcomes.confidences.length > 0 ? { confidence: outcomes.confidences[row]! } : {}),
    loss: outcomes.losses[row]!,
  }));
}
