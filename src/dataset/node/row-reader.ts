import { closeSync, openSync, readSync } from 'node:fs';
import { DescentError } from '../../contract/errors';
import { parseRecord } from './read-records';
import type { TableFacts } from './scan-table';

const blockBytes = 1 << 18;

/** Reads single rows of a table again, as they stand in the file; keeps one block of it in memory. */
export class RowReader {
  #block = Buffer.alloc(0);
  #blockStart = 0;

  constructor(private readonly facts: TableFacts) {}

  /** The cells of row `place` (0 is the first well-formed row). Throws `io` when the file can't be read. */
  cells(place: number): string[] {
    const { dialect } = this.facts;
    const bytes = this.#bytes(this.facts.begins[place]!, this.facts.ends[place]!);
    const record = bytes.toString(dialect.encoding).replace(/[\r\n]+$/, '');
    const cells = parseRecord(record, dialect.delimiter);
    if (cells.length !== dialect.header.length)
      throw new DescentError('io', `${this.facts.file} changed while it was in use.`, {
        subject: this.facts.file,
        remedy: 'Open it again.',
      });
    return cells;
  }

  #bytes(begin: number, end: number): Buffer {
    if (begin < this.#blockStart || end > this.#blockStart + this.#block.length) this.#read(begin, end);
    return this.#block.subarray(begin - this.#blockStart, end - this.#blockStart);
  }

  #read(begin: number, end: number): void {
    const { file } = this.facts;
    let descriptor: number | undefined;
    try {
      descriptor = openSync(file, 'r');
      const block = Buffer.alloc(Math.max(blockBytes, end - begin));
      const read = readSync(descriptor, block, 0, block.length, begin);
      this.#block = block.subarray(0, read);
      this.#blockStart = begin;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new DescentError('io', `${file} can't be read (${code ?? String(error)}).`, {
        subject: file,
        remedy: 'Look whether the file is still there.',
        cause: error,
      });
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }
}
