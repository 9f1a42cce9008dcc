import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const running = new Set();

function stopGroup(child, signal) {
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It ended by itself meanwhile.
  }
}

const endings = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
const onSignal = (signal) => {
  for (const child of running) stopGroup(child, 'SIGTERM');
  process.exit(endings[signal]);
};
const onExit = () => {
  for (const child of running) stopGroup(child, 'SIGKILL');
};

/** Signals are ours only while a program runs: whoever imports this file may have a use of its own for them. */
function begin(child) {
  if (running.size === 0) {
    for (const signal of Object.keys(endings)) process.on(signal, onSignal);
    process.on('exit', onExit);
  }
  running.add(child);
}

function end(child) {
  running.delete(child);
  if (running.size > 0) return;
  for (const signal of Object.keys(endings)) process.removeListener(signal, onSignal);
  process.removeListener('exit', onExit);
}

/**
 * Runs a program to its end; never throws.
 * Its whole process group is ended when the time limit passes or when this process is asked to end.
 * @param {string} command program name or path
 * @param {string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, timeout?: number, show?: boolean, shell?: boolean}} options
 *   timeout in milliseconds; show passes its words on to standard error as they come
 * @returns {Promise<{ok: boolean, status: number | null, signal: string | null, output: string, stdout: string, timedOut: boolean, missing: boolean}>}
 */
export function run(command, args, { cwd, env, timeout = 0, show = false, shell = false } = {}) {
  return new Promise((settle) => {
    let output = '';
    let stdout = '';
    let timedOut = false;
    const child = spawn(command, args, {
      cwd,
      env: env ?? process.env,
      shell,
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    begin(child);
    const timer =
      timeout > 0
        ? setTimeout(() => {
            timedOut = true;
            stopGroup(child, 'SIGKILL');
          }, timeout)
        : undefined;
    const collect = (chunk) => {
      if (show) process.stderr.write(chunk);
      output = (output + chunk).slice(-100_000);
    };
    child.stdout.on('data', (chunk) => {
      stdout = (stdout + chunk).slice(-1_000_000);
      collect(chunk);
    });
    child.stderr.on('data', collect);
    child.on('error', (error) => {
      clearTimeout(timer);
      end(child);
      settle({
        ok: false,
        status: null,
        signal: null,
        output: error.message,
        stdout,
        timedOut,
        missing: error.code === 'ENOENT',
      });
    });
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      end(child);
      settle({ ok: status === 0, status, signal, output, stdout, timedOut, missing: false });
    });
  });
}

/** The full path of the first of these programs that stands on PATH, or null. */
export function findProgram(...names) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', '.bat'] : [''];
  for (const name of names) {
    for (const directory of (process.env.PATH ?? '').split(delimiter)) {
      for (const ending of endings) {
        const path = join(directory, name + ending);
        if (directory !== '' && existsSync(path)) return path;
      }
    }
  }
  return null;
}

/**
 * Runs npm by way of the npm that called us, where one did: the same version, and no search through PATH.
 * Takes and returns what `run` does.
 */
export function runNpm(args, options) {
  const entry = process.env.npm_execpath;
  if (entry && /\.c?js$/.test(entry) && existsSync(entry))
    return run(process.execPath, [entry, ...args], options);
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, {
    ...options,
    shell: process.platform === 'win32',
  });
}

/**
 * pip by its ordinary client, whichever of its names is there.
 * @returns {Promise<string[] | null>} command and first arguments, or null where there is no pip
 */
export async function findPip() {
  const names = process.platform === 'win32' ? ['py', 'python', 'python3'] : ['python3', 'python'];
  const candidates = [...names.map((name) => [name, '-m', 'pip']), ['pip3'], ['pip']];
  for (const [command, ...args] of candidates) {
    if (!findProgram(command)) continue;
    const answer = await run(command, [...args, '--version'], { timeout: 30_000 });
    if (answer.ok) return [command, ...args];
  }
  return null;
}
