import { z } from 'zod';

/** How a text becomes pieces of a vocabulary; BERT's own settings are the usual ones. */
export const wordPieceSettings = z.object({
  lowercase: z.boolean(),
  /** Decompose (NFD) and drop the marks. */
  stripAccents: z.boolean(),
  /** Chinese characters are words by themselves. */
  spacesChinese: z.boolean(),
  /** What pieces begin with that go on with a word: `##`. */
  continuation: z.string(),
  /** Characters; longer words are unknown. */
  longestWord: z.number().int().positive(),
  specialTokens: z.object({
    padding: z.string(),
    unknown: z.string(),
    /** Begins a text: `[CLS]`. */
    classify: z.string(),
    /** Ends a text: `[SEP]`. */
    separate: z.string(),
    mask: z.string(),
  }),
});
export type WordPieceSettings = z.infer<typeof wordPieceSettings>;
