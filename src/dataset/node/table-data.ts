import type { TableColumn } from '../../contract/metadata';

/** The rows of a table. Indices are those of the examples. */
export interface TableData {
  header: string[];
  /** The input columns as a model needs them: numeric ones with mean and deviation over the training rows. */
  columns: TableColumn[];
  /** Name of the target column. */
  target: string;
  /** The cells of one row in the order of the header, as they stand in the file. */
  row(index: number): string[];
  /** The same numbers as `encodeRow` gives row by row: float32 [indices.length, rowWidth(columns)]. */
  encode(indices: Int32Array, columns?: readonly TableColumn[]): Float32Array;
}
