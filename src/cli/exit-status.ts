import { CommanderError } from 'commander';
import { DescentError } from '../contract/errors';

export const exitStatus = { done: 0, failed: 1, wrongUse: 2, interrupted: 130 } as const;

/** The exit status that stands for an error. */
export function exitStatusFor(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.done : exitStatus.wrongUse;
  if (!(error instanceof DescentError)) return exitStatus.failed;
  switch (error.code) {
    case 'wrong-use':
    case 'ambiguous':
    case 'not-found':
      return exitStatus.wrongUse;
    case 'cancelled':
      return exitStatus.interrupted;
    default:
      return exitStatus.failed;
  }
}
