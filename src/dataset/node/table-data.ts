import type { TableColumn } from '../../contract/metadata';
import { isMissing, parseNumber, rowWidth } from '../common/table';
import type { TablePlan } from './column-roles';
import { RowReader } from './row-reader';
import type { TableFacts } from './scan-table';
import type { ColumnFacts } from './table-column';

/** The rows of a table. Indices are those of the examples. */
export interface TableData {
  header: string[];
  /** The input columns as a model needs them: numeric ones with mean and deviation over the training rows. */
  columns: TableColumn[];
  /** Name of the target column. */
  target: string;
  /** The cells of one row in the order of the header, as they stand in the file. Throws `io`. */
  row(index: number): string[];
  /** The same numbers as `encodeRow` gives row by row: float32 [indices.length, rowWidth(columns)], row by row. */
  encode(indices: Int32Array, columns?: readonly TableColumn[]): Float32Array;
}

/**
 * @param places the examples' places among the well-formed rows
 * @param training indices of the training examples
 */
export function tableData(
  facts: TableFacts,
  plan: TablePlan,
  places: Int32Array,
  training: Int32Array,
): TableData {
  const reader = new RowReader(facts);
  const columns = inputColumns(plan, places, training);
  return {
    header: facts.dialect.header,
    columns,
    target: plan.target?.facts.name ?? '',
    row: (index) => reader.cells(places[index]!),
    encode: (indices, wanted = columns) => encodeColumns(facts, reader, places, indices, wanted),
  };
}

function inputColumns(plan: TablePlan, places: Int32Array, training: Int32Array): TableColumn[] {
  const columns: TableColumn[] = [];
  for (const { facts, role } of plan.columns) {
    if (role === 'numeric' && facts.numbers) {
      const { mean, standardDeviation } = moments(facts.numbers, places, training);
      const column: TableColumn = { role: 'numeric', name: facts.name, mean, standardDeviation };
      if (facts.decimalComma) column.decimalComma = true;
      columns.push(column);
    } else if (role === 'categorical' && facts.codes) {
      columns.push({
        role: 'categorical',
        name: facts.name,
        values: trainingValues(facts, places, training),
      });
    }
  }
  return columns;
}

/** Mean and standard deviation (of the population) of the numbers at `places[indices]`, or at all `places`; 0 and 1 without numbers. */
export function moments(
  numbers: Float64Array,
  places: Int32Array,
  indices?: Int32Array,
): { mean: number; standardDeviation: number } {
  let count = 0;
  let mean = 0;
  let squares = 0;
  const total = indices?.length ?? places.length;
  for (let next = 0; next < total; next += 1) {
    const value = numbers[places[indices ? indices[next]! : next]!]!;
    if (Number.isNaN(value)) continue;
    // Welford's method: no loss of digits for large means.
    count += 1;
    const difference = value - mean;
    mean += difference / count;
    squares += difference * (value - mean);
  }
  const standardDeviation = count > 0 ? Math.sqrt(squares / count) : 0;
  return { mean, standardDeviation: standardDeviation > 0 ? standardDeviation : 1 };
}

const mostCategories = 1000;

/** The values that occur in training rows, in code-unit order; beyond 1,000, the most frequent. */
function trainingValues(facts: ColumnFacts, places: Int32Array, training: Int32Array): string[] {
  const counts = new Int32Array(facts.values!.length);
  for (const index of training) {
    const code = facts.codes![places[index]!]!;
    if (code >= 0) counts[code]! += 1;
  }
  const present = facts
    .values!.map((value, code) => ({ value, count: counts[code]! }))
    .filter(({ count }) => count > 0);
  present.sort((a, b) => b.count - a.count);
  return present
    .slice(0, mostCategories)
    .map(({ value }) => value)
    .sort((a, b) => (a < b ? -1 : 1));
}

function encodeColumns(
  facts: TableFacts,
  reader: RowReader,
  places: Int32Array,
  indices: Int32Array,
  columns: readonly TableColumn[],
): Float32Array {
  const width = rowWidth(columns);
  const out = new Float32Array(indices.length * width);
  let offset = 0;
  for (const column of columns) {
    const known = facts.columns.find(({ name }) => name === column.name);
    if (column.role === 'numeric') {
      const number = numberReader(known, reader, facts, column.decimalComma ?? false);
      for (let row = 0; row < indices.length; row += 1) {
        const value = number(places[indices[row]!]!);
        out[row * width + offset] = Number.isNaN(value) ? column.mean : value;
      }
      offset += 1;
    } else {
      const position = positionReader(known, reader, facts, column.values);
      for (let row = 0; row < indices.length; row += 1) {
        const place = position(places[indices[row]!]!);
        if (place >= 0) out[row * width + offset + place] = 1;
      }
      offset += column.values.length;
    }
  }
  return out;
}

/** Gives a row's number in a column; from the typed column when it has one, else from the file. */
function numberReader(
  known: ColumnFacts | undefined,
  reader: RowReader,
  facts: TableFacts,
  decimalComma: boolean,
) {
  if (!known) return () => Number.NaN;
  if (known.numbers && known.decimalComma === decimalComma) return (place: number) => known.numbers![place]!;
  const column = facts.columns.indexOf(known);
  return (place: number) => {
    const cell = reader.cells(place)[column]!;
    return isMissing(cell) ? Number.NaN : parseNumber(cell, decimalComma);
  };
}

function positionReader(
  known: ColumnFacts | undefined,
  reader: RowReader,
  facts: TableFacts,
  values: string[],
) {
  if (!known) return () => -1;
  const positions = new Map(values.map((value, position) => [value, position]));
  if (known.codes) {
    const byCode = Int32Array.from(known.values!, (value) => positions.get(value) ?? -1);
    return (place: number) => {
      const code = known.codes![place]!;
      return code < 0 ? -1 : byCode[code]!;
    };
  }
  const column = facts.columns.indexOf(known);
  return (place: number) => positions.get(reader.cells(place)[column]!.trim()) ?? -1;
}
