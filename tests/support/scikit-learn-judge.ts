import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../src/files/node/lock';

const run = promisify(execFile);
const requirements = ['scikit-learn', 'pyarrow'];

/**
 * The interpreter of a virtual environment with scikit-learn (and what reads Parquet files), made once and kept in the user's
 * cache. Rejects where it can't be made: a test then fails and says so.
 */
export async function scikitLearnPython(): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const directory = join(cache, 'descent-test', 'scikit-learn');
  const python = join(directory, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const complete = join(directory, '.complete');
  if (existsSync(complete)) return python;
  await withLock(
    directory,
    async () => {
      if (existsSync(complete)) return;
      await rm(directory, { recursive: true, force: true });
      await run('python3', ['-m', 'venv', directory]);
      await run(python, ['-m', 'pip', 'install', '--quiet', ...requirements]);
      await writeFile(complete, `${requirements.join('\n')}\n`);
    },
    { patience: 15 * 60_000 },
  );
  return python;
}
