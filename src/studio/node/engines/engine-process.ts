import { type ChannelClient, connectClient } from '../../../channel/common/channel';
import { launch } from '../../../channel/node/launcher';
import { pipeTransport } from '../../../channel/node/pipe-transport';
import type { EngineCalls, EngineStreams } from '../../../contract/engine';
import { DescentError } from '../../../contract/errors';
import type { Environment } from '../../../contract/run';
import type { Logger } from '../logger';

export interface EngineExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last lines that the process wrote. */
  lines: string[];
}

const keptLines = 20;

/** One engine process, the channel to it, and what is left of it when it ends. */
export class EngineProcess {
  readonly client: ChannelClient<EngineCalls, EngineStreams>;
  readonly exited: Promise<EngineExit>;
  readonly pid: number | undefined;
  /** When it was started, in ms since 1970. */
  readonly started = Date.now();
  /** False from the moment on when the channel is closed, by whichever side. */
  connected = true;
  private exit: EngineExit | undefined;
  private readonly lines: string[] = [];
  private environment: Promise<Environment> | undefined;
  private readonly kill: (signal: NodeJS.Signals) => void;

  constructor(entry: string, logger: Logger, environment: Record<string, string> = {}) {
    const { child, pipe } = launch(entry, {
      environment,
      onErrorLine: (line) => {
        this.lines.push(line);
        if (this.lines.length > keptLines) this.lines.shift();
        logger.info(`engine ${child.pid}: ${line}`);
      },
    });
    this.pid = child.pid;
    this.kill = (signal) => child.kill(signal);
    this.client = connectClient<EngineCalls, EngineStreams>(pipeTransport(pipe));
    void this.client.closed.then(() => {
      this.connected = false;
    });
    this.exited = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        this.exit ??= { code, signal, lines: this.lines };
        resolve(this.exit);
      };
      child.once('error', (error) => {
        this.lines.push(error.message);
        end(null, null);
      });
      // `close` comes after the last line of standard error, `exit` before it.
      child.once('close', end);
    });
  }

  get alive(): boolean {
    return this.exit === undefined;
  }

  /** Loads the engine's back end (the first time) and tells which it is. */
  describe(): Promise<Environment> {
    this.environment ??= this.orDeath(this.client.call('engine.describe', {}));
    return this.environment;
  }

  /** The answer, or, when the engine dies of it, an error that says how it died. */
  async orDeath<Result>(answer: Promise<Result>): Promise<Result> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof DescentError) || error.code !== 'engine-died') throw error;
      throw engineDeath(await this.exited);
    }
  }

  /** Closes the channel; the engine saves what it has and ends. Killed when it takes longer than `patience` milliseconds. */
  async close(patience: number): Promise<EngineExit> {
    this.client.close();
    const timer = setTimeout(() => this.kill('SIGKILL'), patience);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Says how an engine ended that nobody had told to end, and what can be done about it. */
export function engineDeath(exit: EngineExit): DescentError {
  const cause = exit.signal
    ? `was killed by ${exit.signal}`
    : exit.code === null
      ? 'could not be started'
      : `ended with exit code ${exit.code}`;
  const words = tellingLine(exit.lines);
  return new DescentError(
    'engine-died',
    `The engine process ${cause}${words === undefined ? '.' : `. It said: ${words}`}`,
    { remedy: remedyFor(exit), cause: exit },
  );
}

/** An uncaught error's own line, above its stack; else the last line with words. */
function tellingLine(lines: readonly string[]): string | undefined {
  const words = lines.filter((line) => /\w/.test(line) && !/^(\s+at |Node\.js v)/.test(line));
  return (words.findLast((line) => /^\s*(Uncaught )?\w*Error\b/.test(line)) ?? words.at(-1))?.trim();
}

function remedyFor(exit: EngineExit): string {
  const outOfMemory = exit.lines.some((line) => /bad_alloc|out of memory|OOM/.test(line));
  if (exit.signal === 'SIGKILL' || outOfMemory) {
    return 'Often the computer ran out of memory: use a smaller batch or picture size, then resume from the last checkpoint.';
  }
  if (
    exit.signal === 'SIGSEGV' ||
    exit.signal === 'SIGABRT' ||
    exit.signal === 'SIGILL' ||
    exit.signal === 'SIGBUS'
  ) {
    return 'A fault in native code: resume from the last checkpoint; if it comes again, run "descent doctor" and try DESCENT_ENGINE=wasm.';
  }
  if (exit.code === null) return 'Run "descent doctor" to see what is missing.';
  return 'Resume from the last checkpoint; if it comes again, run "descent doctor".';
}
