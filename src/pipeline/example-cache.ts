import { type FileHandle, open, readdir, rm, statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { makeDirectory } from '../files/node/make-directory';
import { isProcessRunning } from '../files/node/process-identity';

export type CacheMode = 'memory' | 'disk' | 'none';

/** Decoded examples of equal size (uint8), by number. */
export interface ExampleCache {
  readonly mode: CacheMode;
  has(index: number): boolean;
  get(index: number): Uint8Array | Promise<Uint8Array>;
  /** Keeps a copy, or the bytes themselves: they must not be changed afterwards. */
  put(index: number, pixels: Uint8Array): void;
  dispose(): Promise<void>;
}

/** Memory if it takes at most this share of what is free: model, batches and the system need theirs. */
const memoryShare = 0.25;
/** Disk if this share of the free space is enough. */
const diskShare = 0.5;

/** Where `count` examples of `bytesPerExample` go: memory if they fit well, else disk if they fit, else nowhere. */
export async function chooseCacheMode(
  wanted: 'auto' | CacheMode,
  count: number,
  bytesPerExample: number,
  directory: string,
): Promise<CacheMode> {
  if (wanted !== 'auto') return wanted;
  const bytes = count * bytesPerExample;
  if (bytes <= freemem() * memoryShare) return 'memory';
  await makeDirectory(directory);
  const { bavail, bsize } = await statfs(directory);
  return bytes <= bavail * bsize * diskShare ? 'disk' : 'none';
}

export async function openExampleCache(
  mode: CacheMode,
  count: number,
  bytesPerExample: number,
  directory: string,
): Promise<ExampleCache> {
  if (mode === 'memory') return new MemoryCache(count, bytesPerExample);
  if (mode === 'disk') return DiskCache.create(count, bytesPerExample, directory);
  return noCache;
}

const noCache: ExampleCache = {
  mode: 'none',
  has: () => false,
  get: () => {
    throw new Error('Nothing is cached.');
  },
  put: () => {},
  dispose: async () => {},
};

/** Examples stand in blocks of about this size, made when first needed: many small arrays would cost the collector time. */
const blockBytes = 4 * 1024 * 1024;

class MemoryCache implements ExampleCache {
  readonly mode = 'memory';
  private readonly perBlock: number;
  private readonly blocks: (Uint8Array | undefined)[] = [];
  private readonly present: Uint8Array;

  constructor(
    count: number,
    private readonly bytesPerExample: number,
  ) {
    this.perBlock = Math.max(1, Math.floor(blockBytes / bytesPerExample));
    this.present = new Uint8Array(count);
  }

  has(index: number): boolean {
    return this.present[index] === 1;
  }

  get(index: number): Uint8Array {
    const offset = (index % this.perBlock) * this.bytesPerExample;
    return this.blocks[Math.floor(index / this.perBlock)]!.subarray(offset, offset + this.bytesPerExample);
  }

  put(index: number, pixels: Uint8Array): void {
    const number = Math.floor(index / this.perBlock);
    this.blocks[number] ??= new Uint8Array(this.perBlock * this.bytesPerExample);
    this.blocks[number].set(pixels, (index % this.perBlock) * this.bytesPerExample);
    this.present[index] = 1;
  }

  async dispose(): Promise<void> {
    this.blocks.length = 0;
    this.present.fill(0);
  }
}

const diskCacheName = /^examples\.(\d+)\.\d+\.cache$/;
let diskCaches = 0;

/** One file with a fixed place for each example; lives as long as the process. */
class DiskCache implements ExampleCache {
  readonly mode = 'disk';
  private readonly present: Uint8Array;
  private readonly writing = new Set<Promise<void>>();
  private failed = false;

  private constructor(
    count: number,
    private readonly bytesPerExample: number,
    private readonly path: string,
    private readonly handle: FileHandle,
  ) {
    this.present = new Uint8Array(count);
  }

  static async create(count: number, bytesPerExample: number, directory: string): Promise<DiskCache> {
    await makeDirectory(directory);
    await removeAbandoned(directory);
    const path = join(directory, `examples.${process.pid}.${diskCaches++}.cache`);
    return new DiskCache(count, bytesPerExample, path, await open(path, 'w+'));
  }

  has(index: number): boolean {
    return this.present[index] === 1;
  }

  async get(index: number): Promise<Uint8Array> {
    const pixels = new Uint8Array(this.bytesPerExample);
    let done = 0;
    while (done < pixels.length) {
      const { bytesRead } = await this.handle.read(
        pixels,
        done,
        pixels.length - done,
        index * this.bytesPerExample + done,
      );
      if (bytesRead === 0) throw new Error(`The cache ${this.path} ends too early.`);
      done += bytesRead;
    }
    return pixels;
  }

  put(index: number, pixels: Uint8Array): void {
    if (this.failed) return;
    const task = this.write(index, pixels).finally(() => this.writing.delete(task));
    this.writing.add(task);
  }

  private async write(index: number, pixels: Uint8Array): Promise<void> {
    try {
      let done = 0;
      while (done < pixels.length) {
        const { bytesWritten } = await this.handle.write(
          pixels,
          done,
          pixels.length - done,
          index * this.bytesPerExample + done,
        );
        done += bytesWritten;
      }
      this.present[index] = 1;
    } catch {
      // A full disk: what is not in the cache is decoded again, so training goes on without it.
      this.failed = true;
    }
  }

  async dispose(): Promise<void> {
    this.failed = true;
    await Promise.all(this.writing);
    await this.handle.close();
    await rm(this.path, { force: true });
  }
}

/** Removes caches of processes that ended without doing so themselves. */
async function removeAbandoned(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const pid = diskCacheName.exec(name)?.[1];
    if (pid !== undefined && !isProcessRunning(Number(pid))) await rm(join(directory, name), { force: true });
  }
}
