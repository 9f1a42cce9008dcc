/*
 * TF-IDF as scikit-learn's TfidfVectorizer defines it by default: lower case, words of two and more letters, digits and
 * underscores, raw counts × (ln((1 + n) / (1 + df)) + 1), and each text's weights divided by their Euclidean norm.
 */

/** Python's \w: `str.isalnum()` or an underscore. */
const words = /[\p{L}\p{N}_]{2,}/gu;

/** A text's terms with repetitions: its words, then pairs of neighbouring words when `ngrams` is 2, and so on. */
export function splitTerms(text: string, ngrams: number): string[] {
  const found: string[] = text.toLowerCase().match(words) ?? [];
  const terms = [...found];
  for (let length = 2; length <= ngrams; length++)
    for (let start = 0; start + length <= found.length; start++)
      terms.push(found.slice(start, start + length).join(' '));
  return terms;
}

export interface TermWeighting {
  /** The most words that make one term. */
  ngrams: number;
  /** One a term of the vocabulary. */
  inverseDocumentFrequencies: number[];
}

export interface FittedTerms extends TermWeighting {
  /** In the order of their code points, as scikit-learn numbers them. */
  vocabulary: string[];
  /** The most different terms of the vocabulary that one of the texts has. */
  longest: number;
}

/** Counts the terms of texts, then gives what weighs them. */
export class TermCounter {
  private readonly counts = new Map<string, { total: number; texts: number }>();
  /** The different terms of each text: what is left of them is known when the vocabulary is. */
  private readonly termsOfTexts: string[][] = [];

  constructor(private readonly ngrams: number) {}

  add(text: string): void {
    const terms = countTerms(splitTerms(text, this.ngrams));
    for (const [term, count] of terms) {
      const known = this.counts.get(term) ?? { total: 0, texts: 0 };
      known.total += count;
      known.texts++;
      this.counts.set(term, known);
    }
    this.termsOfTexts.push([...terms.keys()]);
  }

  /** Keeps at most `size` terms, those that occur most often (scikit-learn's max_features; equally frequent ones by their letters). */
  fit(size: number): FittedTerms {
    const kept = [...this.counts]
      .sort((a, b) => b[1].total - a[1].total || compare(a[0], b[0]))
      .slice(0, size);
    kept.sort((a, b) => compare(a[0], b[0]));
    const known = new Set(kept.map(([term]) => term));
    const { length } = this.termsOfTexts;
    return {
      ngrams: this.ngrams,
      vocabulary: kept.map(([term]) => term),
      inverseDocumentFrequencies: kept.map(([, { texts }]) => Math.log((1 + length) / (1 + texts)) + 1),
      longest: this.termsOfTexts.reduce(
        (most, terms) =>
          Math.max(
            most,
            terms.reduce((count, term) => count + Number(known.has(term)), 0),
          ),
        0,
      ),
    };
  }
}

/**
 * The weights of a text's terms by their places in the vocabulary, in the order in which they first occur; unknown terms
 * are left out.
 */
export function weighTerms(
  places: ReadonlyMap<string, number>,
  { ngrams, inverseDocumentFrequencies }: TermWeighting,
  text: string,
): Map<number, number> {
  const weights = new Map<number, number>();
  let squares = 0;
  for (const [term, count] of countTerms(splitTerms(text, ngrams))) {
    const place = places.get(term);
    if (place === undefined) continue;
    const weight = count * inverseDocumentFrequencies[place]!;
    weights.set(place, weight);
    squares += weight * weight;
  }
  const norm = Math.sqrt(squares);
  for (const [place, weight] of weights) weights.set(place, weight / norm);
  return weights;
}

function countTerms(terms: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

/** By code points, as Python compares strings. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const [one, other] = [a.codePointAt(index)!, b.codePointAt(index)!];
    if (one !== other) return one - other;
  }
  return a.length - b.length;
}
