import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../src/files/node/lock';

const run = promisify(execFile);
const requirements = ['tensorflow-cpu==2.15.1', 'tensorboard', 'setuptools<81'];

export interface PythonJudge {
  /** The interpreter of a virtual environment with TensorFlow 2.15 and TensorBoard. */
  python: string;
  /** Added to the environment of its programs. */
  environment?: NodeJS.ProcessEnv;
}

export interface PythonResult {
  stdout: string;
  stderr: string;
}

/**
 * A virtual environment with the real TensorFlow and TensorBoard, made once and kept (DESCENT_TEST_VENV, or
 * descent-test/venv in the user's cache). Returns the reason as a string where it can't be made: tests then skip
 * and say it. Takes minutes the first time.
 */
export async function pythonJudge(): Promise<PythonJudge | string> {
  const directory =
    process.env.DESCENT_TEST_VENV ||
    join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'descent-test', 'venv');
  const python = join(directory, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const complete = join(directory, '.complete');
  if (existsSync(complete)) return { python };
  try {
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
    return { python };
  } catch (error) {
    const { message, stderr } = error as Error & { stderr?: string };
    return `no Python with TensorFlow as a judge: ${(stderr?.trim() || message).split('\n').at(-1)}`;
  }
}

/** Runs a Python program with `parameters` in sys.argv[1:]. Throws with its standard error when it fails. */
export async function runPython(
  judge: PythonJudge,
  program: string,
  parameters: readonly string[] = [],
): Promise<PythonResult> {
  return run(judge.python, ['-c', program, ...parameters], {
    maxBuffer: 256 * 1024 * 1024,
    env: { ...pythonEnvironment(), ...judge.environment },
  });
}

/** TensorFlow without its greetings on standard error. */
export function pythonEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2', CUDA_VISIBLE_DEVICES: '-1' };
}
