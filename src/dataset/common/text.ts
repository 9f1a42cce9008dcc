/** First ids of a vocabulary: 0 fills up short texts, 1 stands for any unknown word. */
export const paddingId = 0;
export const unknownId = 1;
const firstWordId = 2;

// Scripts written without spaces between words: each character counts as a word.
const unspaced =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';
const words = new RegExp(
  `[${unspaced}]\\p{M}*|(?:(?![${unspaced}])[\\p{L}\\p{N}]\\p{M}*)+(?:'(?:(?![${unspaced}])[\\p{L}\\p{N}]\\p{M}*)+)*`,
  'gu',
);

/**
 * Splits a text into words: Unicode NFKC, lower case; letters and digits hold together, an apostrophe between them too;
 * Chinese, Japanese and other characters written without spaces stand alone; everything else separates.
 */
export function splitWords(text: string): string[] {
  return text.normalize('NFKC').replaceAll('\u2019', "'").toLowerCase().match(words) ?? [];
}

/** The ids of a vocabulary's words: the first word of the list has id 2. */
export function indexVocabulary(vocabulary: readonly string[]): Map<string, number> {
  return new Map(vocabulary.map((word, index) => [word, index + firstWordId]));
}

/**
 * A text as a model's input: the ids of its first words, then padding.
 *
 * @param vocabularyIndex from `indexVocabulary`
 * @returns int32 [sequenceLength]
 */
export function encodeText(
  vocabularyIndex: ReadonlyMap<string, number>,
  sequenceLength: number,
  text: string,
  split: (text: string) => readonly string[] = splitWords,
): Int32Array {
  const ids = new Int32Array(sequenceLength);
  const found = split(text);
  const count = Math.min(found.length, sequenceLength);
  for (let place = 0; place < count; place += 1) ids[place] = vocabularyIndex.get(found[place]!) ?? unknownId;
  return ids;
}

/** Counts words text by text, then gives the most frequent ones. */
export class VocabularyCounter {
  readonly #counts = new Map<string, number>();

  add(text: string): void {
    for (const word of splitWords(text)) this.#counts.set(word, (this.#counts.get(word) ?? 0) + 1);
  }

  /** At most `size` words, the most frequent first, equally frequent ones in code-unit order. */
  vocabulary(size: number): string[] {
    return [...this.#counts]
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
      .slice(0, size)
      .map(([word]) => word);
  }
}

/** The `size` most frequent words of `texts` (see `VocabularyCounter`). */
export function buildVocabulary(texts: Iterable<string>, size: number): string[] {
  const counter = new VocabularyCounter();
  for (const text of texts) counter.add(text);
  return counter.vocabulary(size);
}
