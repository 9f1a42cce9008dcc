import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { withLock } from '../../src/files/node/lock';
import { type PythonJudge, runPython } from './python-judge';

/** Sides of the pictures that hub-models.py makes its feature vector for. */
export const hubSide = 64;

/**
 * The folder of SavedModels that TensorFlow in Python wrote (hub-models.py), with what it computes: made once for each version of
 * the program, and kept in the user's cache (descent-test/hub-models). Not to be written to.
 */
export async function hubModels(judge: PythonJudge): Promise<string> {
  const program = await readFile(join(import.meta.dirname, 'hub-models.py'), 'utf8');
  const version = createHash('sha256').update(program).digest('hex').slice(0, 16);
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const directory = join(cache, 'descent-test', 'hub-models', version);
  if (existsSync(directory)) return directory;
  await mkdir(dirname(directory), { recursive: true });
  await withLock(
    directory,
    async () => {
      if (existsSync(directory)) return;
      const partial = `${directory}.partial`;
      await rm(partial, { recursive: true, force: true });
      await mkdir(partial);
      await runPython(judge, program, [partial, JSON.stringify({ features: hubSide })]);
      await rename(partial, directory);
    },
    { patience: 5 * 60_000 },
  );
  return directory;
}

/** Numbers that hub-models.py wrote. */
export async function readFloats(path: string): Promise<Float32Array> {
  const bytes = await readFile(path);
  const { buffer, byteOffset, byteLength } = bytes;
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}
