import type { FileHandle } from 'node:fs/promises';
import { bytesOf, readAll } from './feature-file';

/** Features of a split's examples by their numbers, once all are there. */
export interface FeatureRows {
  /** Copies rows into `out` [indices, width]: at once, or when the promise resolves. */
  read(indices: Int32Array, out: Float32Array): void | Promise<void>;
  dispose(): Promise<void>;
}

/** Rows stand in blocks of about this many elements, made when first written. */
const blockElements = 4 * 1024 * 1024;

export class MemoryRows implements FeatureRows {
  private readonly perBlock: number;
  private readonly blocks: (Float32Array | undefined)[] = [];

  constructor(
    private readonly count: number,
    private readonly width: number,
  ) {
    this.perBlock = Math.max(1, Math.floor(blockElements / width));
  }

  /** `rows` [indices, width]. */
  write(indices: ArrayLike<number>, rows: Float32Array): void {
    for (let row = 0; row < indices.length; row++)
      this.place(indices[row]!).set(rows.subarray(row * this.width, (row + 1) * this.width));
  }

  read(indices: Int32Array, out: Float32Array): void {
    for (let row = 0; row < indices.length; row++) out.set(this.place(indices[row]!), row * this.width);
  }

  async dispose(): Promise<void> {
    this.blocks.length = 0;
  }

  private place(index: number): Float32Array {
    const { count, perBlock, width } = this;
    const number = Math.floor(index / perBlock);
    let block = this.blocks[number];
    if (!block) {
      block = new Float32Array(Math.min(perBlock, count - number * perBlock) * width);
      this.blocks[number] = block;
    }
    const offset = (index - number * perBlock) * width;
    return block.subarray(offset, offset + width);
  }
}

/** Rows in a file of features, read when they are asked for. */
export class FileRows implements FeatureRows {
  constructor(
    private readonly handle: FileHandle,
    private readonly width: number,
  ) {}

  async read(indices: Int32Array, out: Float32Array): Promise<void> {
    const { handle, width } = this;
    await Promise.all(
      Array.from(indices, (index, row) =>
        readAll(handle, bytesOf(out.subarray(row * width, (row + 1) * width)), index * width * 4),
      ),
    );
  }

  dispose(): Promise<void> {
    return this.handle.close();
  }
}
