import { z } from 'zod';
import { bytes } from './typed-arrays';

/** One thing to predict: a file on disk, the bytes of an encoded picture, a table row, or a text. */
export const predictionInput = z.discriminatedUnion('type', [
  z.object({ type: z.literal('file'), path: z.string() }),
  z.object({ type: z.literal('image'), bytes, name: z.string().default('image') }),
  z.object({ type: z.literal('row'), values: z.record(z.string(), z.string()) }),
  z.object({ type: z.literal('text'), text: z.string() }),
]);
export type PredictionInput = z.infer<typeof predictionInput>;

export interface Prediction {
  /** The file's path or the input's name; CSV files give one prediction a row: `<file>#<row>`. */
  file: string;
  label?: string;
  probabilities?: Record<string, number>;
  value?: number;
  /** Set instead of an answer when this input could not be read. */
  error?: string;
}
