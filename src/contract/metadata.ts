import { z } from 'zod';
import { datasetKind, taskKind } from './dataset';
import { wordPieceSettings } from './word-piece';

/**
 * What a model.json carries in `userDefinedMetadata.descent`: everything outside the graph that is needed to turn a
 * file, a row or a text into the model's input and its output into an answer. Numeric steps (rescaling,
 * normalisation) are layers inside the model.
 */
export const imageInput = z.object({
  kind: z.literal('images'),
  /** Pixels after EXIF-upright decoding and bilinear resize with half-pixel centres, without antialias; values 0..255, NHWC. */
  height: z.number().int(),
  width: z.number().int(),
  channels: z.union([z.literal(1), z.literal(3)]),
});

export const tableColumn = z.discriminatedUnion('role', [
  /** One input number; a missing value becomes `mean` (standardisation is a layer inside the model). */
  z.object({
    role: z.literal('numeric'),
    name: z.string(),
    mean: z.number(),
    standardDeviation: z.number(),
    /** The whole column is written with a decimal comma. */
    decimalComma: z.boolean().optional(),
  }),
  /** One-hot over `values` in this order; anything else, or a missing value, is all zero. */
  z.object({ role: z.literal('categorical'), name: z.string(), values: z.array(z.string()) }),
]);
export type TableColumn = z.infer<typeof tableColumn>;

export const tableInput = z.object({
  kind: z.literal('table'),
  /** Input vector: the columns in this order, a categorical one taking values.length places. */
  columns: z.array(tableColumn),
});

export const textInput = z.object({
  kind: z.literal('texts'),
  /** Words: id 0 is padding, 1 an unknown word, then the vocabulary from id 2 on. Pieces: the vocabulary from id 0 on. */
  vocabulary: z.array(z.string()),
  /** Texts are cut into pieces of words, as BERT does; absent: into words. */
  pieces: wordPieceSettings.optional(),
  /** Places for words; with `weighting`, for different terms, and one for the constant. */
  sequenceLength: z.number().int(),
  /** How texts are split into words: as the vectors of GloVe want it; absent: as ours. */
  splitting: z.enum(['glove']).optional(),
  /** The input is terms with their weights (TF-IDF), [sequenceLength, 2], instead of the words' ids. */
  weighting: z
    .object({
      /** The most words that make one term of the vocabulary. */
      ngrams: z.number().int(),
      /** One a term of the vocabulary. */
      inverseDocumentFrequencies: z.array(z.number()),
    })
    .optional(),
  /** The column of a CSV file that held the texts; absent when they were files. */
  column: z.string().optional(),
});

export const modelMetadata = z.object({
  version: z.literal(1),
  name: z.string(),
  preset: z.string(),
  kind: datasetKind,
  task: taskKind,
  input: z.discriminatedUnion('kind', [imageInput, tableInput, textInput]),
  /** Classification: label of each output, in order. */
  labels: z.array(z.string()),
  /** Regression: name of the target column. Outputs are in its own unit (de-normalised inside the model). */
  target: z.string().optional(),
  /**
   * Classification models give probabilities: of a softmax, which sum to 1, or each class's own (sigmoids, trained by binary
   * cross-entropy), which needn't.
   */
  outputs: z.enum(['probabilities', 'independent-probabilities', 'value']),
});
export type ModelMetadata = z.infer<typeof modelMetadata>;
export type ModelInput = ModelMetadata['input'];
export { datasetKind };
