/** Gives layers the names that Keras gives them: conv2d, conv2d_1, conv2d_2, ... */
export class LayerNamer {
  private readonly counts = new Map<string, number>();
  private readonly reserved = new Set<string>();
  private number = 0;

  /** Names that layers have already. */
  reserve(names: Iterable<string>): void {
    for (const name of names) this.reserved.add(name);
  }

  next(base: string): string {
    const count = this.counts.get(base) ?? 0;
    this.counts.set(base, count + 1);
    const name = count === 0 ? base : `${base}_${count}`;
    return this.reserved.has(name) ? this.next(base) : name;
  }

  /** Numbers the layers of a model, for keys of random numbers. */
  nextNumber(): number {
    return this.number++;
  }
}
