import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type CsvError, type Info, parse } from 'csv-parse';
import type { ScanProgress } from '../../contract/dataset';
import { DescentError } from '../../contract/errors';
import { Growing } from './growing';
import { ColumnBuilder, type ColumnFacts, hashCells } from './table-column';
import { type Dialect, parserOptions, sniffDialect } from './table-dialect';

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
// Small enough that parsing one piece never holds up the event loop.
const pieceBytes = 1 << 16;

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
  let end = 0;
  let line = 0;

  const take = (cells: string[], info: Info): null => {
    const begin = end;
    end = info.bytes;
    line = info.lines;
    row += 1;
    if (row === 0) return null;
    if (cells.length !== header.length) {
      raggedCount += 1;
      if (ragged.length < mostNamedRows) ragged.push({ row, cells: cells.length });
      return null;
    }
    numbers.push(row);
    begins.push(begin);
    ends.push(end);
    const [high, low] = hashCells(cells);
    hash.push(high);
    hash.push(low);
    for (let column = 0; column < cells.length; column += 1) builders[column]!.add(cells[column]!, row);
    return null;
  };

  const source = createReadStream(file, { highWaterMark: pieceBytes, signal });
  const parser = source.pipe(parse({ ...parserOptions(dialect), on_record: take }));
  source.on('error', (error) => parser.destroy(error));
  let reported = 0;
  source.on('data', () => {
    const now = performance.now();
    if (now - reported < 100) return;
    reported = now;
    onProgress({ type: 'progress', stage: 'parsing', done: source.bytesRead, total: bytes });
  });
  try {
    for await (const nothing of parser) void nothing;
  } catch (error) {
    throw readableError(error as CsvError, file, row + 1, line + 1);
  }
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

function readableError(error: CsvError, file: string, row: number, line: number): Error {
  if (error.code === 'CSV_QUOTE_NOT_CLOSED')
    return new DescentError(
      'bad-input',
      `${file}: a quotation mark opened in row ${row} (line ${line}) is never closed.`,
      {
        subject: `${file}:${line}`,
        remedy: 'Close the quotation, or take the quotation mark out.',
        cause: error,
      },
    );
  if (error.code?.startsWith('CSV_'))
    return new DescentError(
      'bad-input',
      `${file} can't be read as a table at row ${row} (line ${line}): ${error.message}.`,
      {
        subject: `${file}:${line}`,
        cause: error,
      },
    );
  return error;
}
