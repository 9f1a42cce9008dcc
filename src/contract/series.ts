import { z } from 'zod';

export const seriesKind = z.enum(['scalar', 'histogram', 'text']);
export type SeriesKind = z.infer<typeof seriesKind>;

/** One series of a run. `split` is TensorBoard's sub-run: 'train', 'validation' or '' for the run's root. */
export interface SeriesListing {
  split: string;
  tag: string;
  kind: SeriesKind;
  count: number;
  lastStep: number;
}

export const scalarQuery = z.object({
  run: z.string(),
  split: z.string(),
  tag: z.string(),
  fromStep: z.number().optional(),
  toStep: z.number().optional(),
  /** The answer has at most this many points (each bucket keeps its first, last, smallest and largest point). */
  maxPoints: z.number().int().min(4).max(1_000_000).default(2000),
});
export type ScalarQuery = z.infer<typeof scalarQuery>;

/** Columns of equal length, in step order. */
export interface ScalarSeries {
  run: string;
  split: string;
  tag: string;
  steps: Float64Array;
  wallTimes: Float64Array;
  values: Float64Array;
  /** Points in the store within the asked range; more than steps.length when the answer is reduced. */
  total: number;
  nonFinite: number;
  /** Grows with every appended point. */
  revision: number;
}

export const histogramQuery = z.object({
  run: z.string(),
  split: z.string(),
  tag: z.string(),
  /** Steps are thinned evenly to at most this many; the newest always stays. */
  maxSteps: z.number().int().min(1).max(1000).default(60),
});
export type HistogramQuery = z.infer<typeof histogramQuery>;

export interface HistogramSeries {
  run: string;
  split: string;
  tag: string;
  steps: Float64Array;
  wallTimes: Float64Array;
  /** Row-major [count, 3] buckets of all steps one after the other. */
  buckets: Float64Array;
  /** offsets[i]..offsets[i+1] are the rows of step i. Length steps.length + 1. */
  offsets: Int32Array;
  total: number;
  revision: number;
}
