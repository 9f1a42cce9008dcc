import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withLock } from '../../src/files/node/lock';
import { keras3Judge } from './keras3-judge';
import { type PythonJudge, pythonJudge, runPython } from './python-judge';

export interface Numbers {
  shape: number[];
  values: number[];
}

export interface KerasFiles {
  /** Shared with other tests: nothing is written there. */
  directory: string;
  /** By the model's name: an input, and what Keras answers. */
  expected: Record<string, { input: Numbers; output: Numbers }>;
}

/**
 * Files that the real Keras 2.15 or 3 makes (make_keras_files.py), once, beside the judge; the reason as a string where
 * there is none.
 */
export async function makeKerasFiles(version: 2 | 3): Promise<KerasFiles | string> {
  const judge = await pythonJudge();
  if (typeof judge === 'string') return judge;
  const program = await readFile(join(import.meta.dirname, '../fixtures/keras/make_keras_files.py'), 'utf8');
  const hash = createHash('sha256').update(program).digest('hex').slice(0, 12);
  const name = `keras ${version} files ü ${hash}`;
  const directory = join(dirname(dirname(dirname(judge.python))), name);
  const answers = join(directory, 'expected.json');
  if (!existsSync(answers)) {
    const keras = version === 2 ? judge : await keras3Judge(judge);
    if (typeof keras === 'string') return keras;
    const patience = 5 * 60_000;
    await withLock(directory, () => make(keras, program, directory), { patience });
  }
  return { directory, expected: JSON.parse(await readFile(answers, 'utf8')) };
}

async function make(judge: PythonJudge, program: string, directory: string): Promise<void> {
  if (existsSync(join(directory, 'expected.json'))) return;
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  // expected.json comes last, renamed when it is whole.
  await runPython(judge, program, [directory]);
}
