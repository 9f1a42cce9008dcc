import type { Run } from '../../../contract/run';

/** Up to so many multiplications and additions in a step, about a millisecond's, threads wait for each other longer than they work. */
const smallStep = 1e8;
/** An engine of one thread is started for the job alone, while one with all threads may stand ready: shorter runs don't make up for it. */
const manySteps = 2000;
/** Stands for the number of columns, which is not known yet. */
const usualColumns = 100;

/**
 * How many threads one operation of a run may use; undefined: one a core. It depends on what is kept with the run alone, so that
 * a run that is resumed goes on with as many, and in the same bytes.
 */
export function threadsOf({
  configuration: { hyperparameters },
  dataset,
}: Pick<Run, 'configuration' | 'dataset'>): number | undefined {
  const { threads, batchSize, epochs } = hyperparameters;
  if (threads > 0) return threads;
  const products = weightsOf(hyperparameters);
  if (dataset.kind === 'images' || products === undefined) return undefined;
  // Forward, and twice as much backward; a multiplication and an addition each.
  const work = 6 * batchSize * products;
  const steps = epochs * Math.ceil(dataset.train / batchSize);
  return work <= smallStep && steps >= manySteps ? 1 : undefined;
}

/** Weights of the dense layers of a preset that has little else; undefined for others. */
function weightsOf({
  model,
  hiddenUnits,
  hiddenLayers,
  embeddingDimension,
}: Run['configuration']['hyperparameters']): number | undefined {
  switch (model) {
    case 'linear':
      return usualColumns;
    case 'mlp':
      return hiddenUnits * (usualColumns + (hiddenLayers - 1) * hiddenUnits);
    case 'text-bag':
      return hiddenUnits * embeddingDimension;
    default:
      return undefined;
  }
}

/** What an engine is started with to use so many threads; both variables are read once in the life of a process. */
export function threadsEnvironment(threads: number): Record<string, string> {
  return { TF_NUM_INTRAOP_THREADS: String(threads), TF_NUM_INTEROP_THREADS: String(threads) };
}
