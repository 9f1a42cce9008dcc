import type { JobEvent, ScalarColumn } from '../contract/frames';

interface Growing {
  split: ScalarColumn['split'];
  tag: string;
  steps: number[];
  wallTimes: number[];
  values: number[];
}

/** Gathers points and emits them as columns: the first at once, then at most every `interval` milliseconds. */
export class ScalarBatcher {
  private readonly columns = new Map<string, Growing>();
  private lastFlush = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly emit: (event: JobEvent) => void,
    private readonly interval = 100,
  ) {}

  add(split: ScalarColumn['split'], step: number, values: Record<string, number>): void {
    const wallTime = Date.now() / 1000;
    for (const [tag, value] of Object.entries(values)) {
      const key = `${split}/${tag}`;
      let column = this.columns.get(key);
      if (!column) {
        column = { split, tag, steps: [], wallTimes: [], values: [] };
        this.columns.set(key, column);
      }
      column.steps.push(step);
      column.wallTimes.push(wallTime);
      column.values.push(value);
    }
  }

  /** Emits when it is time. */
  offer(): void {
    if (performance.now() - this.lastFlush >= this.interval) this.flush();
  }

  flush(): void {
    this.lastFlush = performance.now();
    if (this.columns.size === 0) return;
    const columns = Array.from(this.columns.values(), ({ split, tag, steps, wallTimes, values }) => ({
      split,
      tag,
      steps: Float64Array.from(steps),
      wallTimes: Float64Array.from(wallTimes),
      values: Float64Array.from(values),
    }));
    this.columns.clear();
    this.emit({ type: 'scalars', columns });
  }
}
