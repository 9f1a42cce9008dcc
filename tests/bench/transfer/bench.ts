// `npm run bench -- transfer [--json] [--rounds N] [--no-write]`: a head on a frozen MobileNetV2, from the files to the end of
// the fifth epoch, against Keras with the base in every step, and against Keras on features that base.predict gives once.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pythonEnvironment, pythonJudge } from '../../support/python-judge';
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
import { type Answer, type Question, task, writePictures } from './task';

/** Largest ratio to Keras' usual code that is aimed at. */
const wanted = 0.35;

interface Round extends Answer {
  /** From the start of a process to its answer; only of those that began one. */
  wholeProcess?: number;
}

const names = ['ours', 'recalled', 'keras', 'features', 'oursProcess', 'kerasProcess'] as const;
type Name = (typeof names)[number];

async function measure(
  directory: string,
  program: string,
  python: string,
  rounds: number,
): Promise<Record<Name, Round[]>> {
  const folder = join(directory, 'pictures');
  await writePictures(folder);
  const startOurs = () => Contestant.program('Ours', process.execPath, [program]);
  const script = join(import.meta.dirname, 'keras_transfer.py');
  const startKeras = () =>
    Contestant.program('Keras', python, [script, JSON.stringify(task)], pythonEnvironment());
  const ours = startOurs();
  const keras = startKeras();
  const scan = join(directory, 'scan');
  let made = 0;
  const fresh = () => join(directory, `cache-${made++}`);
  let last = '';
  const ask = (contestant: Contestant, question: Partial<Question>) =>
    contestant.ask<Answer>({ folder, scan, cache: last, kind: 'features', ...question });
  const inNewProcess = async (
    round: number,
    start: () => Contestant,
    question: Partial<Question>,
  ): Promise<Round> => {
    if (round < 0) return { milliseconds: 0, processor: 0, firstEpoch: 0, loss: 0 };
    const began = performance.now();
    const contestant = start();
    try {
      const answer = await ask(contestant, question);
      return { ...answer, wholeProcess: performance.now() - began };
    } finally {
      await contestant.end();
    }
  };
  try {
    return await interleave<Name, Round>(
      {
        ours: () => {
          last = fresh();
          return ask(ours, { cache: last });
        },
        recalled: async () => {
          if (last === '') {
            last = fresh();
            await ask(ours, { cache: last });
          }
          return ask(ours, { cache: last });
        },
        keras: () => ask(keras, { kind: 'whole' }),
        features: () => ask(keras, { kind: 'features' }),
        // Looks through the folder as if it had never seen it. There is nothing to warm up.
        oursProcess: (round) => inNewProcess(round, startOurs, { scan: fresh(), cache: fresh() }),
        kerasProcess: (round) => inNewProcess(round, startKeras, { kind: 'whole' }),
      },
      rounds,
    );
  } finally {
    await ours.end();
    await keras.end();
  }
}

type Measure = (round: Round) => number;
const toTheEnd: Measure = ({ milliseconds }) => milliseconds / 1000;
const firstEpoch: Measure = (round) => round.firstEpoch / 1000;
const whole: Measure = ({ wholeProcess }) => wholeProcess! / 1000;

interface TransferComparison extends Comparison {
  minimumRatio: number;
  processorRatio: number;
  wanted?: number;
}

function compare(
  name: string,
  ours: readonly Round[],
  peer: readonly Round[],
  measured: Measure,
  aim?: number,
): TransferComparison {
  const of = (rounds: readonly Round[], by: Measure) => rounds.map(by);
  const smallest = (rounds: readonly Round[]) => Math.min(...of(rounds, measured));
  const processor = (rounds: readonly Round[]) => median(of(rounds, (round) => round.processor));
  return {
    name,
    ours: median(of(ours, measured)),
    peer: median(of(peer, measured)),
    unit: 's',
    ratio: median(of(ours, measured)) / median(of(peer, measured)),
    minimumRatio: smallest(ours) / smallest(peer),
    processorRatio: processor(ours) / processor(peer),
    ...(aim === undefined ? {} : { wanted: aim }),
  };
}

function comparisons(found: Record<Name, Round[]>): TransferComparison[] {
  return [
    compare('5 epochs in a warm process, against Keras fit', found.ours, found.keras, toTheEnd, wanted),
    compare(
      '5 epochs in a warm process, against Keras on features of base.predict',
      found.ours,
      found.features,
      toTheEnd,
    ),
    compare('the first of them, against Keras fit', found.ours, found.keras, firstEpoch),
    compare(
      '5 epochs, features kept by a run before, against Keras fit',
      found.recalled,
      found.keras,
      toTheEnd,
    ),
    compare(
      'the whole process, folder never seen before, against Keras fit',
      found.oursProcess,
      found.kerasProcess,
      whole,
    ),
  ];
}

function markdown(cases: readonly TransferComparison[], rounds: number): string {
  const fixed = (value: number) => value.toFixed(2);
  const rows = cases.map((one) => [
    one.name,
    fixed(one.ours),
    fixed(one.peer),
    `${fixed(one.ratio)} (${fixed(one.minimumRatio)})`,
    one.wanted === undefined ? '' : `≤ ${one.wanted}`,
    fixed(one.processorRatio),
  ]);
  const head = ['seconds', 'ours', 'Keras', 'ratio (of minima)', 'aim', 'ratio of processor time'];
  const { batchSize, pictures, size } = task;
  return `# A head on a frozen base

\`npm run bench -- transfer\`. ${pictures} JPEGs of 320 × 240, resized to ${size} × ${size}; MobileNetV2 (alpha 1, random weights, frozen), mean over the places, dropout, dense; Adam, batches of ${batchSize}, 5 epochs. Seconds from the files to the end of the last epoch, building the model included; medians of ${rounds} interleaved rounds, float32. Keras fit: TensorFlow 2.15.1, tf.data with decoded pictures cached in memory, the base in every step. Ours: \`compile: auto\`, which caches the base's features; nothing of them is kept from round to round, unless it says so.

${measuredOn()}

${table(head, rows)}
`;
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      'no-write': { type: 'boolean', default: false },
    },
  });
  const rounds = Number(options.rounds);
  const judge = await pythonJudge();
  if (typeof judge === 'string') throw new Error(judge);
  const directory = await mkdtemp(join(tmpdir(), 'descent-bench-transfer-'));
  const { program, remove } = await bundle(join(import.meta.dirname, 'ours.ts'));
  try {
    const found = await measure(directory, program, judge.python, rounds);
    for (const name of names)
      say(
        `${name}: ${found[name]
          .map(toTheEnd)
          .map((value) => value.toFixed(2))
          .join(' ')}`,
      );
    const cases = comparisons(found);
    const report = { bench: 'transfer', rounds, cases };
    const text = markdown(cases, rounds);
    if (!options['no-write']) await writeReport(report, text);
    process.stdout.write(
      options.json ? `${JSON.stringify(report)}\n` : text.slice(text.indexOf('| seconds')),
    );
  } finally {
    await remove();
    await rm(directory, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
});
