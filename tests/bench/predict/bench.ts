// `npm run bench -- predict [--json] [--rounds N] [--case TEXT] [--no-write]`: milliseconds of a prediction, and the most memory that
// the process took, against Keras' predict_on_batch; each in a process of its own, in interleaved rounds.
import { parseArgs } from 'node:util';
import { pythonJudge } from '../../support/python-judge';
import { bundle } from '../lib/bundle';
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
import { type Case, cases } from '../training/cases';

interface Round {
  milliseconds: number[];
  /** Processor time of all of them, in all threads. */
  processor: number;
  /** The most resident memory so far. */
  peakBytes: number;
}

interface Timing {
  median: number;
  minimum: number;
  processor: number;
}

type Name = 'ours' | 'keras';
type Rounds = Record<Name, Round[]>;

const batches = [
  { batch: 1, calls: 60 },
  { batch: 64, calls: 12 },
];
const wantedTime = 0.6;
const wantedMemory = 0.7;
/** Calls at the beginning of a round. */
const warmUp = 2;

function summarize(rounds: readonly Round[]): Timing {
  const times = rounds.flatMap(({ milliseconds }) => milliseconds.slice(warmUp));
  return {
    median: median(times),
    minimum: Math.min(...times),
    processor: median(rounds.map(({ processor, milliseconds }) => processor / milliseconds.length)),
  };
}

interface Result {
  given: Case;
  batches: { batch: number; ours: Timing; keras: Timing }[];
  peak: Record<Name, number>;
}

async function measure(given: Case, program: string, python: string, rounds: number): Promise<Result> {
  const ours = Contestant.program('The compiled prediction', process.execPath, [program, given.name]);
  const script = `${import.meta.dirname}/keras_predict.py`;
  const keras = Contestant.python('Keras', python, script, [given.keras]);
  const peak = { ours: 0, keras: 0 };
  const found: Result['batches'] = [];
  try {
    for (const question of batches) {
      const rows: Rounds = await interleave<Name, Round>(
        { ours: () => ours.ask(question), keras: () => keras.ask(question) },
        rounds,
      );
      found.push({ batch: question.batch, ours: summarize(rows.ours), keras: summarize(rows.keras) });
      for (const name of ['ours', 'keras'] as const)
        peak[name] = Math.max(peak[name], ...rows[name].map(({ peakBytes }) => peakBytes));
    }
  } finally {
    await ours.end();
    await keras.end();
  }
  return { given, batches: found, peak };
}

const mebibytes = (bytes: number) => bytes / 2 ** 20;

function comparisons({ given, batches: measured, peak }: Result): (Comparison & { wanted: number })[] {
  return [
    ...measured.map(({ batch, ours, keras }) => ({
      name: `${given.name}: prediction of ${batch}`,
      ours: ours.median,
      peer: keras.median,
      unit: 'ms a call',
      ratio: ours.median / keras.median,
      wanted: wantedTime,
    })),
    {
      name: `${given.name}: most memory, trained and predicted`,
      ours: mebibytes(peak.ours),
      peer: mebibytes(peak.keras),
      unit: 'MiB',
      ratio: peak.ours / peak.keras,
      wanted: wantedMemory,
    },
  ];
}

function markdown(results: readonly Result[], rounds: number): string {
  const fixed = (value: number) => value.toFixed(2);
  const cell = (timing: Timing) => `${fixed(timing.median)} (${fixed(timing.minimum)})`;
  const rows = results.flatMap(({ given, batches: measured, peak }) => [
    ...measured.map(({ batch, ours, keras }) => [
      given.name,
      `batch ${batch}, ms`,
      cell(ours),
      cell(keras),
      `${fixed(ours.median / keras.median)} (${fixed(ours.minimum / keras.minimum)})`,
      `≤ ${wantedTime}`,
      fixed(ours.processor / keras.processor),
    ]),
    [
      given.name,
      'peak memory, MiB',
      mebibytes(peak.ours).toFixed(0),
      mebibytes(peak.keras).toFixed(0),
      fixed(peak.ours / peak.keras),
      `≤ ${wantedMemory}`,
      '',
    ],
  ]);
  return `# Prediction: compiled against Keras

\`npm run bench -- predict\`. A call from numbers in memory to numbers in memory, as the engine answers it, against Keras' \`predict_on_batch\` of TensorFlow 2.15.1; median (minimum) of ${rounds} interleaved rounds. Peak memory: the most resident memory of the process, which trained ten steps before it predicted. Ratio: ours / Keras, smaller is better.

${measuredOn()}

${table(['model', 'what', 'Descent', 'Keras', 'ratio', 'aim', 'ratio of processor time'], rows)}
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
  const chosen = cases.filter(
    ({ name, environment }) =>
      environment === undefined && name.toLowerCase().includes(options.case.toLowerCase()),
  );
  const ours = await bundle(`${import.meta.dirname}/ours.ts`);
  try {
    for (const given of chosen) {
      say(`${given.name}: ${rounds} rounds.`);
      results.push(await measure(given, ours.program, judge.python, rounds));
    }
  } finally {
    await ours.remove();
  }
  const report = { bench: 'predict', rounds, cases: results.flatMap(comparisons) };
  const text = markdown(results, rounds);
  if (!options['no-write'] && options.case === '') await writeReport(report, text);
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : text.slice(text.indexOf('| model')));
}

main().catch((error: unknown) => {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
});
