import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { ExampleTable } from '../../../src/dataset/node/example-table';
import { type PythonJudge, pythonEnvironment } from '../../support/python-judge';
import { batchSize, brightened, type DataSetName, moved, size } from './cases';
import type { Duration } from './ours';

/** peer.py in a process of its own. */
export class Peer {
  private readonly lines: AsyncIterator<string>;

  private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, null>) {
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** @param movedCount how many pictures the data set `moved` has */
  static async start(judge: PythonJudge, examples: ExampleTable, movedCount: number): Promise<Peer> {
    const child = spawn(judge.python, [join(import.meta.dirname, 'peer.py')], {
      env: pythonEnvironment(),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const peer = new Peer(child);
    const indices = Array.from(examples.indices('train'));
    await peer.ask(
      JSON.stringify({
        paths: indices.map((index) => examples.path(index)),
        labels: indices.map((index) => examples.target[index]!),
        size,
        batch: batchSize,
        moved: movedCount,
        brightness: brightened.brightness,
        rotation: moved.rotation,
        zoom: moved.zoom,
        contrast: moved.contrast,
      }),
    );
    return peer;
  }

  /** Anew, with an empty cache; what was made before is given up. */
  async make(name: DataSetName): Promise<void> {
    await this.ask(`make ${name}`);
  }

  async epoch(name: DataSetName): Promise<Duration> {
    const [clock, processor] = (await this.ask(`epoch ${name}`)).split(' ').map(Number);
    return { clock: clock!, processor: processor! };
  }

  end(): void {
    this.child.stdin.end();
  }

  private async ask(line: string): Promise<string> {
    this.child.stdin.write(`${line}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error('Python ended before it answered.');
    return value;
  }
}
