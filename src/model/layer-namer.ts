/** Gives layers the names that Keras gives them: conv2d, conv2d_1, conv2d_2, ... */
export class LayerNamer {
  private readonly counts = new Map<string, number>();
  private number = 0;

  next(base: string): string {
    const count = this.counts.get(base) ?? 0;
    this.counts.set(base, count + 1);
    return count === 0 ? base : `${base}_${count}`;
  }

  /** Numbers the layers of a model, for keys of random numbers. */
  nextNumber(): number {
    return this.number++;
  }
}
