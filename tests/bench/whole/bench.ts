// `npm run bench -- whole [--json] [--rounds N] [--no-write]`: from the start of a process to 0.97 validation accuracy on 2,000
// small pictures in a folder that it has never seen, by `descent train` and by a Keras script with the same model.
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { writeSample } from '../../../src/dataset/node/samples';
import { pythonEnvironment, pythonJudge } from '../../support/python-judge';
import { interleave, measuredOn, median, root, say, table, writeReport } from '../lib/contest';

const task = {
  pictures: 2000,
  /** The first digits; with all ten, so few pictures don't get a network without augmentation as far. */
  classes: 5,
  validation: 400,
  wanted: 0.97,
  epochs: 30,
  batchSize: 32,
  hiddenUnits: 128,
  dropout: 0.25,
  learningRate: 1e-3,
} as const;
/** Largest ratio that is aimed at. */
const aim = 0.6;

interface Round {
  seconds: number;
  epochs: number;
}

/** The sample's digits, as many of each class, in train/ and validation/. */
async function writeFolder(directory: string): Promise<void> {
  const sample = `${directory} sample`;
  await writeSample('digits', sample, { resourcesDir: join(root, 'resources') });
  const count = task.pictures / task.classes;
  const validation = task.validation / task.classes;
  for (const label of (await readdir(sample)).sort().slice(0, task.classes))
    for (const [index, file] of (await readdir(join(sample, label))).sort().slice(0, count).entries())
      await cp(
        join(sample, label, file),
        join(directory, index < validation ? 'validation' : 'train', label, file),
      );
}

/** Runs a program until it prints a line of JSON that `reached` finds epochs in, and ends it then. */
async function timeUntil(
  command: string,
  parameters: readonly string[],
  environment: NodeJS.ProcessEnv,
  reached: (line: Record<string, unknown>) => number | undefined,
): Promise<Round> {
  const began = performance.now();
  const child = spawn(command, parameters, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (text: Buffer) => {
    complaints += text.toString();
  });
  const ended = new Promise((settle) => child.once('exit', settle));
  let found: Round | undefined;
  for await (const text of createInterface({ input: child.stdout })) {
    if (found || !text.startsWith('{')) continue;
    const epochs = reached(JSON.parse(text) as Record<string, unknown>);
    if (epochs === undefined) continue;
    found = { seconds: (performance.now() - began) / 1000, epochs };
    child.kill('SIGINT');
  }
  await ended;
  if (!found) throw new Error(`${command} ended before ${task.wanted} was reached.\n${complaints}`);
  return found;
}

async function measure(
  directory: string,
  python: string,
  rounds: number,
): Promise<Record<'ours' | 'keras', Round[]>> {
  const original = join(directory, 'digits');
  await writeFolder(original);
  let made = 0;
  const newFolder = async () => {
    const folder = join(directory, `digits ${made++}`);
    await cp(original, folder, { recursive: true });
    return folder;
  };
  const { batchSize, hiddenUnits, dropout, learningRate, epochs } = task;
  const settings = Object.entries({ hiddenUnits, dropout, imageSize: 28, colorMode: 'grayscale' });
  return interleave<'ours' | 'keras', Round>(
    {
      ours: async (round) =>
        timeUntil(
          process.execPath,
          [
            join(root, 'out/main/cli.cjs'),
            'train',
            await newFolder(),
            '--json',
            ...['--library', join(directory, 'library')],
            ...['--model', 'small-cnn', '--seed', String(round + 1)],
            ...['--epochs', String(epochs), '--batch-size', String(batchSize)],
            ...['--learning-rate', String(learningRate)],
            ...settings.flatMap(([name, value]) => ['--set', `${name}=${value}`]),
          ],
          process.env,
          (line) =>
            line.type === 'epoch' && (line.val_accuracy as number) >= task.wanted
              ? (line.epoch as number)
              : undefined,
        ),
      keras: async (round) =>
        timeUntil(
          python,
          [
            join(import.meta.dirname, 'keras_whole.py'),
            await newFolder(),
            JSON.stringify({ ...task, seed: round + 1 }),
          ],
          pythonEnvironment(),
          (line) => (line.reached ? (line.epochs as number) : undefined),
        ),
    },
    rounds,
  );
}

function summarize(rounds: readonly Round[]) {
  const seconds = rounds.map((round) => round.seconds);
  return {
    median: median(seconds),
    minimum: Math.min(...seconds),
    epochs: median(rounds.map((round) => round.epochs)),
  };
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '7' },
      'no-write': { type: 'boolean', default: false },
    },
  });
  const rounds = Number(options.rounds);
  const judge = await pythonJudge();
  if (typeof judge === 'string') throw new Error(judge);
  const directory = await mkdtemp(join(tmpdir(), 'descent-whole-'));
  try {
    say(`${rounds} rounds of ${task.pictures} pictures.`);
    const found = await measure(directory, judge.python, rounds);
    const ours = summarize(found.ours);
    const keras = summarize(found.keras);
    const ratio = ours.median / keras.median;
    const name = `folder to ${task.wanted} validation accuracy, ${task.pictures} pictures of 28×28`;
    const report = {
      bench: 'whole',
      rounds,
      cases: [{ name, ours: ours.median, peer: keras.median, unit: 's', ratio, wanted: aim }],
    };
    const fixed = (value: number) => value.toFixed(2);
    const row = (who: string, timing: ReturnType<typeof summarize>) => [
      who,
      `${fixed(timing.median)} (${fixed(timing.minimum)})`,
      String(timing.epochs),
    ];
    const results = table(
      ['', 'seconds', 'epochs'],
      [
        row('`descent train`', ours),
        row('Keras script', keras),
        ['ratio', `${fixed(ratio)} (${fixed(ours.minimum / keras.minimum)}); aim ≤ ${aim}`, ''],
      ],
    );
    const text = `# The whole of it: from a folder to a trained model

\`npm run bench -- whole\`. ${task.pictures} digits (0 to ${task.classes - 1}) as PNG files, ${task.validation} of them for validation; seconds from the start of the process to ${task.wanted} validation accuracy at the end of an epoch, median (minimum) of ${rounds} interleaved rounds with other seeds, each on a folder that was never opened before. The same model on both sides (conv32 - pool - conv64 - pool - dense${task.hiddenUnits} - dropout ${task.dropout} - dense${task.classes}), Adam ${task.learningRate}, batches of ${task.batchSize}. Keras: TensorFlow 2.15.1, \`image_dataset_from_directory\`, cached and shuffled.

${measuredOn()}

${results}
`;
    if (!options['no-write']) await writeReport(report, text);
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${results}\n`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
});
