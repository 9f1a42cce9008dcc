import { z } from 'zod';

/** Where the time of profiled steps went, in the order of its happening; `other` is what no span explains. */
export const profileParts = ['waiting', 'copy', 'compute', 'callbacks', 'other'] as const;
export type ProfilePart = (typeof profileParts)[number];

export const profileVerdict = z.enum(['input-bound', 'compute-bound', 'host-bound']);
export type ProfileVerdict = z.infer<typeof profileVerdict>;

/** What a verdict rests on; the interface has a sentence of advice for each. */
export const profileReason = z.enum([
  /** Waiting for examples that plain code decodes. */
  'decoding',
  /** Waiting for examples in any other way. */
  'pipeline',
  /** Moving batches into tensors. */
  'copy',
  /** Recording, histograms, checkpoints. */
  'callbacks',
  /** Eager operations: more time between them than in them. */
  'eager',
  /** JavaScript around the step. */
  'overhead',
  /** Forward, backward and update, operation by operation. */
  'eager-compute',
  /** Forward, backward and update, as one compiled call. */
  'compute',
]);
export type ProfileReason = z.infer<typeof profileReason>;

const milliseconds = z.number().min(0);
const share = z.number().min(0).max(1);

/** `<run>/profile/<first>-<last>.json`: what the trace beside it says in short. */
export const profileSummary = z.object({
  schemaVersion: z.literal(1),
  /** First and last step that were profiled, counted from 1. */
  firstStep: z.number().int(),
  lastStep: z.number().int(),
  steps: z.number().int().min(1),
  created: z.string(),
  program: z.enum(['plain', 'graph', 'features']),
  /** Name of the trace file in the same folder. */
  trace: z.string(),
  /** Of a step with its callbacks. */
  stepMilliseconds: z.object({ mean: milliseconds, median: milliseconds, longest: milliseconds }),
  /** Of all profiled steps' time; together 1. */
  shares: z.object({ waiting: share, copy: share, compute: share, callbacks: share, other: share }),
  /** Parts of the computing, in milliseconds a step, where the program tells them apart. */
  compute: z
    .object({ forward: milliseconds, backward: milliseconds, update: milliseconds })
    .partial()
    .optional(),
  /**
   * What each layer took of the computing, in milliseconds a step, the longest first: the time by which its results came
   * later than what was ready before them. `loss` stands for the loss and its penalties.
   */
  layers: z
    .array(
      z.object({
        name: z.string(),
        forward: milliseconds,
        backward: milliseconds,
        update: milliseconds,
        /** Of all profiled steps' time. */
        share,
      }),
    )
    .optional(),
  /** Operations by self time, the longest first; absent where the program can't tell them (compiled steps are one call). */
  operations: z
    .array(
      z.object({
        name: z.string(),
        count: z.number().int(),
        selfMilliseconds: milliseconds,
        /** Of all profiled steps' time. */
        share,
      }),
    )
    .optional(),
  /** Share of computing that was spent in operations, not between them. */
  operationShare: share.optional(),
  /** Spans that were too many for the trace. */
  leftOut: z.number().int().min(0),
  verdict: profileVerdict,
  reason: profileReason,
  /** The verdict in a sentence or two: what takes the time and what to change. */
  message: z.string(),
});
export type ProfileSummary = z.infer<typeof profileSummary>;

export const spanCategories = [
  'step',
  'waiting',
  'copy',
  'compute',
  'callbacks',
  'call',
  'operation',
  'pipeline',
  'layer',
] as const;
export type SpanCategory = (typeof spanCategories)[number];

/** Spans of a trace for drawing: columns of equal length, in the order of their beginning. */
export interface ProfileSpans {
  lanes: string[];
  names: string[];
  /** Index in `lanes`. */
  lane: Int32Array;
  /** Index in `names`. */
  name: Int32Array;
  /** Index in `spanCategories`. */
  category: Int32Array;
  /** How many spans of its lane hold it. */
  depth: Int32Array;
  /** Milliseconds since the beginning of the window. */
  begin: Float64Array;
  duration: Float64Array;
  /** The step that a span is part of, where it tells; else 0. */
  step: Int32Array;
  /** Shorter spans that are in the trace but not here. */
  leftOut: number;
}

export interface ProfileListing {
  summary: ProfileSummary;
  /** The trace's file. */
  path: string;
  bytes: number;
  /** Null when the trace is gone or can't be read. */
  spans: ProfileSpans | null;
}
