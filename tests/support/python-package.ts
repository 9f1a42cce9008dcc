import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../src/files/node/lock';

const run = promisify(execFile);

/**
 * The folder of a Python package (`name==version`) without what it depends on, for PYTHONPATH or for the files in it; made by
 * pip once and kept in the user's cache. Rejects where pip can't get it: a test then fails and says so.
 */
export async function pythonPackage(requirement: string): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const directory = join(cache, 'descent-test', 'packages', requirement.replace('==', '-'));
  const complete = join(directory, '.complete');
  if (existsSync(complete)) return directory;
  await withLock(
    directory,
    async () => {
      if (existsSync(complete)) return;
      await rm(directory, { recursive: true, force: true });
      const options = ['--quiet', '--no-deps', '--disable-pip-version-check', '--target', directory];
      await run('python3', ['-m', 'pip', 'install', ...options, requirement]);
      await writeFile(complete, `${requirement}\n`);
    },
    { patience: 15 * 60_000 },
  );
  return directory;
}
