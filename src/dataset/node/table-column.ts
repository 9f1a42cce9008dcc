import { isMissing, parseNumber } from '../common/table';
import { Growing, NumberSet } from './growing';

/** More different values than these are not kept as categories. */
const mostNumericValues = 1000;
const mostValues = 10_000;
const mostNamedRows = 1000;

/** What stands in one column, whatever role it will play. */
export interface ColumnFacts {
  name: string;
  decimalComma: boolean;
  missing: number;
  /** Different values, missing ones apart. */
  distinct: number;
  /** Cells that are neither missing nor a number, and the numbers of the first 1,000 such rows. */
  unparsable: number;
  unparsableRows: number[];
  /** Whether every number is whole. */
  whole: boolean;
  /** Whether the numbers rise by one from row to row. */
  counting: boolean;
  /** Words in a cell, in the mean. */
  meanWords: number;
  /** float64, NaN where missing or unparsable; absent when the column holds few numbers. */
  numbers?: Float64Array;
  /** int32 index into `values`, -1 where missing; absent when there are too many different values. */
  codes?: Int32Array;
  values?: string[];
}

/** Collects one column cell by cell. */
export class ColumnBuilder {
  #numbers: Growing<Float64Array> | undefined = new Growing(Float64Array);
  #codes: Growing<Int32Array> | undefined = new Growing(Int32Array);
  readonly #dictionary = new Map<string, number>();
  #overflow: NumberSet | undefined;
  #count = 0;
  #missing = 0;
  #parsed = 0;
  #unparsable = 0;
  readonly #unparsableRows: number[] = [];
  #whole = true;
  #counting = true;
  #last = Number.NaN;
  #words = 0;

  constructor(
    private readonly name: string,
    private readonly decimalComma: boolean,
  ) {}

  add(raw: string, row: number): void {
    const cell = raw.trim();
    this.#count += 1;
    const first = cell.charCodeAt(0);
    // Most cells begin with a digit: none of the markers of a missing value does.
    if (!(first >= 48 && first <= 57) && isMissing(cell)) {
      this.#missing += 1;
      this.#counting = false;
      this.#numbers?.push(Number.NaN);
      this.#codes?.push(-1);
      return;
    }
    const value = this.#numbers ? this.#addNumber(cell, row) : Number.NaN;
    if (Number.isNaN(value)) this.#words += countWords(cell);
    this.#addCode(cell, value);
    if ((this.#count & 8191) === 0 && this.#unparsable > this.#parsed) this.#numbers = undefined;
  }

  #addNumber(cell: string, row: number): number {
    const value = parseNumber(cell, this.decimalComma);
    this.#numbers!.push(value);
    if (Number.isNaN(value)) {
      this.#unparsable += 1;
      this.#counting = false;
      if (this.#unparsableRows.length < mostNamedRows) this.#unparsableRows.push(row);
      return value;
    }
    this.#parsed += 1;
    if (this.#whole && !Number.isInteger(value)) this.#whole = false;
    if (this.#counting && !Number.isNaN(this.#last) && value !== this.#last + 1) this.#counting = false;
    this.#last = value;
    return value;
  }

  #addCode(cell: string, value: number): void {
    if (!this.#codes) {
      this.#overflow!.add(Number.isNaN(value) ? hashText(cell) : value);
      return;
    }
    let code = this.#dictionary.get(cell);
    if (code === undefined) {
      code = this.#dictionary.size;
      this.#dictionary.set(cell, code);
      const numeric = this.#parsed > 20 * this.#unparsable;
      if (code >= (numeric ? mostNumericValues : mostValues)) {
        this.#dropCodes(numeric);
        return;
      }
    }
    this.#codes.push(code);
  }

  #dropCodes(numeric: boolean): void {
    this.#overflow = new NumberSet();
    for (const text of this.#dictionary.keys()) {
      const value = numeric ? parseNumber(text, this.decimalComma) : Number.NaN;
      this.#overflow.add(Number.isNaN(value) ? hashText(text) : value);
    }
    this.#codes = undefined;
    this.#dictionary.clear();
  }

  finish(): ColumnFacts {
    const present = this.#count - this.#missing;
    const numeric = this.#numbers !== undefined && this.#parsed > 0 && this.#unparsable <= present * 0.05;
    return {
      name: this.name,
      decimalComma: this.decimalComma,
      missing: this.#missing,
      distinct: this.#overflow?.size ?? this.#dictionary.size,
      unparsable: numeric ? this.#unparsable : 0,
      unparsableRows: numeric ? this.#unparsableRows : [],
      whole: numeric && this.#whole,
      counting: numeric && this.#counting && present > 1,
      meanWords: present === 0 ? 0 : this.#words / present,
      numbers: numeric ? this.#numbers!.finish() : undefined,
      codes: this.#codes?.finish(),
      values: this.#codes ? [...this.#dictionary.keys()] : undefined,
    };
  }
}

function countWords(text: string): number {
  let count = 1;
  for (let at = text.indexOf(' '); at >= 0; at = text.indexOf(' ', at + 1)) count += 1;
  return count;
}

/** A number for a text: 53 bits of two mixed 26-bit hashes. */
function hashText(text: string): number {
  const [high, low] = hashCells([text]);
  return (high >>> 6) * 0x8000000 + (low >>> 5);
}

/** 64-bit hash of a row's cells as two words (cyrb53's mixing, public domain, with a separator after each cell). */
export function hashCells(cells: readonly string[]): [number, number] {
  let first = 0xdeadbeef | 0;
  let second = 0x41c6ce57 | 0;
  for (const cell of cells) {
    for (let at = 0; at < cell.length; at += 1) {
      const code = cell.charCodeAt(at);
      first = Math.imul(first ^ code, 2654435761);
      second = Math.imul(second ^ code, 1597334677);
    }
    first = Math.imul(first ^ 0x1f, 2654435761);
    second = Math.imul(second ^ 0x1f, 1597334677);
  }
  const high =
    Math.imul(first ^ (first >>> 16), 2246822507) ^ Math.imul(second ^ (second >>> 13), 3266489909);
  const low = Math.imul(second ^ (second >>> 16), 2246822507) ^ Math.imul(first ^ (first >>> 13), 3266489909);
  return [high >>> 0, low >>> 0];
}
