import type { z } from 'zod';
import type { textInput } from '../../contract/metadata';
import { knownGloveWords } from './glove-words';
import { encodeText, indexVocabulary, splitWords } from './text';
import { weighTerms } from './tf-idf';
import { WordPieceTokenizer } from './word-piece/word-piece';

type TextInput = z.infer<typeof textInput>;

/** Turns texts into a model's input; the same in training, prediction and the exported page. */
export interface TextEncoder {
  /** Of one text. */
  readonly shape: readonly number[];
  readonly dtype: 'int32' | 'float32';
  /** Row-major values of `shape`. */
  encode(text: string): Int32Array | Float32Array;
  /** The same without the zeros behind its end. */
  encodeShort?(text: string): Float32Array;
}

/** What a text model's input says about itself, as a function. */
export function textEncoder(input: TextInput): TextEncoder {
  const { vocabulary, sequenceLength, weighting, pieces } = input;
  if (weighting) return termEncoder(vocabulary, sequenceLength, weighting);
  if (pieces) {
    const tokenizer = new WordPieceTokenizer(vocabulary, pieces);
    return {
      shape: [sequenceLength],
      dtype: 'int32',
      encode: (text) => tokenizer.encode(text, sequenceLength).ids,
    };
  }
  const index = indexVocabulary(vocabulary);
  const split =
    input.splitting === 'glove'
      ? (text: string) => knownGloveWords((word) => index.has(word), text)
      : splitWords;
  return {
    shape: [sequenceLength],
    dtype: 'int32',
    encode: (text) => encodeText(index, sequenceLength, text, split),
  };
}

/** One more than the largest id that `textEncoder` gives. */
export function idCount({ vocabulary, pieces }: Pick<TextInput, 'vocabulary' | 'pieces'>): number {
  // Ids 0 and 1 of words are padding and the unknown word.
  return pieces ? vocabulary.length : vocabulary.length + 2;
}

/** The id of what each text has with the weight 1: its row in the model is the bias. */
const constantId = 1;

/**
 * [places, 2]: in each place the id of a term (from 2 on, as in every vocabulary) and its weight; the constant comes first, and
 * places that no term needs are (0, 0). Of texts with more terms than places those that weigh most are kept.
 */
function termEncoder(
  vocabulary: readonly string[],
  places: number,
  weighting: NonNullable<TextInput['weighting']>,
): TextEncoder {
  const index = new Map(vocabulary.map((term, place) => [term, place]));
  const encodeShort = (text: string): Float32Array => {
    let terms = [...weighTerms(index, weighting, text)];
    if (terms.length > places - 1) terms = terms.sort((a, b) => b[1] - a[1]).slice(0, places - 1);
    const values = new Float32Array(2 * (terms.length + 1));
    values.set([constantId, 1]);
    terms.forEach(([place, weight], number) => {
      values[2 * number + 2] = place + 2;
      values[2 * number + 3] = weight;
    });
    return values;
  };
  return {
    shape: [places, 2],
    dtype: 'float32',
    encodeShort,
    encode: (text) => {
      const values = new Float32Array(2 * places);
      values.set(encodeShort(text));
      return values;
    },
  };
}
