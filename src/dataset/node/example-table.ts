import { join } from 'node:path';
import type { DatasetKind, DatasetSummary, SplitName, TaskKind } from '../../contract/dataset';
import { splitNames } from '../common/split';
import type { TableData } from './table-data';

export interface ImageColumns {
  /** As stored: before orientation is applied. */
  width: Int32Array;
  height: Int32Array;
  /** EXIF orientation 1..8. */
  orientation: Uint8Array;
  /** Index into `pictureFormats`. */
  format: Uint8Array;
}

/**
 * The examples that training uses, column by column; what is broken, empty or excluded is not in it. Index i runs from
 * 0 to count - 1 in a fixed order (files by path, rows as in the file).
 */
export interface ExampleTable {
  /** Absolute path of the folder, or of the table's file. */
  root: string;
  kind: DatasetKind;
  task: TaskKind;
  /** Classification: name of each class; regression: empty. */
  labels: string[];
  count: number;
  /** Path relative to the folder with `/` between its parts; tables: `row:<n>` counted from 1 without the header. */
  file(index: number): string;
  /** Absolute path of the example's file; for rows, of the table. */
  path(index: number): string;
  /** Classification: int32 index into labels. Regression: float32 value. */
  target: Int32Array | Float32Array;
  /** float32: what each example's loss is multiplied by; absent where all weigh the same. */
  weights?: Float32Array;
  /** 0 train, 1 validation, 2 test. */
  split: Uint8Array;
  /** Indices of a split's examples, rising. */
  indices(split: SplitName): Int32Array;
  images?: ImageColumns;
  table?: TableData;
  /** The whole text of an example (kind `texts`). Throws `bad-input` when there is none, `io` when it can't be read. */
  text(index: number): Promise<string>;
}

export interface Dataset {
  summary: DatasetSummary;
  examples: ExampleTable;
}

/** Indices of the examples of one split, rising. */
export function indicesOf(split: Uint8Array, name: SplitName): Int32Array {
  const code = splitNames.indexOf(name);
  let count = 0;
  for (const value of split) if (value === code) count += 1;
  const out = new Int32Array(count);
  let next = 0;
  for (let index = 0; index < split.length; index += 1) {
    if (split[index] !== code) continue;
    out[next] = index;
    next += 1;
  }
  return out;
}

/** Absolute path of a file that is named relative to `root` with `/`. */
export function absolutePath(root: string, file: string): string {
  return join(root, ...file.split('/'));
}
