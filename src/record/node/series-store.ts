import { DescentError } from '../../contract/errors';
import type {
  HistogramQuery,
  HistogramSeries,
  ScalarQuery,
  ScalarSeries,
  SeriesKind,
  SeriesListing,
} from '../../contract/series';
import { reducePoints, thinnedIndices } from '../common/reduction';
import { HistogramColumns, ScalarColumns, type SortedColumns, TextColumns } from './columns';
import type { EventSink } from './event-decoder';
import { EventDirectoryReader, type EventFileProblem, findEventDirectories } from './event-file-reader';

export interface SeriesStoreOptions {
  /** Memory for the series of runs that nobody records now; the least recently asked runs go first. Default 256 MB. */
  byteBudget?: number;
}

export interface TextSeries {
  run: string;
  split: string;
  tag: string;
  steps: Float64Array;
  wallTimes: Float64Array;
  texts: string[][];
  revision: number;
}

/** Points in order of arrival. `next` is the index to ask from the next time. */
export interface NewPoints extends SortedColumns {
  next: number;
}

/** All series of one sub-run (a folder with event files), fed by frames or by files. */
class SplitSeries implements EventSink {
  readonly scalars = new Map<string, ScalarColumns>();
  readonly histograms = new Map<string, HistogramColumns>();
  readonly texts = new Map<string, TextColumns>();

  scalar(tag: string, step: number, wallTime: number, value: number): void {
    this.scalarColumns(tag).append(step, wallTime, value);
  }

  scalarColumns(tag: string): ScalarColumns {
    return found(this.scalars, tag, () => new ScalarColumns());
  }

  histogram(tag: string, step: number, wallTime: number, buckets: Float64Array): void {
    const columns = found(this.histograms, tag, () => new HistogramColumns());
    columns.append(step, wallTime, buckets);
  }

  text(tag: string, step: number, wallTime: number, texts: string[]): void {
    const columns = found(this.texts, tag, () => new TextColumns());
    columns.append(step, wallTime, texts);
  }

  restart(step: number): void {
    for (const columns of this.everything()) columns.restart(step);
  }

  get byteLength(): number {
    let bytes = 0;
    for (const columns of this.everything()) bytes += columns.byteLength + 512;
    return bytes;
  }

  get revision(): number {
    let revision = 0;
    for (const columns of this.everything()) revision += columns.revision;
    return revision;
  }

  private *everything(): Iterable<ScalarColumns | HistogramColumns | TextColumns> {
    yield* this.scalars.values();
    yield* this.histograms.values();
    yield* this.texts.values();
  }
}

/** What a recorder feeds. Splits are 'train', 'validation' or '' for the run's root. */
export interface LiveRun {
  scalars(
    split: string,
    tag: string,
    steps: ArrayLike<number>,
    wallTimes: ArrayLike<number>,
    values: ArrayLike<number>,
  ): void;
  histogram(split: string, tag: string, step: number, wallTime: number, buckets: Float64Array): void;
  text(split: string, tag: string, step: number, wallTime: number, text: string): void;
  /** Drops what was recorded of `step` and later. */
  restart(split: string, step: number): void;
  /** Recording has ended and its files are closed: from now on the run is read from them, as any other. */
  end(): Promise<void>;
}

class StoredRun {
  readonly splits = new Map<string, SplitSeries>();
  private readonly readers = new Map<string, EventDirectoryReader>();
  private readonly directory: string;
  private pending: Promise<void> = Promise.resolve();
  live = false;

  constructor(directory: string) {
    this.directory = directory;
  }

  split(name: string): SplitSeries {
    return found(this.splits, name, () => new SplitSeries());
  }

  /** Reads what the files have more than is known. One reading at a time. */
  refresh(): Promise<void> {
    return this.serially(async () => {
      if (this.live) return;
      for (const reader of await this.currentReaders()) await reader.read();
    });
  }

  /** From now on the run is fed by frames and its files are not read. What they hold is loaded first. */
  async goLive(): Promise<void> {
    await this.refresh();
    this.live = true;
  }

  endLive(): Promise<void> {
    return this.serially(async () => {
      for (const reader of await this.currentReaders()) await reader.skipToEnd();
      this.live = false;
    });
  }

  get problems(): EventFileProblem[] {
    return [...this.readers.values()].flatMap((reader) => reader.problems);
  }

  get byteLength(): number {
    let bytes = 0;
    for (const split of this.splits.values()) bytes += split.byteLength;
    return bytes;
  }

  get revision(): number {
    let revision = 0;
    for (const split of this.splits.values()) revision += split.revision;
    return revision;
  }

  private async currentReaders(): Promise<EventDirectoryReader[]> {
    for (const { name, directory } of await findEventDirectories(this.directory)) {
      if (!this.readers.has(name))
        this.readers.set(name, new EventDirectoryReader(directory, this.split(name)));
    }
    return [...this.readers.values()];
  }

  private serially(action: () => Promise<void>): Promise<void> {
    const result = this.pending.then(action);
    this.pending = result.catch(() => undefined);
    return result;
  }
}

/**
 * The series of all runs by run, split and tag: those of a job that trains now and those of old event files, asked by
 * the same queries. Files are read when a run is first asked for, and what they have grown by on later queries.
 */
export class SeriesStore {
  private readonly byteBudget: number;
  private readonly directories = new Map<string, string>();
  // In the order of use, the least recent first.
  private readonly loaded = new Map<string, StoredRun>();

  constructor({ byteBudget = 256 * 1024 * 1024 }: SeriesStoreOptions = {}) {
    this.byteBudget = byteBudget;
  }

  /** Makes a run known. Its event files are those below `directory`; the folder's name within it is the split. */
  register(run: string, directory: string): void {
    if (this.directories.get(run) === directory) return;
    this.directories.set(run, directory);
    this.loaded.delete(run);
  }

  /** Forgets a run and its series. */
  forget(run: string): void {
    this.directories.delete(run);
    this.loaded.delete(run);
  }

  /** Begins to feed a registered run by frames. What its files hold already is loaded first. */
  async openLive(run: string): Promise<LiveRun> {
    const stored = this.use(run);
    if (stored.live)
      throw new DescentError('busy', `The run ${run} is being recorded already.`, { subject: run });
    await stored.goLive();
    return {
      scalars: (split, tag, steps, wallTimes, values) =>
        stored.split(split).scalarColumns(tag).appendAll(steps, wallTimes, values),
      histogram: (split, tag, step, wallTime, buckets) =>
        stored.split(split).histogram(tag, step, wallTime, buckets),
      text: (split, tag, step, wallTime, text) => stored.split(split).text(tag, step, wallTime, [text]),
      restart: (split, step) => stored.split(split).restart(step),
      end: () => stored.endLive(),
    };
  }

  /** Every series of a run, by split, kind and tag. */
  async list(run: string): Promise<SeriesListing[]> {
    const stored = await this.current(run);
    const listings: SeriesListing[] = [];
    for (const [split, series] of stored.splits) {
      const add = (kind: SeriesKind, tag: string, count: number, lastStep: number): void => {
        if (count > 0) listings.push({ split, tag, kind, count, lastStep });
      };
      for (const [tag, columns] of series.scalars) add('scalar', tag, columns.count, columns.lastStep);
      for (const [tag, { steps }] of series.histograms)
        add('histogram', tag, steps.length, steps.at(-1) ?? 0);
      for (const [tag, { steps }] of series.texts) add('text', tag, steps.length, steps.at(-1) ?? 0);
    }
    return listings.sort(
      (first, second) =>
        compare(first.split, second.split) ||
        compare(first.kind, second.kind) ||
        compare(first.tag, second.tag),
    );
  }

  /** The points of one scalar series, reduced to `maxPoints`. A series that does not exist (yet) is empty. */
  async queryScalars(query: ScalarQuery): Promise<ScalarSeries> {
    const { run, split, tag } = query;
    const columns = (await this.current(run)).splits.get(split)?.scalars.get(tag);
    const points = columns?.inStepOrder() ?? emptyColumns();
    const reduced = reducePoints(
      points,
      query.fromStep ?? Number.NEGATIVE_INFINITY,
      query.toStep ?? Number.POSITIVE_INFINITY,
      query.maxPoints,
    );
    return { run, split, tag, ...reduced, revision: columns?.revision ?? 0 };
  }

  /** The histograms of one series, thinned to `maxSteps`. A series that does not exist (yet) is empty. */
  async queryHistograms(query: HistogramQuery): Promise<HistogramSeries> {
    const { run, split, tag } = query;
    const columns =
      (await this.current(run)).splits.get(split)?.histograms.get(tag) ?? new HistogramColumns();
    const chosen = thinnedIndices(columns.steps.length, query.maxSteps);
    const parts = chosen.map((index) => columns.buckets[index]!);
    const buckets = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
    const offsets = new Int32Array(chosen.length + 1);
    let at = 0;
    for (const [index, part] of parts.entries()) {
      buckets.set(part, at);
      at += part.length;
      offsets[index + 1] = at / 3;
    }
    return {
      run,
      split,
      tag,
      steps: Float64Array.from(chosen, (index) => columns.steps[index]!),
      wallTimes: Float64Array.from(chosen, (index) => columns.wallTimes[index]!),
      buckets,
      offsets,
      total: columns.steps.length,
      revision: columns.revision,
    };
  }

  /** The texts (Markdown) of one series. */
  async queryTexts({ run, split, tag }: { run: string; split: string; tag: string }): Promise<TextSeries> {
    const columns = (await this.current(run)).splits.get(split)?.texts.get(tag) ?? new TextColumns();
    return {
      run,
      split,
      tag,
      steps: Float64Array.from(columns.steps),
      wallTimes: Float64Array.from(columns.wallTimes),
      texts: columns.texts.map((texts) => [...texts]),
      revision: columns.revision,
    };
  }

  /** Points that arrived from `index` on, for a listener that follows a run. A restart makes a series shorter. */
  async since(run: string, split: string, tag: string, index: number): Promise<NewPoints> {
    const columns = (await this.current(run)).splits.get(split)?.scalars.get(tag);
    if (!columns) return { ...emptyColumns(), next: 0 };
    const from = Math.min(index, columns.count);
    return { ...columns.since(from), next: columns.count };
  }

  /** A number that changes with every change of a run's series that is known now; files are not looked at. */
  revision(run: string): number {
    return this.loaded.get(run)?.revision ?? 0;
  }

  /** Damage found in the event files of a run so far. */
  async problems(run: string): Promise<EventFileProblem[]> {
    return (await this.current(run)).problems;
  }

  /** Bytes of series in memory. */
  get byteLength(): number {
    let bytes = 0;
    for (const run of this.loaded.values()) bytes += run.byteLength;
    return bytes;
  }

  private async current(run: string): Promise<StoredRun> {
    const stored = this.use(run);
    await stored.refresh();
    this.evict(stored);
    return stored;
  }

  private use(run: string): StoredRun {
    const directory = this.directories.get(run);
    if (directory === undefined) {
      throw new DescentError('not-found', `There is no run ${run}.`, { subject: run });
    }
    const stored = this.loaded.get(run) ?? new StoredRun(directory);
    this.loaded.delete(run);
    this.loaded.set(run, stored);
    return stored;
  }

  private evict(inUse: StoredRun): void {
    let bytes = this.byteLength;
    for (const [run, stored] of this.loaded) {
      if (bytes <= this.byteBudget) return;
      if (stored === inUse || stored.live) continue;
      bytes -= stored.byteLength;
      this.loaded.delete(run);
    }
  }
}

function found<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function emptyColumns(): SortedColumns {
  return { steps: new Float64Array(0), wallTimes: new Float64Array(0), values: new Float64Array(0) };
}

function compare(first: string, second: string): number {
  return first < second ? -1 : first > second ? 1 : 0;
}
