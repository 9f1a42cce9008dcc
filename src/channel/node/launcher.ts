import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** File descriptor of the frame pipe in a launched process. */
export const frameDescriptor = 3;

export interface LaunchedProcess {
  child: ChildProcess;
  pipe: Duplex;
}

export interface LaunchOptions {
  environment?: Record<string, string>;
  /** Called with whole lines of the child's standard error. */
  onErrorLine?: (line: string) => void;
}

/**
 * Starts a studio or an engine: the Node named by DESCENT_NODE, else this executable (as Node when it is Electron).
 * Frames travel on descriptor 3. The child's standard output goes to our standard error, so that ours stays clean.
 */
export function launch(entry: string, options: LaunchOptions = {}): LaunchedProcess {
  const executable = process.env.DESCENT_NODE || process.execPath;
  const environment: NodeJS.ProcessEnv = { ...process.env, ...options.environment };
  if (process.versions.electron && executable === process.execPath) environment.ELECTRON_RUN_AS_NODE = '1';
  else delete environment.ELECTRON_RUN_AS_NODE;
  const child = spawn(executable, [entry], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) options.onErrorLine?.(line);
    });
  }
  return { child, pipe: child.stdio[frameDescriptor] as Duplex };
}

/** The launched process's end of the frame pipe. */
export function openFramePipe(): Duplex {
  return new Socket({ fd: frameDescriptor, readable: true, writable: true });
}
