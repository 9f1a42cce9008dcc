// `npm run bench -- training [--json] [--rounds N] [--case TEXT] [--no-write]`: milliseconds a step of the compiled program,
// against keras.Model.fit in a process of Python and against our own eager program, in interleaved rounds.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { loadBackend } from '../../../src/engine/native/backend';
import { pythonEnvironment, pythonJudge } from '../../support/python-judge';
import { type Case, cases } from './cases';
import { openProgram, timeSteps } from './ours';

const root = resolve(import.meta.dirname, '../../..');
const say = (text: string) => process.stderr.write(`${text}\n`);

interface Round {
  milliseconds: number[];
  /** Processor time of all of them, in all threads. */
  processor: number;
}

interface Contestant {
  round(steps: number): Promise<Round>;
  close(): Promise<void>;
}

class Keras {
  private readonly child;
  private readonly lines;

  constructor(python: string) {
    this.child = spawn(python, [join(import.meta.dirname, 'keras_steps.py')], {
      env: pythonEnvironment(),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  contestant({ keras }: Case): Contestant {
    return {
      round: async (steps) => {
        this.child.stdin.write(`${keras} ${steps}\n`);
        const { value, done } = await this.lines.next();
        if (done) throw new Error('Python ended before its answer.');
        return JSON.parse(value) as Round;
      },
      close: async () => {},
    };
  }

  end(): void {
    this.child.stdin.end();
  }
}

async function ours(given: Case, kind: 'graph' | 'eager'): Promise<Contestant> {
  const program = await openProgram(given, kind, given.steps);
  const round = async (steps: number): Promise<Round> => {
    const before = process.cpuUsage();
    const milliseconds = await timeSteps(program, steps);
    const { user, system } = process.cpuUsage(before);
    return { milliseconds, processor: (user + system) / 1000 };
  };
  return { round, close: () => program.dispose() };
}

const median = (values: readonly number[]) => {
  const sorted = [...values].sort((left, right) => left - right);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
};

interface Timing {
  median: number;
  minimum: number;
  /** Processor time a step: what a busy machine changes least. */
  processor: number;
}

function summarize(rounds: readonly Round[]): Timing {
  const times = rounds.flatMap(({ milliseconds }) => milliseconds.slice(warmUp));
  return {
    median: median(times),
    minimum: Math.min(...times),
    processor: median(rounds.map(({ processor, milliseconds }) => processor / milliseconds.length)),
  };
}

type Name = 'graph' | 'keras' | 'eager';
interface Result {
  given: Case;
  timings: Record<Name, Timing>;
}

/** Steps at the beginning of a round, which warm caches (and Keras' iterator) up. */
const warmUp = 2;

async function measure(given: Case, keras: Keras, rounds: number): Promise<Result> {
  const contestants: Record<Name, Contestant> = {
    graph: await ours(given, 'graph'),
    keras: keras.contestant(given),
    eager: await ours(given, 'eager'),
  };
  const names = Object.keys(contestants) as Name[];
  const found: Record<Name, Round[]> = { graph: [], keras: [], eager: [] };
  // Whoever is slow takes part with fewer steps: eager is no contest, only a measure.
  const stepsOf = (name: Name) => (name === 'eager' ? Math.ceil(given.steps / 5) : given.steps);
  for (let round = -1; round < rounds; round++)
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + Math.max(0, round)) % names.length]!;
      // Keras fits whole epochs of the same data.
      const asked = name === 'keras' ? given.steps : stepsOf(name);
      const taken = await contestants[name].round(asked);
      if (round >= 0) found[name].push(taken);
    }
  for (const name of names) await contestants[name].close();
  return {
    given,
    timings: {
      graph: summarize(found.graph),
      keras: summarize(found.keras),
      eager: summarize(found.eager),
    },
  };
}

function comparisons({ given, timings }: Result) {
  const one = (peerName: string, peer: Timing, wanted: number) => ({
    name: `${given.name}, against ${peerName}`,
    ours: timings.graph.median,
    peer: peer.median,
    unit: 'ms a step',
    ratio: timings.graph.median / peer.median,
    minimumRatio: timings.graph.minimum / peer.minimum,
    processorRatio: timings.graph.processor / peer.processor,
    wanted,
  });
  return [one('Keras fit', timings.keras, given.wanted), one('eager steps', timings.eager, 1 / 3)];
}

function markdown(results: readonly Result[], rounds: number): string {
  const fixed = (value: number) => value.toFixed(2);
  const rows = results.flatMap(({ given, timings }) => {
    const { graph, keras, eager } = timings;
    const cell = (timing: Timing) => `${fixed(timing.median)} (${fixed(timing.minimum)})`;
    const processor = `${fixed(graph.processor)} / ${fixed(keras.processor)} = ${fixed(graph.processor / keras.processor)}`;
    return `| ${given.name} | ${cell(graph)} | ${cell(keras)} | ${fixed(graph.median / keras.median)} (${fixed(graph.minimum / keras.minimum)}) | ${given.wanted} | ${processor} | ${cell(eager)} | ${fixed(eager.median / graph.median)} × |`;
  });
  const load = loadavg()[0]!;
  return `# Training steps: compiled against Keras and eager

\`npm run bench -- training\`. Milliseconds a step, median (minimum) of ${rounds} interleaved rounds, float32, Adam, examples in memory; Keras' \`fit\` of TensorFlow 2.15.1 over NumPy arrays, between the ends of steps. Ratio: compiled / Keras, smaller is better. Processor time: of a step in all threads, compiled / Keras.

Measured on ${cpus().length} processors (${cpus()[0]?.model ?? 'unknown'}), ${new Date().toISOString().slice(0, 10)}, load ${load.toFixed(1)}${load > cpus().length ? ': other programs kept the machine busy, so times are longer than on a quiet one and ratios of medians shake' : ''}.

| case | compiled | Keras fit | ratio | aim | processor time | eager | compiled is faster than eager |
| --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '9' },
      case: { type: 'string', default: '' },
      'no-write': { type: 'boolean', default: false },
    },
  });
  const rounds = Number(options.rounds);
  const judge = await pythonJudge();
  if (typeof judge === 'string') throw new Error(judge);
  await loadBackend('node');
  const keras = new Keras(judge.python);
  const results: Result[] = [];
  try {
    for (const given of cases.filter(({ name }) => name.toLowerCase().includes(options.case.toLowerCase()))) {
      say(`${given.name}: ${rounds} rounds of ${given.steps} steps.`);
      results.push(await measure(given, keras, rounds));
    }
  } finally {
    keras.end();
  }
  const report = {
    bench: 'training',
    rounds,
    load: loadavg()[0]! / cpus().length,
    cases: results.flatMap(comparisons),
  };
  const text = markdown(results, rounds);
  if (!options['no-write'] && options.case === '') {
    const directory = join(root, 'docs/benchmarks');
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'training.json'), `${JSON.stringify(report, null, 2)}\n`);
    await writeFile(join(directory, 'training.md'), text);
  }
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : text.slice(text.indexOf('| case')));
}

main().catch((error: unknown) => {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
});
