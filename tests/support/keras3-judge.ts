import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../src/files/node/lock';
import type { PythonJudge } from './python-judge';

const run = promisify(execFile);

/** Keras 3 and what it needs beyond the packages that TensorFlow 2.15 brings along. */
const packages = ['keras==3.15.1', 'optree', 'namex', 'rich', 'markdown-it-py', 'mdurl', 'pygments'];

/**
 * The judge with the real Keras 3 before its own Keras 2.15, on TensorFlow 2.15: a folder beside the virtual
 * environment, made once and kept. Returns the reason as a string where it can't be made.
 */
export async function keras3Judge(judge: PythonJudge): Promise<PythonJudge | string> {
  const directory = join(dirname(dirname(dirname(judge.python))), 'keras-3.15.1');
  const complete = join(directory, '.complete');
  const keras3 = {
    ...judge,
    environment: { PYTHONPATH: directory, KERAS_BACKEND: 'tensorflow', KERAS_HOME: directory },
  };
  if (existsSync(complete)) return keras3;
  try {
    await withLock(
      directory,
      async () => {
        if (existsSync(complete)) return;
        await rm(directory, { recursive: true, force: true });
        await run(judge.python, [
          ...['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', directory],
          ...packages,
        ]);
        await writeFile(complete, `${packages.join('\n')}\n`);
      },
      { patience: 15 * 60_000 },
    );
    return keras3;
  } catch (error) {
    const { message, stderr } = error as Error & { stderr?: string };
    return `no Keras 3 as a judge: ${(stderr?.trim() || message).split('\n').at(-1)}`;
  }
}
