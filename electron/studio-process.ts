import { type ChannelClient, connectClient } from '../src/channel/common/channel';
import type { Transport } from '../src/channel/common/transport';
import { type LaunchedProcess, launch } from '../src/channel/node/launcher';
import { PipeMultiplexer } from '../src/channel/node/pipe-transport';
import type { StudioCalls, StudioStreams } from '../src/contract/studio';

export type StudioClient = ChannelClient<StudioCalls, StudioStreams>;

/** Connection 0 is the shell's own; pages get the numbers after it, none twice. */
const shellConnection = 0;
const keptErrorLines = 12;

/** The longest that quitting waits for checkpoints, and then for the process to be gone, in milliseconds. */
const quitMilliseconds = 60_000;
const exitMilliseconds = 10_000;

interface Running extends LaunchedProcess {
  multiplexer: PipeMultiplexer;
  client: StudioClient;
}

/**
 * The studio's process. Electron's own program runs it as Node (ELECTRON_RUN_AS_NODE), which is why the package keeps
 * the `runAsNode` fuse: a packaged Descent then needs no second Node, and utilityProcess, the other way, has no pipe
 * for the frames. With DESCENT_NODE another Node runs it.
 */
export class StudioProcess {
  private running: Running | undefined;
  private nextConnection = shellConnection + 1;
  private lastWords: string[] = [];
  private quitting = false;
  /** The process ended although nobody asked it to. */
  onDeath: (reason: string) => void = () => {};

  constructor(private readonly entry: string) {}

  /** The shell's own client; undefined while no studio runs. */
  get client(): StudioClient | undefined {
    return this.running?.client;
  }

  start(): StudioClient {
    this.lastWords = [];
    const launched = launch(this.entry, { onErrorLine: (line) => this.hear(line) });
    const multiplexer = new PipeMultiplexer(launched.pipe);
    // The studio opens no connections; one that was closed here may still have had an answer under way.
    multiplexer.onConnection = (_connection, transport) => transport.close();
    const client = connectClient<StudioCalls, StudioStreams>(multiplexer.open(shellConnection));
    const running: Running = { ...launched, multiplexer, client };
    this.running = running;
    const died = (reason: string) => {
      if (this.running !== running) return;
      this.running = undefined;
      multiplexer.close();
      if (!this.quitting) this.onDeath([reason, ...this.lastWords].join('\n'));
    };
    launched.child.once('error', (error) => died(error.message));
    launched.child.once('exit', (status, signal) =>
      died(signal ? `It was ended by ${signal}.` : `It ended with status ${status}.`),
    );
    return client;
  }

  private hear(line: string): void {
    process.stderr.write(`${line}\n`);
    this.lastWords = [...this.lastWords, line].slice(-keptErrorLines);
  }

  /** A connection for a page; undefined while no studio runs. */
  connect(): { connection: number; transport: Transport } | undefined {
    if (!this.running) return undefined;
    const connection = this.nextConnection++;
    return { connection, transport: this.running.multiplexer.open(connection) };
  }

  /** Ends the studio; running jobs write a checkpoint first. Resolves when the process is gone. */
  async quit(jobs: 'interrupt' | 'stop'): Promise<void> {
    this.quitting = true;
    const running = this.running;
    if (!running) return;
    const exited = new Promise<void>((resolve) => running.child.once('exit', () => resolve()));
    try {
      await within(quitMilliseconds, running.client.call('studio.quit', { jobs }));
    } catch (error) {
      // It may be gone before its answer is; a studio that fails here ends by its closed pipe, below.
      if (running.child.exitCode === null) process.stderr.write(`${String(error)}\n`);
    }
    running.multiplexer.close();
    if (running.child.exitCode !== null || running.child.signalCode !== null) return;
    try {
      await within(exitMilliseconds, exited);
    } catch {
      running.child.kill('SIGKILL');
      await exited;
    }
  }
}

function within<Value>(milliseconds: number, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`No end after ${milliseconds / 1000} s.`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
