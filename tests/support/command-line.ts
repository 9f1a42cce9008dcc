import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildProgram } from './build-engine';

export interface CommandEnd {
  /** The exit status, or the signal that ended it. */
  status: number | NodeJS.Signals | null;
  /** Standard output, each line parsed as JSON. */
  lines: Record<string, unknown>[];
  /** Standard error. */
  words: string;
}

export interface RunningCommand {
  child: ChildProcess;
  /** The first line of this `type`. Fails when the command ends without it. */
  line(type: string): Promise<Record<string, unknown>>;
  end: Promise<CommandEnd>;
}

/** Starts `descent ...words`, built from the sources, with its caches and settings below `home`. */
export async function startCommandLine(words: string[], home: string): Promise<RunningCommand> {
  const [program, engine] = [await buildProgram('cli'), await buildProgram('engine')];
  const child = spawn(process.execPath, [program, ...words], {
    cwd: home,
    env: {
      ...process.env,
      HOME: home,
      INIT_CWD: '',
      XDG_CACHE_HOME: join(home, 'xdg-cache'),
      XDG_CONFIG_HOME: join(home, 'xdg-config'),
      XDG_DATA_HOME: join(home, 'xdg-data'),
      DESCENT_ENGINE_ENTRY: engine,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  let ended = false;
  let wake: () => void = () => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    wake();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const parsed = (): Record<string, unknown>[] =>
    output
      .slice(0, output.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  const end = new Promise<CommandEnd>((resolve) => {
    child.once('close', (code, signal) => {
      ended = true;
      wake();
      resolve({ status: code ?? signal, lines: parsed(), words: errors });
    });
  });
  const line = async (type: string): Promise<Record<string, unknown>> => {
    for (;;) {
      const found = parsed().find((candidate) => candidate.type === type);
      if (found) return found;
      if (ended) throw new Error(`The command ended without a line "${type}": ${errors}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { child, line, end };
}

export async function runCommandLine(words: string[], home: string): Promise<CommandEnd> {
  return (await startCommandLine(words, home)).end;
}
