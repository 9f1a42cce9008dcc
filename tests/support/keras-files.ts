import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keras3Judge } from './keras3-judge';
import { type PythonJudge, pythonJudge, runPython } from './python-judge';

export interface Numbers {
  shape: number[];
  values: number[];
}

export interface KerasFiles {
  directory: string;
  /** By the model's name: an input, and what Keras answers. */
  expected: Record<string, { input: Numbers; output: Numbers }>;
}

/** Files made by the real Keras 2.15 or 3, in a new folder; the reason as a string where there is none. */
export async function makeKerasFiles(version: 2 | 3): Promise<KerasFiles | string> {
  const judge = await pythonJudge();
  if (typeof judge === 'string') return judge;
  const keras = version === 2 ? judge : await keras3Judge(judge);
  return typeof keras === 'string' ? keras : make(keras);
}

async function make(judge: PythonJudge): Promise<KerasFiles> {
  const directory = await mkdtemp(join(tmpdir(), 'descent keras ü '));
  const program = await readFile(join(import.meta.dirname, '../fixtures/keras/make_keras_files.py'), 'utf8');
  await runPython(judge, program, [directory]);
  return { directory, expected: JSON.parse(await readFile(join(directory, 'expected.json'), 'utf8')) };
}
