// `npm run bench -- training [--json] [--rounds N] [--case TEXT] [--no-write]`: milliseconds a step of the compiled program,
// against keras.Model.fit and against tfjs-node's own model.fit, each in a process of its own, in interleaved rounds.
import { parseArgs } from 'node:util';
import { pythonJudge } from '../../support/python-judge';
import {
  type Comparison,
  Contestant,
  interleave,
  measuredOn,
  median,
  say,
  table,
  writeReport,
} from '../lib/contest';
import { type Case, cases } from './cases';

interface Round {
  milliseconds: number[];
  /** Processor time of all of them, in all threads. */
  processor: number;
}

interface Timing {
  median: number;
  minimum: number;
  /** Processor time a step: what a busy machine changes least. */
  processor: number;
}

/** Steps at the beginning of a round, which warm caches (and Keras' iterator) up. */
const warmUp = 2;

function summarize(rounds: readonly Round[]): Timing {
  const times = rounds.flatMap(({ milliseconds }) =>
    milliseconds.slice(Math.min(warmUp, milliseconds.length - 1)),
  );
  return {
    median: median(times),
    minimum: Math.min(...times),
    processor: median(rounds.map(({ processor, milliseconds }) => processor / milliseconds.length)),
  };
}

type Name = 'graph' | 'keras' | 'tfjs';

interface Result {
  given: Case;
  timings: Record<Name, Timing>;
}

/** How much faster than tfjs-node's own fit the compiled step is to be. */
const wantedAgainstTfjs = 3;

async function measure(given: Case, python: string, rounds: number): Promise<Result> {
  const here = (file: string) => `${import.meta.dirname}/${file}`;
  const { environment, name, keras, steps } = given;
  const contestants = {
    graph: Contestant.node('The compiled program', here('ours.ts'), [name], environment),
    keras: Contestant.python('Keras', python, here('keras_steps.py'), [keras, String(steps)], environment),
    tfjs: Contestant.node('TF.js', here('tfjs.ts'), [name], environment),
  };
  try {
    const found = await interleave<Name, Round>(
      {
        graph: () => contestants.graph.ask({ steps }),
        keras: () => contestants.keras.ask({}),
        // It is no contest, only a measure: few steps, in every third round.
        tfjs: async (round) =>
          round % 3 === 0 || round < 0 ? contestants.tfjs.ask({}) : { milliseconds: [], processor: 0 },
      },
      rounds,
    );
    return {
      given,
      timings: {
        graph: summarize(found.graph),
        keras: summarize(found.keras),
        tfjs: summarize(found.tfjs.filter(({ milliseconds }) => milliseconds.length > 0)),
      },
    };
  } finally {
    for (const contestant of Object.values(contestants)) await contestant.end();
  }
}

interface StepComparison extends Comparison {
  minimumRatio: number;
  processorRatio: number;
  wanted: number;
}

function comparisons({ given, timings }: Result): StepComparison[] {
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
  return [
    one('Keras fit', timings.keras, given.wanted),
    one('TF.js fit', timings.tfjs, 1 / wantedAgainstTfjs),
  ];
}

function markdown(results: readonly Result[], rounds: number): string {
  const fixed = (value: number) => value.toFixed(2);
  const cell = (timing: Timing) => `${fixed(timing.median)} (${fixed(timing.minimum)})`;
  const rows = results.map(({ given, timings }) => {
    const { graph, keras, tfjs } = timings;
    return [
      given.name,
      cell(graph),
      cell(keras),
      `${fixed(graph.median / keras.median)} (${fixed(graph.minimum / keras.minimum)})`,
      `≤ ${given.wanted}`,
      `${fixed(graph.processor)} / ${fixed(keras.processor)} = ${fixed(graph.processor / keras.processor)}`,
      cell(tfjs),
      `${fixed(tfjs.median / graph.median)} ×`,
    ];
  });
  const head = [
    'case',
    'compiled',
    'Keras fit',
    'ratio',
    'aim',
    'processor time',
    'TF.js fit',
    'compiled is faster than TF.js',
  ];
  return `# Training steps: compiled against Keras and TF.js

\`npm run bench -- training\`. Milliseconds a step, median (minimum) of ${rounds} interleaved rounds, Adam, examples in memory; Keras' \`fit\` of TensorFlow 2.15.1 over NumPy arrays and tfjs-node's own \`model.fit\` over tensors, between the ends of steps; each in a process of its own, with the same number of threads. Ratio: compiled / Keras, smaller is better. Processor time: of a step in all threads, compiled / Keras. Fast math: both with \`ONEDNN_DEFAULT_FPMATH_MODE=BF16 TF_SET_ONEDNN_FPMATH_MODE=BF16\`.

${measuredOn()}

${table(head, rows)}
`;
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '7' },
      case: { type: 'string', default: '' },
      'no-write': { type: 'boolean', default: false },
    },
  });
  const rounds = Number(options.rounds);
  const judge = await pythonJudge();
  if (typeof judge === 'string') throw new Error(judge);
  const results: Result[] = [];
  for (const given of cases.filter(({ name }) => name.toLowerCase().includes(options.case.toLowerCase()))) {
    say(`${given.name}: ${rounds} rounds of ${given.steps} steps.`);
    results.push(await measure(given, judge.python, rounds));
  }
  const report = { bench: 'training', rounds, cases: results.flatMap(comparisons) };
  const text = markdown(results, rounds);
  if (!options['no-write'] && options.case === '') await writeReport(report, text);
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : text.slice(text.indexOf('| case')));
}

main().catch((error: unknown) => {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
});
