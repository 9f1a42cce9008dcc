// `npm run bench -- photos [--json] [--no-write]`: 20 photos a class, from opening the folder to the trained model: what Descent
// proposes for them (a pretrained EfficientNet-Lite0) against small-cnn from random weights.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { type Comparison, measuredOn, type Report, root, say, table, writeReport } from '../lib/contest';
import { countPhotos, makePhotos } from './photo-stamps';

const run = promisify(execFile);
const splits = [1, 2, 3, 4, 5];
const photosPerClass = 20;

/** Flags of `descent train`; without any it trains what it proposes for the folder. */
const contestants = { proposed: [], scratch: ['--model', 'small-cnn'] } as const;
type Name = keyof typeof contestants;

interface Round {
  model: string;
  accuracy: number;
  /** From the start of the process to its end. */
  seconds: number;
}

/** A whole `descent train` with nothing in its caches. */
async function train(photos: string, flags: readonly string[], split: number): Promise<Round> {
  const home = await mkdtemp(join(tmpdir(), 'descent-photos-'));
  try {
    const begin = performance.now();
    const words = ['train', photos, '--json', '--library', join(home, 'runs'), ...flags];
    const settings = ['--set', `data.splitSeed=${split}`, '--seed', String(split)];
    const { stdout } = await run(
      process.execPath,
      [join(root, 'out', 'main', 'cli.cjs'), ...words, ...settings],
      {
        maxBuffer: 1 << 28,
        env: { ...process.env, XDG_CACHE_HOME: join(home, 'cache'), XDG_CONFIG_HOME: join(home, 'config') },
      },
    );
    const seconds = (performance.now() - begin) / 1000;
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return {
      model: String(lines.find(({ type }) => type === 'run').name)
        .split(' ')
        .at(-2)!,
      accuracy: lines.at(-1).summary.val_accuracy,
      seconds,
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      'no-write': { type: 'boolean', default: false },
    },
  });
  const photos = await makePhotos(photosPerClass);
  const counts = await countPhotos(photos);
  const rounds: Record<Name, Round[]> = { proposed: [], scratch: [] };
  for (const split of splits)
    for (const name of ['proposed', 'scratch'] as const) {
      const round = await train(photos, contestants[name], split);
      rounds[name].push(round);
      say(`${round.model}, split ${split}: ${round.accuracy.toFixed(3)} in ${round.seconds.toFixed(1)} s`);
    }
  const errors = (name: Name) => 1 - mean(rounds[name].map(({ accuracy }) => accuracy));
  const seconds = (name: Name) => mean(rounds[name].map((round) => round.seconds));
  const cases: Comparison[] = [
    { name: 'wrong answers', unit: 'share', ours: errors('proposed'), peer: errors('scratch'), ratio: 0 },
    { name: 'whole time', unit: 's', ours: seconds('proposed'), peer: seconds('scratch'), ratio: 0 },
  ].map((one) => ({ ...one, ratio: one.ours / one.peer }));
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const rows = (['proposed', 'scratch'] as const).map((name) => [
    `${rounds[name][0]!.model}${name === 'proposed' ? ' (proposed)' : ', from random weights'}`,
    (1 - errors(name)).toFixed(3),
    rounds[name].map(({ accuracy }) => accuracy.toFixed(2)).join(', '),
    `${seconds(name).toFixed(1)} (${Math.max(...rounds[name].map((round) => round.seconds)).toFixed(1)})`,
  ]);
  const markdown = `# Photos: pretrained against from the start

\`npm run bench -- photos\`. ${all} photos of ${Object.keys(counts).length} classes, at most ${photosPerClass} each (${Object.entries(
    counts,
  )
    .map(([name, count]) => `${name} ${count}`)
    .join(
      ', ',
    )}), from Debian's \`tuxpaint-stamps-default\`: cut-out photos on white. A fifth is held out. \`descent train FOLDER\` as it is proposed, and with \`--model small-cnn\` and what is proposed for that; ${splits.length} splits, each also another seed. Seconds: from the start of the process to its end, with empty caches; mean (longest).

${measuredOn()}

${table(['model', 'validation accuracy', 'of each split', 'seconds'], rows)}
`;
  const report: Report = { bench: 'photos', rounds: splits.length, cases };
  if (!options['no-write']) await writeReport(report, markdown);
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else say(markdown);
}

await main();
