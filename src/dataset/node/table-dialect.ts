import { open } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { isMissing, parseNumber } from '../common/table';

/** How a CSV file is written. */
export interface Dialect {
  delimiter: string;
  encoding: 'utf8' | 'utf16le' | 'latin1';
  /** Names of the columns, each once. */
  header: string[];
  /** Whether the first record holds the names. */
  hasHeader: boolean;
  byteOrderMark: boolean;
  windowsLineEnds: boolean;
  /** The character that ends a line: `\r` in files of old Macs, else `\n` (a `\r` before it is taken off). */
  newline: '\n' | '\r';
  /** Columns written with a decimal comma. */
  decimalComma: boolean[];
}

const delimiters = [',', ';', '\t', '|'];
const sampleBytes = 1 << 18;

function parserOptions(dialect: Pick<Dialect, 'delimiter' | 'encoding'>) {
  return {
    delimiter: dialect.delimiter,
    encoding: dialect.encoding,
    bom: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
  } as const;
}

/** Guesses delimiter, encoding, header and decimal commas from the beginning of a file. */
export async function sniffDialect(path: string): Promise<Dialect> {
  const { bytes, whole } = await readStart(path);
  const byteOrderMark = (bytes[0] === 0xef && bytes[1] === 0xbb) || (bytes[0] === 0xff && bytes[1] === 0xfe);
  const encoding = sniffEncoding(bytes, whole);
  const text = bytes.toString(encoding);
  const windowsLineEnds = text.includes('\r\n');
  const newline = text.includes('\r') && !text.includes('\n') ? '\r' : '\n';
  const candidates = delimiters.map((delimiter) => ({
    delimiter,
    rows: sampleRows(bytes, encoding, delimiter, whole),
  }));
  const scored = candidates.map((candidate) => ({ ...candidate, score: consistency(candidate.rows) }));
  // The earlier delimiter wins a draw.
  const best = scored.reduce((chosen, candidate) => (candidate.score > chosen.score ? candidate : chosen));
  const { rows, delimiter } = best;
  const hasHeader = looksLikeHeader(rows);
  const width = usualWidth(rows.slice(hasHeader ? 1 : 0)) || (rows[0]?.length ?? 0);
  const header = nameColumns(hasHeader ? rows[0]! : [], width);
  const body = hasHeader ? rows.slice(1) : rows;
  const columns = header.map((_, column) => body.map((row) => row[column]));
  const decimalComma = delimiter === ',' ? columns.map(() => false) : findDecimalCommas(columns);
  return { delimiter, encoding, header, hasHeader, byteOrderMark, windowsLineEnds, newline, decimalComma };
}

async function readStart(path: string): Promise<{ bytes: Buffer; whole: boolean }> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(sampleBytes);
    const { bytesRead } = await file.read(buffer, 0, sampleBytes, 0);
    return { bytes: buffer.subarray(0, bytesRead), whole: bytesRead < sampleBytes };
  } finally {
    await file.close();
  }
}

function sniffEncoding(bytes: Buffer, whole: boolean): Dialect['encoding'] {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf16le';
  try {
    // A character may be cut at the end of the sample.
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: !whole });
    return 'utf8';
  } catch {
    return 'latin1';
  }
}

function sampleRows(
  bytes: Buffer,
  encoding: Dialect['encoding'],
  delimiter: string,
  whole: boolean,
): string[][] {
  const rows: string[][] = [];
  try {
    parse(bytes, {
      ...parserOptions({ delimiter, encoding }),
      to: 1000,
      on_record: (record: string[]) => {
        rows.push(record);
        return null;
      },
    });
  } catch {
    // A quotation that the end of the sample cuts: the rows before it are enough.
  }
  return whole || rows.length === 1000 ? rows : rows.slice(0, -1);
}

/** Rows of the usual width, when that is more than one column; wider is better among equals. */
function consistency(rows: string[][]): number {
  const width = usualWidth(rows);
  if (width < 2) return 0;
  return rows.filter((row) => row.length === width).length / rows.length + Math.min(width, 100) / 1000;
}

function usualWidth(rows: string[][]): number {
  const counts = new Map<number, number>();
  for (const row of rows) counts.set(row.length, (counts.get(row.length) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
}

/**
 * The first record names the columns when none of its cells is a number and none of them comes again as a value of its
 * column among the rows of the sample. An empty cell may be a name (tables saved with row numbers have one).
 */
function looksLikeHeader(rows: string[][]): boolean {
  const first = rows[0];
  if (!first || first.every((cell) => cell.trim() === '')) return false;
  if (first.some((cell) => !Number.isNaN(parseNumber(cell)) || !Number.isNaN(parseNumber(cell, true))))
    return false;
  if (rows.length === 1) return true;
  const body = rows.slice(1);
  return !first.some((cell, column) => cell.trim() !== '' && body.some((row) => row[column] === cell));
}

function nameColumns(names: string[], width: number): string[] {
  // R writes row names without a name for their column.
  const given = names.length === width - 1 && names.length > 0 ? ['row', ...names] : names;
  const taken = new Set<string>();
  return Array.from({ length: Math.max(width, given.length) }, (_, index) => {
    const base = given[index]?.trim() || `column_${index + 1}`;
    let name = base;
    for (let copy = 2; taken.has(name); copy += 1) name = `${base}_${copy}`;
    taken.add(name);
    return name;
  });
}

/**
 * Which columns have decimal commas: those whose every number can be read with them, but not with points. In such a
 * file, columns that can be read both ways (1,250 or 1.250) are taken to be written alike.
 */
function findDecimalCommas(columns: (string | undefined)[][]): boolean[] {
  const readings = columns.map((cells) => {
    const present = cells.filter((cell): cell is string => !isMissing(cell));
    return {
      byComma: present.length > 0 && present.every((cell) => !Number.isNaN(parseNumber(cell, true))),
      byPoint: present.every((cell) => !Number.isNaN(parseNumber(cell))),
      marked: present.some((cell) => /[.,]/.test(cell)),
    };
  });
  const certain = readings.some(({ byComma, byPoint }) => byComma && !byPoint);
  return readings.map(({ byComma, byPoint, marked }) => byComma && (!byPoint || (certain && marked)));
}
