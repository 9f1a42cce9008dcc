import type { SeriesListing } from '../../../src/contract/series';

/** Metrics of which more is better; of all others less is. */
const moreIsBetter = new Set(['accuracy', 'r2', 'precision', 'recall', 'f1', 'auc']);

export function isBetter(metric: string, value: number, than: number): boolean {
  return moreIsBetter.has(metric.replace(/^val_/, '')) ? value > than : value < than;
}

/** The metric beside the loss that a task is judged by, among the run's tags. */
export function mainMetric(task: 'classification' | 'regression', listing: readonly SeriesListing[]): string {
  const candidates = task === 'classification' ? ['accuracy'] : ['mae', 'mean_absolute_error', 'rmse', 'r2'];
  const has = (metric: string) => listing.some((series) => series.tag === `epoch_${metric}`);
  return candidates.find(has) ?? candidates[0]!;
}

/** Best value of a column and where it stands; null when empty. */
export function bestOf(metric: string, values: Float64Array): { value: number; index: number } | null {
  let best: { value: number; index: number } | null = null;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (Number.isFinite(value) && (!best || isBetter(metric, value, best.value))) best = { value, index };
  }
  return best;
}
