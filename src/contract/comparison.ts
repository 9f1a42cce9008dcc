import type { RunStatus } from './run';

/** What a run that is compared with others came to. */
export interface Candidate {
  model: string;
  status: RunStatus;
  /** Of its best epoch. */
  summary: Readonly<Record<string, number>>;
}

export interface ComparedBy {
  metric: string;
  larger: boolean;
}

/** What decides between candidates: accuracy on validation, for numbers the loss there. */
export function comparedBy(candidates: readonly Candidate[]): ComparedBy {
  return candidates.some(({ summary }) => summary.val_accuracy !== undefined)
    ? { metric: 'val_accuracy', larger: true }
    : { metric: 'val_loss', larger: false };
}

/**
 * The candidate that does best on the validation examples, of equal ones that with the smaller loss there; undefined when none
 * was trained to its end. The test examples have no say.
 */
export function bestCandidate<Kind extends Candidate>(candidates: readonly Kind[]): Kind | undefined {
  const { metric, larger } = comparedBy(candidates);
  const value = ({ summary }: Kind) => (summary[metric] ?? Number.NaN) * (larger ? -1 : 1);
  const loss = ({ summary }: Kind) => summary.val_loss ?? Number.POSITIVE_INFINITY;
  return candidates
    .filter((candidate) => isTrained(candidate) && !Number.isNaN(value(candidate)))
    .sort((a, b) => value(a) - value(b) || loss(a) - loss(b))[0];
}

function isTrained({ status }: Candidate): boolean {
  return status === 'done' || status === 'stopped';
}
