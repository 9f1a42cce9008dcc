/** A scalar series: three columns of equal length that grow by doubling. Steps are integers, wall times seconds since 1970. */
export class ScalarColumns {
  private stepColumn = new Float64Array(16);
  private wallTimeColumn = new Float64Array(16);
  private valueColumn = new Float64Array(16);
  private sorted: SortedColumns | undefined;
  private inOrder = true;
  private restarted = false;
  count = 0;
  /** Values that are NaN or infinite. */
  nonFinite = 0;
  /** Grows with every change. */
  revision = 0;

  append(step: number, wallTime: number, value: number): void {
    if (this.restarted) {
      this.restarted = false;
      this.dropFrom(step);
    }
    const index = this.count;
    if (index === this.stepColumn.length) this.grow(index * 2);
    this.stepColumn[index] = step;
    this.wallTimeColumn[index] = wallTime;
    this.valueColumn[index] = value;
    if (index > 0 && step < this.stepColumn[index - 1]!) this.inOrder = false;
    if (!Number.isFinite(value)) this.nonFinite++;
    this.count = index + 1;
    this.revision++;
    this.sorted = undefined;
  }

  appendAll(steps: ArrayLike<number>, wallTimes: ArrayLike<number>, values: ArrayLike<number>): void {
    for (let index = 0; index < steps.length; index++)
      this.append(steps[index]!, wallTimes[index]!, values[index]!);
  }

  /**
   * Recording was restarted: points at `step` and later are void. So are those from the next appended step on, since
   * some tags count epochs where the others count steps.
   */
  restart(step: number): void {
    this.dropFrom(step);
    this.restarted = true;
  }

  private dropFrom(step: number): void {
    let kept = 0;
    let nonFinite = 0;
    for (let index = 0; index < this.count; index++) {
      if (this.stepColumn[index]! >= step) continue;
      this.stepColumn[kept] = this.stepColumn[index]!;
      this.wallTimeColumn[kept] = this.wallTimeColumn[index]!;
      this.valueColumn[kept] = this.valueColumn[index]!;
      if (!Number.isFinite(this.valueColumn[kept]!)) nonFinite++;
      kept++;
    }
    if (kept === this.count) return;
    this.count = kept;
    this.nonFinite = nonFinite;
    this.revision++;
    this.sorted = undefined;
  }

  get lastStep(): number {
    return this.count === 0 ? 0 : this.stepColumn[this.count - 1]!;
  }

  /** The points from `index` on in the order of their arrival, as copies. */
  since(index: number): SortedColumns {
    return {
      steps: this.stepColumn.slice(index, this.count),
      wallTimes: this.wallTimeColumn.slice(index, this.count),
      values: this.valueColumn.slice(index, this.count),
    };
  }

  /** Views of the columns in step order; valid until the next change. */
  inStepOrder(): SortedColumns {
    this.sorted ??= this.inOrder ? this.views() : sortedByStep(this.views());
    return this.sorted;
  }

  get byteLength(): number {
    const columns = this.stepColumn.byteLength * 3;
    return this.inOrder || !this.sorted ? columns : columns + this.count * 24;
  }

  private views(): SortedColumns {
    return {
      steps: this.stepColumn.subarray(0, this.count),
      wallTimes: this.wallTimeColumn.subarray(0, this.count),
      values: this.valueColumn.subarray(0, this.count),
    };
  }

  private grow(capacity: number): void {
    this.stepColumn = copied(this.stepColumn, capacity);
    this.wallTimeColumn = copied(this.wallTimeColumn, capacity);
    this.valueColumn = copied(this.valueColumn, capacity);
  }
}

export interface SortedColumns {
  steps: Float64Array;
  wallTimes: Float64Array;
  values: Float64Array;
}

/** The histograms of one tag, in order of arrival. */
export class HistogramColumns {
  readonly steps: number[] = [];
  readonly wallTimes: number[] = [];
  readonly buckets: Float64Array[] = [];
  private restarted = false;
  byteLength = 0;
  revision = 0;

  append(step: number, wallTime: number, buckets: Float64Array): void {
    if (this.restarted) {
      this.restarted = false;
      this.dropFrom(step);
    }
    this.steps.push(step);
    this.wallTimes.push(wallTime);
    this.buckets.push(buckets);
    this.byteLength += buckets.byteLength + 64;
    this.revision++;
  }

  restart(step: number): void {
    this.dropFrom(step);
    this.restarted = true;
  }

  private dropFrom(step: number): void {
    keepBefore(step, this.steps, this.wallTimes, this.buckets);
    this.byteLength = this.buckets.reduce((sum, buckets) => sum + buckets.byteLength + 64, 0);
    this.revision++;
  }
}

/** The texts of one tag, in order of arrival. */
export class TextColumns {
  readonly steps: number[] = [];
  readonly wallTimes: number[] = [];
  readonly texts: string[][] = [];
  private restarted = false;
  byteLength = 0;
  revision = 0;

  append(step: number, wallTime: number, texts: string[]): void {
    if (this.restarted) {
      this.restarted = false;
      this.dropFrom(step);
    }
    this.steps.push(step);
    this.wallTimes.push(wallTime);
    this.texts.push(texts);
    this.byteLength += texts.reduce((sum, text) => sum + text.length * 2, 64);
    this.revision++;
  }

  restart(step: number): void {
    this.dropFrom(step);
    this.restarted = true;
  }

  private dropFrom(step: number): void {
    keepBefore(step, this.steps, this.wallTimes, this.texts);
    this.revision++;
  }
}

function keepBefore(step: number, steps: number[], ...columns: unknown[][]): void {
  let kept = 0;
  for (let index = 0; index < steps.length; index++) {
    if (steps[index]! >= step) continue;
    for (const column of columns) column[kept] = column[index];
    steps[kept] = steps[index]!;
    kept++;
  }
  steps.length = kept;
  for (const column of columns) column.length = kept;
}

function copied(column: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(capacity);
  larger.set(column);
  return larger;
}

function sortedByStep({ steps, wallTimes, values }: SortedColumns): SortedColumns {
  const order = Uint32Array.from(steps, (_, index) => index);
  order.sort((first, second) => steps[first]! - steps[second]! || first - second);
  return {
    steps: Float64Array.from(order, (index) => steps[index]!),
    wallTimes: Float64Array.from(order, (index) => wallTimes[index]!),
    values: Float64Array.from(order, (index) => values[index]!),
  };
}
