export type CellValue = string | number | null | undefined;

export interface TableColumn<Row> {
  key: string;
  label: string;
  /** What is sorted by and copied. */
  value: (row: Row) => CellValue;
  /** Right-aligned, largest first on the first press. */
  numeric?: boolean;
  sortable?: boolean;
  hint?: string;
}

/** Numbers by size, words as people sort them ("run 2" before "run 10"), missing values last. */
export function compareCells(left: CellValue, right: CellValue): number {
  const leftMissing = isMissing(left);
  const rightMissing = isMissing(right);
  if (leftMissing || rightMissing) return Number(leftMissing) - Number(rightMissing);
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return String(left).localeCompare(String(right), undefined, { numeric: true });
}

function isMissing(value: CellValue): boolean {
  return value === null || value === undefined || (typeof value === 'number' && Number.isNaN(value));
}
