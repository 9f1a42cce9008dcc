import { stat } from 'node:fs/promises';
import type { ScanProgress } from '../../contract/dataset';
import { DescentError } from '../../contract/errors';
import { Growing } from './growing';
import { readRecords } from './read-records';
import { ColumnBuilder, type ColumnFacts, hashCells } from './table-column';
import { type Dialect, sniffDialect } from './table-dialect';

/** What stands in a table's file; independent of the options. */
export interface TableFacts {
  file: string;
  bytes: number;
  modified: number;
  dialect: Dialect;
  /** Rows of the right width. */
  rows: number;
  /** int32 [rows]: number of each in the file, from 1, without the header. */
  numbers: Int32Array;
  /** float64 [rows]: where each begins and ends in the file, in bytes. */
  begins: Float64Array;
  ends: Float64Array;
  /** uint32 [rows * 2]: hash of each row's cells. */
  hash: Uint32Array;
  columns: ColumnFacts[];
  /** Rows with more or fewer cells than the header: their numbers and cells (the first 1,000), and how many. */
  ragged: { row: number; cells: number }[];
  raggedCount: number;
}

const mostNamedRows = 1000;

/**
 * Reads a CSV or TSV file as a stream, column by column into typed arrays.
 *
 * @throws DescentError `bad-input` (empty, an unclosed quotation), `io`
 */
export async function scanTable(
  file: string,
  onProgress: (progress: ScanProgress) => void,
  signal?: AbortSignal,
): Promise<TableFacts> {
  try {
    const { size, mtimeMs } = await stat(file);
    const dialect = await sniffDialect(file);
    return await readRows(file, size, mtimeMs, dialect, onProgress, signal);
  } catch (error) {
    if (error instanceof DescentError || signal?.aborted) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new DescentError('io', `${file} can't be read (${code ?? String(error)}).`, {
      subject: file,
      cause: error,
    });
  }
}

async function readRows(
  file: string,
  bytes: number,
  modified: number,
  dialect: Dialect,
  onProgress: (progress: ScanProgress) => void,
  signal?: AbortSignal,
): Promise<TableFacts> {
  const { header } = dialect;
  const builders = header.map((name, index) => new ColumnBuilder(name, dialect.decimalComma[index]!));
  const numbers = new Growing(Int32Array);
  const begins = new Growing(Float64Array);
  const ends = new Growing(Float64Array);
  const hash = new Growing(Uint32Array);
  const ragged: TableFacts['ragged'] = [];
  let raggedCount = 0;
  let row = dialect.hasHeader ? -1 : 0;

  const take = (cells: string[], begin: number, end: number): void => {
    row += 1;
    if (row === 0) return;
    if (cells.length !== header.length) {
      raggedCount += 1;
      if (ragged.length < mostNamedRows) ragged.push({ row, cells: cells.length });
      return;
    }
    numbers.push(row);
    begins.push(begin);
    ends.push(end);
    const [high, low] = hashCells(cells);
    hash.push(high);
    hash.push(low);
    for (let column = 0; column < cells.length; column += 1) builders[column]!.add(cells[column]!, row);
  };

  let reported = 0;
  const report = (done: number) => {
    const now = performance.now();
    if (now - reported < 100) return;
    reported = now;
    onProgress({ type: 'progress', stage: 'parsing', done, total: bytes });
  };
  await readRecords(file, dialect, take, report, signal);
  onProgress({ type: 'progress', stage: 'parsing', done: bytes, total: bytes });
  return {
    file,
    bytes,
    modified,
    dialect,
    rows: numbers.length,
    numbers: numbers.finish(),
    begins: begins.finish(),
    ends: ends.finish(),
    hash: hash.finish(),
    columns: builders.map((builder) => builder.finish()),
    ragged,
    raggedCount,
  };
}
