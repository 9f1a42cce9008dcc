import { knownGloveWords } from './glove-words';

/** Finds out which of GloVe's words texts hold. */
export class GloveCounter {
  private readonly places: ReadonlyMap<string, number>;
  private readonly counts = new Map<string, number>();

  /** @param words GloVe's, the most frequent one first */
  constructor(private readonly words: readonly string[]) {
    this.places = new Map(words.map((word, place) => [word, place]));
  }

  add(text: string): void {
    for (const word of knownGloveWords((found) => this.places.has(found), text))
      if (this.places.has(word)) this.counts.set(word, (this.counts.get(word) ?? 0) + 1);
  }

  /**
   * At most `size` words, in GloVe's order: those of the texts (if there are too many, the most frequent there), then the most
   * frequent ones of the language. The others aren't lost on the model: it meets them in texts that it was not trained on, and
   * knows by their vectors what they are like.
   */
  vocabulary(size: number): string[] {
    const occurring = [...this.counts]
      .sort((a, b) => b[1] - a[1] || this.places.get(a[0])! - this.places.get(b[0])!)
      .slice(0, size);
    const chosen = new Set(occurring.map(([word]) => word));
    for (const word of this.words) {
      if (chosen.size >= size) break;
      chosen.add(word);
    }
    return this.words.filter((word) => chosen.has(word));
  }
}
