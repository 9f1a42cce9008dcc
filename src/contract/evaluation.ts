import { z } from 'zod';
import { splitName, taskKind } from './dataset';

export const classScore = z.object({
  label: z.string(),
  precision: z.number(),
  recall: z.number(),
  f1: z.number(),
  support: z.number().int(),
});
export type ClassScore = z.infer<typeof classScore>;

export const evaluatedExample = z.object({
  /** Relative to the data set's folder; tables use `row:<n>`. */
  file: z.string(),
  /** Classification: index of the class. Regression: the value. */
  truth: z.number(),
  predicted: z.number(),
  /** Classification: probability of the predicted class. Regression: absent. */
  confidence: z.number().optional(),
  loss: z.number(),
});
export type EvaluatedExample = z.infer<typeof evaluatedExample>;

/** Kept as evaluation.json in the run's folder. */
export const evaluation = z.object({
  split: splitName,
  task: taskKind,
  count: z.number().int(),
  /** loss, accuracy (classification); loss, mae, rmse, r2 (regression). */
  metrics: z.record(z.string(), z.number()),
  labels: z.array(z.string()),
  /** Row-major counts, [truth][predicted]; empty for regression. */
  confusion: z.array(z.number().int()),
  classes: z.array(classScore),
  /** Every evaluated example, highest loss first, up to 20,000. */
  examples: z.array(evaluatedExample),
});
export type Evaluation = z.infer<typeof evaluation>;
