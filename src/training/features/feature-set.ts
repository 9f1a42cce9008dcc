import type { SplitName } from '../../contract/dataset';
import type { ExampleSource, StageTime } from '../../pipeline/example-source';
import { StageClock } from '../../pipeline/stage-clock';
import type { PreparingReport } from '../program';
import type { FeatureCache } from './feature-cache';
import type { FeatureComputation } from './feature-computation';
import type { FeatureFileWriter } from './feature-file';
import { type FeatureRows, FileRows, MemoryRows } from './feature-rows';

export interface FeatureSetOptions {
  split: SplitName;
  /** The examples themselves. */
  source: ExampleSource;
  /** Of one example's features. */
  shape: readonly number[];
  /** How many there can be of each example, for what is told; restored runs may bring another number. */
  variants: () => number;
  storage: 'memory' | 'disk';
  cache: FeatureCache;
  /** Name of a variant in the cache. */
  key(variant: number): string;
  open(): Promise<FeatureComputation>;
  notice(message: string): void;
}

/** A variant in the making. */
interface Work {
  variant: number;
  computation: FeatureComputation;
  memory: MemoryRows | undefined;
  writer: FeatureFileWriter | undefined;
  /** Ends when what was handed to the writer is written; rejects never. */
  writing: Promise<void>;
  failure: unknown;
  arrived: Uint8Array;
  done: number;
}

/** Place of the stage that computes, in what `FeatureData` tells of its stages. */
export const computingStage = 1;

/**
 * The features of one split, variant by variant: computed, or recalled from the disk. Where they stand in memory the file is
 * for later runs only, and a full disk costs those their start.
 */
export class FeatureSet {
  private readonly complete = new Map<number, FeatureRows>();
  private readonly reasons = new Map<string, string>();
  private readonly missing = new Set<number>();
  private readonly clock = new StageClock();
  private readonly width: number;
  private computation: FeatureComputation | undefined;
  private work: Work | undefined;
  /** Files of memory's variants that are still being finished. */
  private readonly finishing = new Set<Promise<void>>();

  constructor(private readonly options: FeatureSetOptions) {
    this.width = options.shape.reduce((product, size) => product * size, 1);
  }

  /** Does a part of what is missing of a variant; undefined when nothing is. */
  async advance(variant: number): Promise<PreparingReport | undefined> {
    if (this.complete.has(variant)) return undefined;
    if (this.work?.variant !== variant) {
      await this.abandonWork();
      if (await this.recall(variant)) return undefined;
      this.work = await this.begin(variant);
    }
    const work = this.work!;
    const began = performance.now();
    const computed = await work.computation.next();
    if (!computed) {
      await this.finish(work);
      return undefined;
    }
    const { indices, rows } = computed;
    this.clock.add(computingStage, 'example', indices.length, performance.now() - began);
    for (const index of indices) work.arrived[index] = 1;
    work.done += indices.length;
    work.memory?.write(indices, rows);
    await this.write(work, indices, rows);
    const { source } = this.options;
    return { type: 'preparing', stage: this.stage(variant), done: work.done, total: source.count };
  }

  /** Of a variant that is complete. */
  rows(variant: number): FeatureRows {
    return this.complete.get(variant)!;
  }

  /** Why an example has no features; undefined when it has. */
  reasonForMissing(index: number): string | undefined {
    if (!this.missing.has(index)) return undefined;
    return this.reasons.get(this.options.source.name(index)) ?? 'it could not be read';
  }

  takeStageTimes(): StageTime[] {
    return this.clock.take();
  }

  /** Forgets everything: what computes has changed. */
  async reset(): Promise<void> {
    await this.abandonWork();
    await this.closeComputation();
    for (const rows of this.complete.values()) await rows.dispose();
    this.complete.clear();
    this.missing.clear();
    this.reasons.clear();
  }

  async dispose(): Promise<void> {
    await this.reset();
    await Promise.all(this.finishing);
  }

  private stage(variant: number): string {
    const { split } = this.options;
    const variants = this.options.variants();
    const what = split === 'train' ? 'computing features' : `computing features of ${split} examples`;
    return variants > 1 ? `${what}, variant ${variant + 1} of ${variants}` : what;
  }

  private async recall(variant: number): Promise<boolean> {
    const { cache, notice, shape, source, storage } = this.options;
    const memory = storage === 'memory' ? new MemoryRows(source.count, this.width) : undefined;
    const found = await cache.open(
      this.options.key(variant),
      source.count,
      shape,
      (path, reason) =>
        notice(`The kept features ${path} can't be used (${reason}); they are computed anew.`),
      memory &&
        ((first, rows) =>
          memory.write(
            Array.from({ length: rows.length / this.width }, (_, row) => first + row),
            rows,
          )),
    );
    if (!found) return false;
    for (const [index, reason] of found.footer.missing) {
      this.missing.add(index);
      this.reasons.set(source.name(index), reason);
    }
    if (memory) await found.handle.close();
    this.complete.set(variant, memory ?? new FileRows(found.handle, this.width));
    await this.closeWhenAll();
    return true;
  }

  private async begin(variant: number): Promise<Work> {
    const { cache, shape, source, storage } = this.options;
    this.computation ??= await this.options.open();
    this.computation.begin(variant);
    const inMemory = storage === 'memory';
    let writer: FeatureFileWriter | undefined;
    try {
      // What memory holds is written for later runs alone.
      if (!inMemory || (await cache.hasRoomFor(source.count * this.width * 4)))
        writer = await cache.create(this.options.key(variant), source.count, shape);
    } catch (error) {
      if (!inMemory) throw error;
      this.tellNotKept(error);
    }
    return {
      variant,
      computation: this.computation,
      memory: inMemory ? new MemoryRows(source.count, this.width) : undefined,
      writer,
      writing: Promise.resolve(),
      failure: undefined,
      arrived: new Uint8Array(source.count),
      done: 0,
    };
  }

  /** Lets the batch be written while the next one is computed, and waits for the one before. */
  private async write(work: Work, indices: Int32Array, rows: Float32Array): Promise<void> {
    await work.writing;
    await this.checkWriting(work);
    const { writer } = work;
    if (!writer) return;
    work.writing = writer.append(indices, rows).catch((error: unknown) => {
      work.failure = error;
    });
  }

  private async checkWriting(work: Work): Promise<void> {
    if (work.failure === undefined) return;
    const error = work.failure;
    work.failure = undefined;
    if (!work.memory) throw error;
    await work.writer?.abandon();
    work.writer = undefined;
    this.tellNotKept(error);
  }

  private async finish(work: Work): Promise<void> {
    const { cache, source } = this.options;
    for (const { file, reason } of work.computation.takeSkipped()) this.reasons.set(file, reason);
    await work.writing;
    await this.checkWriting(work);
    const missing: [number, string][] = [];
    for (let index = 0; index < source.count; index++) {
      if (work.arrived[index] === 1) continue;
      this.missing.add(index);
      missing.push([index, this.reasonForMissing(index)!]);
    }
    this.work = undefined;
    const { memory, writer } = work;
    if (memory) {
      this.complete.set(work.variant, memory);
      if (writer) this.finishLater(writer, missing);
    } else {
      await writer!.finish(missing);
      this.complete.set(work.variant, new FileRows(writer!.handle, this.width));
      await cache.clean();
    }
    await this.closeWhenAll();
  }

  /** Nobody in this run waits for the disk. */
  private finishLater(writer: FeatureFileWriter, missing: [number, string][]): void {
    const task = (async () => {
      try {
        await writer.finish(missing);
        await writer.handle.close();
        await this.options.cache.clean();
      } catch (error) {
        await writer.abandon().catch(() => {}); // The failure that is told is the first.
        this.tellNotKept(error);
      }
    })();
    this.finishing.add(task);
    void task.finally(() => this.finishing.delete(task));
  }

  private tellNotKept(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.options.notice(`Features can't be kept for later runs: ${reason}.`);
  }

  private async closeWhenAll(): Promise<void> {
    if (this.complete.size >= this.options.variants()) await this.closeComputation();
  }

  private async closeComputation(): Promise<void> {
    await this.computation?.dispose();
    this.computation = undefined;
  }

  private async abandonWork(): Promise<void> {
    const { work } = this;
    this.work = undefined;
    if (!work) return;
    await work.writing;
    await work.memory?.dispose();
    await work.writer?.abandon();
  }
}
