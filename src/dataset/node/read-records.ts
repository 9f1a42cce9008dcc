import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { DescentError } from '../../contract/errors';
import type { Dialect } from './table-dialect';

// Small enough that the records of one piece never hold up the event loop.
const pieceBytes = 1 << 16;
// A record that goes on for longer is a quotation that was never closed.
const longestRecord = 1 << 24;

/** Called for each record with its cells and the bytes of the file that it takes. */
export type TakeRecord = (cells: string[], begin: number, end: number) => void;

/**
 * Reads a CSV file record by record (RFC 4180, empty lines passed over). Not csv-parse, which takes five times as long
 * when asked where each record stands in the file: the tests hold this against it.
 *
 * @param onPiece told how many bytes were read
 * @throws DescentError `bad-input` for a quotation that is never closed; the file system's error
 */
export async function readRecords(
  file: string,
  dialect: Pick<Dialect, 'delimiter' | 'encoding' | 'newline'>,
  take: TakeRecord,
  onPiece: (bytesRead: number) => void = () => {},
  signal?: AbortSignal,
): Promise<void> {
  const source = createReadStream(file, { highWaterMark: pieceBytes, signal });
  const decoder = new StringDecoder(dialect.encoding);
  const splitter = new RecordSplitter(file, dialect, take);
  for await (const piece of source) {
    splitter.push(decoder.write(piece as Buffer));
    onPiece(source.bytesRead);
  }
  splitter.push(decoder.end());
  splitter.finish();
}

/** Cuts text into records and tells where each stands in the file. */
class RecordSplitter {
  #rest = '';
  #begin = 0;
  #quoted = false;
  #lines = 1;
  #started = false;

  constructor(
    private readonly file: string,
    private readonly dialect: Pick<Dialect, 'delimiter' | 'encoding' | 'newline'>,
    private readonly take: TakeRecord,
  ) {}

  push(text: string): void {
    this.#rest += text;
    if (!this.#started && this.#rest.length > 0) {
      this.#started = true;
      if (this.#rest.charCodeAt(0) === 0xfeff) this.#skipMark();
    }
    const { newline } = this.dialect;
    let at = 0;
    for (;;) {
      const end = this.#quoted ? this.#endOfQuoted(at) : this.#rest.indexOf(newline, at);
      if (end < 0) break;
      const record = this.#rest.slice(at, end);
      if (!this.#quoted && record.includes('"')) {
        this.#quoted = true;
        continue;
      }
      this.#finishRecord(record, this.#rest.slice(end, end + 1));
      at = end + 1;
    }
    this.#rest = this.#rest.slice(at);
    if (this.#rest.length > longestRecord) throw this.#unclosed();
  }

  finish(): void {
    if (this.#rest.length === 0) return;
    if (this.#rest.includes('"') && this.#endOfQuoted(0, true) < 0) throw this.#unclosed();
    this.#quoted = this.#rest.includes('"');
    this.#finishRecord(this.#rest, '');
  }

  #unclosed(): DescentError {
    return new DescentError(
      'bad-input',
      `${this.file}: a quotation mark opened in the record that begins on line ${this.#lines} is never closed.`,
      {
        subject: `${this.file}:${this.#lines}`,
        remedy: 'Close the quotation, or take the quotation mark out.',
      },
    );
  }

  #skipMark(): void {
    this.#begin = Buffer.byteLength('\ufeff', this.dialect.encoding);
    this.#rest = this.#rest.slice(1);
  }

  #finishRecord(record: string, newline: string): void {
    const { delimiter, encoding } = this.dialect;
    const end = this.#begin + Buffer.byteLength(record, encoding) + Buffer.byteLength(newline, encoding);
    const plain = record.endsWith('\r') ? record.slice(0, -1) : record;
    // An empty line is no record.
    if (plain.length > 0) {
      const cells = this.#quoted ? parseRecord(plain, delimiter) : plain.split(delimiter);
      this.take(cells, this.#begin, end);
    }
    this.#lines += this.#quoted ? countOf(record, this.dialect.newline) + 1 : 1;
    this.#begin = end;
    this.#quoted = false;
  }

  /**
   * Where the record that begins at `start` ends: at the next line end outside quotations (RFC 4180: a quotation opens
   * at the beginning of a cell; a mark in the middle of one is a character like others). -1: not in the text yet.
   */
  #endOfQuoted(start: number, atEnd = false): number {
    const { delimiter, newline } = this.dialect;
    const text = this.#rest;
    let at = Math.max(start, 0);
    for (;;) {
      if (text[at] === '"') {
        at = closingQuote(text, at + 1);
        if (at < 0) return -1;
        at += 1;
      }
      while (at < text.length && text[at] !== delimiter && text[at] !== newline) at += 1;
      if (at >= text.length) return atEnd ? at : -1;
      if (text[at] === newline) return at;
      at += 1;
    }
  }
}

/** Place of the mark that closes a quotation; two marks in a row are one character of it. -1: not in the text. */
function closingQuote(text: string, start: number): number {
  let at = text.indexOf('"', start);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}

/** The cells of one record without its line end. */
export function parseRecord(record: string, delimiter: string): string[] {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    let quoted = '';
    if (record[at] === '"') {
      const close = closingQuote(record, at + 1);
      const stop = close < 0 ? record.length : close;
      quoted = record.slice(at + 1, stop).replaceAll('""', '"');
      at = stop + 1;
    }
    const end = record.indexOf(delimiter, at);
    cells.push(quoted + record.slice(at, end < 0 ? undefined : end));
    if (end < 0) return cells;
    at = end + 1;
  }
}

function countOf(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) count += 1;
  return count;
}
