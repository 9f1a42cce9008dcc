/** Means over an epoch, weighted by examples; can be put down and taken up again in the middle. */
export class EpochMeans {
  private sums: Record<string, number>;

  constructor(
    sums: Record<string, number> = {},
    public examples = 0,
  ) {
    this.sums = { ...sums };
  }

  add(metrics: Record<string, number>, examples: number): void {
    for (const [name, value] of Object.entries(metrics))
      this.sums[name] = (this.sums[name] ?? 0) + value * examples;
    this.examples += examples;
  }

  get means(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.sums).map(([name, sum]) => [name, sum / this.examples]));
  }

  get state(): Record<string, number> {
    return { ...this.sums };
  }
}
