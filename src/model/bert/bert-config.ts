import { z } from 'zod';

/** Sizes and settings of a BERT encoder, by the names of Hugging Face's config.json in words. */
export const bertConfig = z.object({
  vocabularySize: z.number().int().positive(),
  /** Numbers that stand for a piece. */
  hiddenSize: z.number().int().positive(),
  layers: z.number().int().positive(),
  heads: z.number().int().positive(),
  intermediateSize: z.number().int().positive(),
  /** The longest text, in pieces. */
  positions: z.number().int().positive(),
  /** Kinds of pieces: of the first text, of the second. */
  types: z.number().int().positive(),
  /** `gelu`: with the error function; `geluTanh`: its approximation by tanh. */
  activation: z.enum(['gelu', 'geluTanh', 'relu']),
  epsilon: z.number().positive(),
  /** Share of hidden values that are set to zero in training. */
  dropout: z.number().min(0).lt(1),
  attentionDropout: z.number().min(0).lt(1),
  paddingId: z.number().int().min(0),
});
export type BertConfig = z.infer<typeof bertConfig>;
