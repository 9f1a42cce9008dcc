import { dirname, resolve } from 'node:path';
import { lock } from 'proper-lockfile';
import { DescentError } from '../../contract/errors';
import { makeDirectory } from './make-directory';

export interface LockOptions {
  /** How long to wait for another holder, in milliseconds. */
  patience?: number;
}

/**
 * Runs `action` while holding the lock of `path`, across processes; returns what it returns. The path need not exist.
 * The lock of a process that died is taken over after ten seconds. Throws a DescentError when another process keeps it
 * longer than `patience` (default 20 s).
 */
export async function withLock<Result>(
  path: string,
  action: () => Promise<Result>,
  { patience = 20_000 }: LockOptions = {},
): Promise<Result> {
  const target = resolve(path);
  await makeDirectory(dirname(target));
  const pause = 50;
  let compromised: Error | undefined;
  let release: () => Promise<void>;
  try {
    release = await lock(target, {
      realpath: false,
      stale: 10_000,
      update: 2_000,
      retries: { retries: Math.ceil(patience / pause), minTimeout: pause, maxTimeout: pause, factor: 1 },
      onCompromised: (error) => {
        compromised = error;
      },
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
    throw new DescentError(
      'busy',
      `${target} is in use by another process since more than ${patience / 1000} s.`,
      {
        remedy: `Close the other Descent, or remove ${target}.lock when none runs.`,
        subject: target,
        cause: error,
      },
    );
  }
  try {
    return await action();
  } finally {
    // A lock that was lost meanwhile (a computer that slept) belongs to somebody else now.
    if (!compromised) await release();
  }
}
