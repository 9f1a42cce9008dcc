// `npm run bench -- memory [--json] [--steps N] [--no-write]`: how tensors and resident memory grow over long runs of compiled steps.
import { parseArgs } from 'node:util';
import { bundle } from '../lib/bundle';
import { Contestant, measuredOn, say, table, writeReport } from '../lib/contest';

const runs = [
  { case: 'MLP on 100 columns, batch 256', batchSize: 32 },
  { case: 'CNN 28×28, batch 64', batchSize: 4 },
] as const;
/** Until then caches fill and allocators settle. */
const settled = 0.2;
const parts = 20;
/** Largest growth of resident memory that is aimed at. */
const aim = 0.01;

interface Reading {
  steps: number;
  tensors: number;
  bytes: number;
}

async function readingsOf(program: string, run: (typeof runs)[number], steps: number): Promise<Reading[]> {
  const ours = Contestant.program(run.case, process.execPath, [program, run.case, String(run.batchSize)]);
  const readings: Reading[] = [];
  try {
    while (readings.length < parts) readings.push(await ours.ask<Reading>({ steps: steps / parts }));
  } finally {
    await ours.end();
  }
  return readings.slice(Math.round(settled * parts) - 1);
}

/** Of medians of the first and of the last fourth: single readings shake with the garbage collector. */
function growthOf(readings: readonly Reading[]): { before: number; after: number } {
  const fourth = Math.floor(readings.length / 4);
  const middle = (some: readonly Reading[]) =>
    some.map(({ bytes }) => bytes).sort((left, right) => left - right)[Math.floor(some.length / 2)]!;
  return { before: middle(readings.slice(0, fourth)), after: middle(readings.slice(-fourth)) };
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      steps: { type: 'string', default: '50000' },
      'no-write': { type: 'boolean', default: false },
    },
  });
  const steps = Number(options.steps);
  const ours = await bundle(`${import.meta.dirname}/ours.ts`);
  const cases = [];
  const rows = [];
  try {
    for (const run of runs) {
      say(`${run.case}: ${steps} steps.`);
      const readings = await readingsOf(ours.program, run, steps);
      const { before, after } = growthOf(readings);
      const tensors = readings.map((reading) => reading.tensors);
      const growth = after / before - 1;
      const mebibytes = (bytes: number) => bytes / 2 ** 20;
      cases.push({
        name: `${run.case}: resident memory after ${steps} steps, against after ${steps * settled}`,
        ours: mebibytes(after),
        peer: mebibytes(before),
        unit: 'MiB',
        ratio: after / before,
        wanted: 1 + aim,
        tensors: [Math.min(...tensors), Math.max(...tensors)],
      });
      rows.push([
        `${run.case}, here ${run.batchSize}`,
        mebibytes(before).toFixed(1),
        mebibytes(after).toFixed(1),
        `${(100 * growth).toFixed(2)} %`,
        `< ${100 * aim} %`,
        Math.min(...tensors) === Math.max(...tensors)
          ? `${tensors[0]}, always`
          : `${Math.min(...tensors)} to ${Math.max(...tensors)}`,
      ]);
    }
  } finally {
    await ours.remove();
  }
  const report = { bench: 'memory', rounds: 1, cases };
  const results = table(
    ['run', `MiB after ${steps * settled} steps`, `MiB after ${steps}`, 'growth', 'aim', 'tensors'],
    rows,
  );
  const text = `# Memory over long runs

\`npm run bench -- memory\`. Resident memory of an engine's process over ${steps} compiled steps, an epoch every 200 of them; medians of the first and of the last fourth of the readings after ${steps * settled} steps.

${measuredOn()}

${results}
`;
  if (!options['no-write']) await writeReport(report, text);
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${results}\n`);
}

main().catch((error: unknown) => {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
});
