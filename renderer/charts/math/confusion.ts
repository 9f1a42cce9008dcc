export interface ConfusionCell {
  truth: number;
  predicted: number;
  count: number;
  /** Share of the truth's examples, 0..1. */
  share: number;
}

/** Cells of a row-major [truth][predicted] matrix with their share of the row. */
export function confusionCells(counts: readonly number[], classes: number): ConfusionCell[] {
  const cells: ConfusionCell[] = [];
  for (let truth = 0; truth < classes; truth++) {
    let total = 0;
    for (let predicted = 0; predicted < classes; predicted++)
      total += counts[truth * classes + predicted] ?? 0;
    for (let predicted = 0; predicted < classes; predicted++) {
      const count = counts[truth * classes + predicted] ?? 0;
      cells.push({ truth, predicted, count, share: total > 0 ? count / total : 0 });
    }
  }
  return cells;
}

/** How strongly a cell is filled, 0..1. A square root, so that a single mistake among hundreds can be seen. */
export function cellStrength(share: number): number {
  return share <= 0 ? 0 : 0.08 + 0.92 * Math.sqrt(Math.min(1, share));
}
