/**
 * What GloVe's own tokenizer (Stanford CoreNLP's, after the Penn Treebank) holds for one word, in the order in which it is tried:
 * abbreviations with points, numbers with commas and points, the two halves of "don't", endings as in "it's", letters and digits
 * (with inner hyphens), points of omission, dashes, and any other sign by itself.
 */
const tokens =
  /(?:\p{L}\.){2,}|\p{N}+(?:[.,:]\p{N}+)+|\p{L}+?(?=n't(?!\p{L}))|n't(?!\p{L})|'(?:s|m|re|ve|ll|d)(?!\p{L})|[\p{L}\p{N}\p{M}]+(?:-[\p{L}\p{N}\p{M}]+)*|\.{2,}|-{2,}|[^\s\p{L}\p{N}\p{M}]/gu;

/** Splits a text as the texts were split that GloVe's vectors were learned from: in lower case, signs being words, too. */
export function splitGloveWords(text: string): string[] {
  const plain = text
    .normalize('NFC')
    .replaceAll(/[\u2018\u2019]/g, "'")
    .toLowerCase();
  return (plain.match(tokens) ?? []).map((token) => {
    if (token.startsWith('..')) return '...';
    return token.startsWith('--') ? '--' : token;
  });
}

/** Words with hyphens that are not known as a whole are taken apart. */
export function knownGloveWords(isKnown: (word: string) => boolean, text: string): string[] {
  return splitGloveWords(text).flatMap((token) =>
    token.length > 1 && token.includes('-') && !isKnown(token) ? token.split('-').filter(Boolean) : token,
  );
}
