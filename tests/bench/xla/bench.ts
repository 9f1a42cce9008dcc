// `npm run bench -- xla [--json] [--rounds N] [--case TEXT] [--no-write]`: milliseconds a step with compile: xla against
// compile: graph, in interleaved rounds of the same process.
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadBackend } from '../../../src/engine/native/backend';
import type { TrainingProgram } from '../../../src/training/program';
import { type Case, cases } from '../training/cases';
import { openProgram, timeSteps } from '../training/program';

const root = resolve(import.meta.dirname, '../../..');
const say = (text: string) => process.stderr.write(`${text}\n`);

interface Timing {
  median: number;
  minimum: number;
  /** Processor time a step, in all threads. */
  processor: number;
}

interface Result {
  name: string;
  graph: Timing;
  xla: Timing;
  /** Milliseconds of the first step, XLA's compiling included. */
  firstStep: { graph: number; xla: number };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}

class Contestant {
  private readonly times: number[] = [];
  private readonly processor: number[] = [];

  private constructor(
    private readonly program: TrainingProgram,
    readonly firstStep: number,
  ) {}

  static async open(given: Case, compile: 'graph' | 'xla'): Promise<Contestant> {
    const settings = { ...given.settings, compile };
    const program = await openProgram({ ...given, settings });
    const [first] = await timeSteps(program, 1);
    await timeSteps(program, given.steps - 1);
    return new Contestant(program, first!);
  }

  async round(steps: number): Promise<void> {
    const before = process.cpuUsage();
    this.times.push(...(await timeSteps(this.program, steps)));
    const { user, system } = process.cpuUsage(before);
    this.processor.push((user + system) / 1000 / steps);
  }

  async close(): Promise<Timing> {
    await this.program.dispose();
    return {
      median: median(this.times),
      minimum: Math.min(...this.times),
      processor: median(this.processor),
    };
  }
}

async function measure(given: Case, rounds: number): Promise<Result> {
  const graph = await Contestant.open(given, 'graph');
  const xla = await Contestant.open(given, 'xla');
  for (let round = 0; round < rounds; round++)
    for (const contestant of round % 2 === 0 ? [graph, xla] : [xla, graph])
      await contestant.round(given.steps);
  const firstStep = { graph: graph.firstStep, xla: xla.firstStep };
  return { name: given.name, graph: await graph.close(), xla: await xla.close(), firstStep };
}

function markdown(results: readonly Result[], rounds: number): string {
  const fixed = (value: number) => value.toFixed(2);
  const cell = (timing: Timing) => `${fixed(timing.median)} (${fixed(timing.minimum)})`;
  const rows = results.map(
    ({ name, graph, xla, firstStep }) =>
      `| ${name} | ${cell(graph)} | ${cell(xla)} | ${fixed(xla.median / graph.median)} | ${fixed(xla.processor / graph.processor)} | ${(firstStep.xla / 1000).toFixed(1)} s |`,
  );
  const load = loadavg()[0]!;
  return `# Training steps: compiled by XLA against one graph

\`npm run bench -- xla\`. Milliseconds a step, median (minimum) of ${rounds} interleaved rounds, float32, Adam, examples in memory. Ratio: \`compile: xla\` / \`compile: graph\`; above 1, XLA is slower. The first step with XLA waits for its compiler, and so does the first step of every other size of batch.

Measured on ${cpus().length} processors (${cpus()[0]?.model ?? 'unknown'}), ${new Date().toISOString().slice(0, 10)}, load ${load.toFixed(1)}${load > cpus().length ? ': other programs kept the machine busy, so times are longer than on a quiet one and ratios of medians shake' : ''}.

| case | graph | xla | ratio | ratio of processor times | first step with XLA |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      case: { type: 'string', default: '' },
      'no-write': { type: 'boolean', default: false },
    },
  });
  const rounds = Number(options.rounds);
  await loadBackend('node');
  const results: Result[] = [];
  // XLA compiles no recurrent layers.
  for (const given of cases.filter(
    ({ name, words }) => !words && name.toLowerCase().includes(options.case.toLowerCase()),
  )) {
    say(`${given.name}: ${rounds} rounds of ${given.steps} steps.`);
    results.push(await measure(given, rounds));
  }
  const report = {
    bench: 'xla',
    rounds,
    load: loadavg()[0]! / cpus().length,
    cases: results.map(({ name, graph, xla, firstStep }) => ({
      name: `${name}, XLA against one graph`,
      ours: xla.median,
      peer: graph.median,
      unit: 'ms a step',
      ratio: xla.median / graph.median,
      processorRatio: xla.processor / graph.processor,
      firstStepMilliseconds: firstStep.xla,
    })),
  };
  const text = markdown(results, rounds);
  if (!options['no-write'] && options.case === '') {
    const directory = join(root, 'docs/benchmarks');
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'xla.json'), `${JSON.stringify(report, null, 2)}\n`);
    await writeFile(join(directory, 'xla.md'), text);
  }
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : text.slice(text.indexOf('| case')));
}

main().catch((error: unknown) => {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
});
