// `npm run bench -- pipeline [--json] [--images N] [--rounds N]`: JPEGs of 320 × 240 read, decoded, resized to 160 × 160,
// flipped, brightened and batched by the pipeline in the graph and by Python's tf.data, in turns.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import type { ExampleTable } from '../../../src/dataset/node/example-table';
import { openDataset } from '../../../src/dataset/node/open';
import { loadBackend } from '../../../src/engine/native/backend';
import { Graph } from '../../../src/graph/graph';
import { GraphSession } from '../../../src/graph/session/session';
import { emitPipeline } from '../../../src/pipeline/graph/emit-pipeline';
import type { GraphPipeline } from '../../../src/pipeline/graph/graph-pipeline';
import { pythonEnvironment, pythonJudge } from '../../support/python-judge';

const root = join(import.meta.dirname, '../../..');
const size = 160;
const batch = 32;
const brightness = 0.2;

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    images: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '5' },
  },
});
const say = (text: string) => process.stderr.write(`${text}\n`);

/** Pictures with edges, gradients and some noise, as large as photographs of that size (about 25 kB). */
async function writePictures(directory: string, count: number): Promise<void> {
  const [width, height] = [320, 240];
  for (let index = 0; index < count; index++) {
    const folder = join(directory, `class-${index % 4}`);
    await mkdir(folder, { recursive: true });
    const pixels = Buffer.alloc(width * height * 3);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const wave = 60 * Math.sin((x * (1 + (index % 7))) / 40) + 40 * Math.cos((y + index) / 25);
        const edge = ((x >> 5) + (y >> 5) + index) % 3 === 0 ? 40 : 0;
        const grain = (Math.imul(x * 7919 + y * 104729 + index, 2654435761) >>> 27) - 16;
        const at = (y * width + x) * 3;
        for (let channel = 0; channel < 3; channel++)
          pixels[at + channel] = Math.min(255, Math.max(0, 128 + wave * (1 - channel * 0.3) + edge + grain));
      }
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 88 })
      .toFile(join(folder, `${index}.jpg`));
  }
}

/** Ours: a new pipeline with an empty cache, and the milliseconds of an epoch. */
class Ours {
  private constructor(
    private readonly pipeline: GraphPipeline,
    private readonly session: GraphSession,
  ) {}

  static async make(examples: ExampleTable, cache: 'memory' | 'none', cacheDirectory: string): Promise<Ours> {
    const graph = new Graph();
    const pipeline = await emitPipeline(
      graph,
      'train',
      { examples, split: 'train', input: { kind: 'images', height: size, width: size, channels: 3 } },
      {
        seed: 1,
        batchSize: batch,
        shuffleBuffer: 10_000,
        cache,
        cacheDirectory,
        augmentation: { flipLeftRight: true, brightness, contrast: 0, rotation: 0, zoom: 0 },
      },
    );
    const session = await GraphSession.load(graph);
    await pipeline.open(session);
    return new Ours(pipeline, session);
  }

  async epoch(): Promise<number> {
    const { indices, source } = this.pipeline;
    const call = this.session.prepare({ indices });
    const started = performance.now();
    let seen = 0;
    for (;;) {
      const found = await this.pipeline.next(() => call.run());
      if (found === 'end-of-epoch') break;
      seen += found.indices.data.length;
    }
    const milliseconds = performance.now() - started;
    if (seen !== source.count) throw new Error(`${seen} pictures of ${source.count} came.`);
    return milliseconds;
  }

  async dispose(): Promise<void> {
    await this.pipeline.dispose();
    this.session.dispose();
  }
}

class Peer {
  private readonly lines: AsyncIterator<string>;

  constructor(private readonly child: ChildProcessWithoutNullStreams) {
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async ask(line: string): Promise<string> {
    this.child.stdin.write(`${line}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error('Python ended before it answered.');
    return value;
  }

  async make(kind: string): Promise<void> {
    await this.ask(`make ${kind}`);
  }

  async epoch(kind: string): Promise<number> {
    return Number(await this.ask(`epoch ${kind}`));
  }

  end(): void {
    this.child.stdin.end();
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

interface Times {
  name: string;
  ours: number[];
  peer: number[];
}

async function measure(examples: ExampleTable, cacheDirectory: string, peer: Peer): Promise<Times[]> {
  const cases: Times[] = [
    { name: 'first epoch, filling a cache', ours: [], peer: [] },
    { name: 'later epochs, from the cache', ours: [], peer: [] },
    { name: 'every epoch without a cache', ours: [], peer: [] },
  ];
  const [first, later, uncached] = cases as [Times, Times, Times];
  for (let round = 0; round <= Number(options.rounds); round++) {
    say(round === 0 ? 'Warming up.' : `Round ${round} of ${options.rounds}.`);
    const keep = round > 0;
    const note = (times: number[], milliseconds: number) => keep && times.push(milliseconds);
    const cached = await Ours.make(examples, 'memory', cacheDirectory);
    note(first.ours, await cached.epoch());
    await peer.make('cached');
    note(first.peer, await peer.epoch('cached'));
    for (let again = 0; again < 2; again++) {
      note(later.ours, await cached.epoch());
      note(later.peer, await peer.epoch('cached'));
    }
    await cached.dispose();
    const plain = await Ours.make(examples, 'none', cacheDirectory);
    note(uncached.ours, await plain.epoch());
    await plain.dispose();
    await peer.make('plain');
    note(uncached.peer, await peer.epoch('plain'));
  }
  return cases;
}

async function report(times: readonly Times[], images: number): Promise<void> {
  const perImage = (values: readonly number[]) => (median(values) * 1000) / images;
  const cases = times.map(({ name, ours, peer }) => ({
    name,
    ours: perImage(ours),
    peer: perImage(peer),
    unit: 'µs an image',
    ratio: median(ours) / median(peer),
  }));
  const load = loadavg()[0]! / cpus().length;
  const result = { bench: 'pipeline', images, rounds: Number(options.rounds), load, cases };
  const rate = (milliseconds: number) => Math.round((images * 1000) / milliseconds);
  const rows = times.map(({ name, ours, peer }, index) => [
    name,
    `${rate(median(ours))}`,
    `${rate(Math.min(...ours))}`,
    `${rate(median(peer))}`,
    `${rate(Math.min(...peer))}`,
    cases[index]!.ratio.toFixed(2),
  ]);
  const head = ['images a second', 'ours', 'ours, best', 'tf.data', 'tf.data, best', 'ratio of times'];
  const markdown = [
    '# Pipeline',
    '',
    `${images} JPEGs of 320 × 240, resized to ${size} × ${size}, flip and brightness, batches of ${batch}; medians of ${options.rounds} rounds in turns with Python's tf.data (TensorFlow 2.15.1, the same stages; its cache holds floats, ours bytes).`,
    `${availableParallelism()} processors (${cpus()[0]?.model ?? 'unknown'}), load ${load.toFixed(1)} for each: other programs ran beside both.`,
    '',
    ...[head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`),
    '',
  ].join('\n');
  const directory = join(root, 'docs/benchmarks');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'pipeline.json'), `${JSON.stringify(result, undefined, 2)}\n`);
  await writeFile(join(directory, 'pipeline.md'), markdown);
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else process.stdout.write(markdown);
}

const judge = await pythonJudge();
if (typeof judge === 'string') throw new Error(`There is nothing to compare with: ${judge}`);
const directory = await mkdtemp(join(tmpdir(), 'descent-bench-pipeline-'));
try {
  say(`Writing ${options.images} pictures.`);
  const folder = join(directory, 'pictures');
  await writePictures(folder, Number(options.images));
  const cacheDirectory = join(directory, 'cache');
  const { examples } = await openDataset(folder, {}, { cacheDirectory });
  await loadBackend('node');
  const indices = Array.from(examples.indices('train'));
  const child = spawn(judge.python, [join(import.meta.dirname, 'peer.py')], {
    env: pythonEnvironment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  }) as unknown as ChildProcessWithoutNullStreams;
  const peer = new Peer(child);
  const paths = indices.map((index) => examples.path(index));
  const labels = indices.map((index) => examples.target[index]!);
  await peer.ask(JSON.stringify({ paths, labels, size, batch, brightness }));
  try {
    await report(await measure(examples, cacheDirectory, peer), indices.length);
  } finally {
    peer.end();
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
