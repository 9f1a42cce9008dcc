import { z } from 'zod';

/** Formats that can be written today. */
export const exportFormat = z.enum(['tfjs']);
export type ExportFormat = z.infer<typeof exportFormat>;

export const parityReport = z.object({
  /** What ran the exported file. */
  runtime: z.string(),
  examples: z.number().int(),
  /** Held-out examples of the data set, or made-up inputs when it is not there any more. */
  inputs: z.enum(['held-out', 'made-up']),
  largestDifference: z.number(),
  meanDifference: z.number(),
  /** Examples whose predicted label differs. */
  changedPredictions: z.array(z.string()),
  tolerance: z.number(),
  passed: z.boolean(),
});
export type ParityReport = z.infer<typeof parityReport>;

export const exportResult = z.object({
  format: exportFormat,
  path: z.string(),
  bytes: z.number().int(),
  created: z.string(),
  files: z.array(z.object({ name: z.string(), bytes: z.number().int() })),
  parity: parityReport,
});
export type ExportResult = z.infer<typeof exportResult>;
