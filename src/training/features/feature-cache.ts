import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, readdir, rm, stat, statfs, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { removeStalePartials } from '../../files/node/atomic';
import {
  DamagedFeatures,
  FeatureFileWriter,
  type FeatureFooter,
  openFeatureFile,
  type RowSink,
} from './feature-file';

const suffix = '.features';
/** Together the files take at most so much, */
const mostBytes = 8 * 1024 ** 3;
/** and at most this share of what is free without them. */
const diskShare = 0.25;

/**
 * Features that outlive their run, a file for each set, by a hash of all that they depend on. The files that were not used
 * for the longest time are removed when they take too much.
 */
export class FeatureCache {
  private readonly directory: string;
  /** Paths that this run works with. */
  private readonly used = new Set<string>();

  /** @param parent the cache folder, in which they get a folder of their own */
  constructor(
    parent: string,
    private readonly limit?: number,
  ) {
    this.directory = join(parent, 'features');
  }

  /** Name of a set that depends on `facts`. */
  static key(facts: Readonly<Record<string, unknown>>): string {
    return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 40);
  }

  private pathOf(key: string): string {
    return join(this.directory, key + suffix);
  }

  /**
   * The set of this name, read once as a whole; undefined when there is none. A damaged one is removed.
   * @param onDamaged hears what is wrong with it
   */
  async open(
    key: string,
    count: number,
    shape: readonly number[],
    onDamaged: (path: string, reason: string) => void,
    sink?: RowSink,
  ): Promise<{ handle: FileHandle; footer: FeatureFooter } | undefined> {
    const path = this.pathOf(key);
    try {
      const opened = await openFeatureFile(path, count, shape, sink);
      this.used.add(path);
      const now = new Date();
      // Where times can't be changed the file only grows old sooner.
      await utimes(path, now, now).catch(() => {});
      return opened;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      const damaged = error instanceof DamagedFeatures || (error as Error).name === 'ZodError';
      onDamaged(path, damaged ? (error as Error).message : String(error));
      if (damaged) await rm(path, { force: true });
      return undefined;
    }
  }

  async create(key: string, count: number, shape: readonly number[]): Promise<FeatureFileWriter> {
    const path = this.pathOf(key);
    this.used.add(path);
    return FeatureFileWriter.create(path, count, shape);
  }

  /** Removes what dead writers left, and beyond the limit the files that were not used for the longest time. */
  async clean(): Promise<void> {
    await removeStalePartials(this.directory);
    const files: { path: string; bytes: number; time: number }[] = [];
    for (const name of await namesIn(this.directory)) {
      if (!name.endsWith(suffix)) continue;
      const path = join(this.directory, name);
      const facts = await stat(path).catch(() => undefined); // Another process may have removed it.
      if (facts) files.push({ path, bytes: facts.size, time: facts.mtimeMs });
    }
    if (files.length === 0) return;
    let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    const limit = this.limit ?? (await this.limitFor(total));
    for (const { path, bytes } of files.sort((a, b) => a.time - b.time)) {
      if (total <= limit) return;
      if (this.used.has(path)) continue;
      // On Windows another process may hold it open.
      await rm(path, { force: true }).catch(() => {});
      total -= bytes;
    }
  }

  /** Whether a set of this size would stay. */
  async hasRoomFor(bytes: number): Promise<boolean> {
    await mkdir(this.directory, { recursive: true });
    return bytes <= (this.limit ?? (await this.limitFor(0)));
  }

  private async limitFor(ours: number): Promise<number> {
    const { bavail, bsize } = await statfs(this.directory);
    return Math.min(mostBytes, (bavail * bsize + ours) * diskShare);
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
