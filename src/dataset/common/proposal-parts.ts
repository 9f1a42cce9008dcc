import type { Hyperparameters } from '../../contract/hyperparameters';

/** Settings that suit, and why. */
export interface Choice {
  values: Partial<Hyperparameters>;
  reason: string;
}

/** At least eight steps an epoch, when there are enough examples for that. */
export function batchSizeFor(examples: number, wanted: number): number {
  let size = wanted;
  while (size > 4 && examples / size < 8) size /= 2;
  return size;
}
