import type { TableColumn } from '../../contract/metadata';

const missingMarkers = new Set(['', 'na', 'n/a', '#n/a', 'null', 'nan', '?']);
const plainNumber = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const groupedNumber = /^[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?$/;
const commaNumber = /^[+-]?(?:\d+(?:,\d*)?|,\d+)(?:e[+-]?\d+)?$/i;
const groupedCommaNumber = /^[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?$/;

/** Whether a cell says that there is no value: empty, NA, N/A, #N/A, null, nan, ? (whatever the case). */
export function isMissing(cell: string | undefined): boolean {
  return (
    cell === undefined ||
    (cell.length < 8 && missingMarkers.has(cell.trim().toLowerCase())) ||
    cell.trim() === ''
  );
}

/**
 * Reads a number, strictly: digits with a decimal point, an optional sign and exponent, or thousands in exact groups of
 * three set off by commas. With `decimalComma` the roles of comma and point are exchanged (a whole column is read that
 * way, never single cells). No units, percent signs, hexadecimal or infinity.
 *
 * @returns NaN when the cell is not a number
 */
export function parseNumber(cell: string, decimalComma = false): number {
  const text = cell.trim();
  if (decimalComma) {
    if (commaNumber.test(text)) return finite(Number(text.replace(',', '.')));
    if (groupedCommaNumber.test(text)) return Number(text.replaceAll('.', '').replace(',', '.'));
    return Number.NaN;
  }
  if (plainNumber.test(text)) return finite(Number(text));
  if (groupedNumber.test(text)) return Number(text.replaceAll(',', ''));
  return Number.NaN;
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}

/** Length of the input vector that `columns` make. */
export function rowWidth(columns: readonly TableColumn[]): number {
  return columns.reduce((width, column) => width + (column.role === 'numeric' ? 1 : column.values.length), 0);
}

/**
 * One table row as a model's input: numeric columns as they are (a missing or unreadable value becomes the column's
 * mean; standardisation is a layer inside the model), categorical ones one-hot (an unknown value is all zero).
 *
 * @param row cells by column name, or cells in the order of `header`
 * @returns float32 [rowWidth(columns)]
 */
export function encodeRow(
  columns: readonly TableColumn[],
  row: Readonly<Record<string, string | undefined>> | readonly string[],
  header?: readonly string[],
): Float32Array {
  const out = new Float32Array(rowWidth(columns));
  const cells = Array.isArray(row)
    ? Object.fromEntries(
        (header ?? columns.map((column) => column.name)).map((name, index) => [name, row[index]]),
      )
    : (row as Readonly<Record<string, string | undefined>>);
  let place = 0;
  for (const column of columns) {
    const cell = cells[column.name];
    if (column.role === 'numeric') {
      const value = isMissing(cell) ? Number.NaN : parseNumber(cell!, column.decimalComma);
      out[place] = Number.isNaN(value) ? column.mean : value;
      place += 1;
    } else {
      const index = isMissing(cell) ? -1 : column.values.indexOf(cell!.trim());
      if (index >= 0) out[place + index] = 1;
      place += column.values.length;
    }
  }
  return out;
}
