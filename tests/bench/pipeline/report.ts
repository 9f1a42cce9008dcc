import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { batchSize, size } from './cases';
import type { Duration } from './ours';
import type { Waiting } from './waiting';

export interface Measured {
  name: string;
  aim?: number | undefined;
  /** In an epoch. */
  images: number;
  ours: Duration[];
  peer: Duration[];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Of the step. */
const waitingAim = 0.03;

/** The aim stands where other cases have the peer. */
function waitingCases(rounds: readonly Waiting[][]) {
  const first = rounds.map((epochs) => epochs[0]!);
  const later = rounds.flatMap((epochs) => epochs.slice(1));
  return (
    [
      ['first, from the files', first],
      ['later, from the cache', later],
    ] as const
  ).map(([epoch, found]) => {
    const ours = median(found.map(({ wait, step }) => wait / step));
    return {
      name: `waiting for data in a MobileNet run, epoch: ${epoch}; against the aim`,
      ours,
      peer: waitingAim,
      unit: 'share of the step',
      ratio: ours / waitingAim,
      aim: 1,
      epoch,
      wait: median(found.map(({ wait }) => wait)),
      step: median(found.map(({ step }) => step)),
    };
  });
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

/** Writes docs/benchmarks/pipeline.json and .md; gives their contents. */
export async function writeReport(
  measured: readonly Measured[],
  waiting: readonly Waiting[][],
  { images, rounds }: { images: number; rounds: number },
): Promise<{ json: string; markdown: string }> {
  const cases = measured.map(({ name, aim, images: count, ours, peer }) => {
    const perImage = (durations: Duration[], what: keyof Duration, pick: (values: number[]) => number) =>
      (pick(durations.map((duration) => duration[what])) * 1000) / count;
    const lowest = (values: number[]) => Math.min(...values);
    const side = (durations: Duration[]) => ({
      median: perImage(durations, 'clock', median),
      min: perImage(durations, 'clock', lowest),
      processor: perImage(durations, 'processor', median),
    });
    const [our, other] = [side(ours), side(peer)];
    return {
      name,
      ours: our.median,
      peer: other.median,
      unit: 'µs an image',
      ratio: our.median / other.median,
      ...(aim === undefined ? {} : { aim }),
      minimum: { ours: our.min, peer: other.min, ratio: our.min / other.min },
      processor: { ours: our.processor, peer: other.processor, ratio: our.processor / other.processor },
    };
  });
  const waits = waitingCases(waiting);
  const load = loadavg()[0]! / cpus().length;
  const result = { bench: 'pipeline', images, rounds, load, cases: [...cases, ...waits] };
  const rate = (microseconds: number) => String(Math.round(1e6 / microseconds));
  const head = [
    'images a second',
    'ours',
    'ours, best',
    'tf.data',
    'tf.data, best',
    'ratio of times',
    'aim',
    'ratio of processor time',
  ];
  const markdown = [
    '# Pipeline',
    '',
    `${images} JPEGs of 320 × 240, resized to ${size} × ${size}, augmented (flip and brightness where nothing else is said), batches of ${batchSize}; medians of ${rounds} rounds in turns with Python's tf.data (TensorFlow 2.15.1, the same stages).`,
    `${availableParallelism()} processors (${cpus()[0]?.model ?? 'unknown'}), load ${load.toFixed(1)} for each when it ended, the benchmark's own included.`,
    '',
    row(head),
    row(head.map(() => '---')),
    ...cases.map(({ name, ours, peer, ratio, aim, minimum, processor }) =>
      row([
        name,
        rate(ours),
        rate(minimum.ours),
        rate(peer),
        rate(minimum.peer),
        ratio.toFixed(2),
        aim === undefined ? '' : `≤ ${aim}`,
        processor.ratio.toFixed(2),
      ]),
    ),
    '',
    `Training MobileNet (α 0.25) at 96 × 96 in batches of ${batchSize} on JPEGs of 160 × 120, flip and brightness: the time from asking for a batch until it is there.`,
    '',
    row(['epoch', 'waiting, ms a step', 'step, ms', 'share of the step', 'aim']),
    row(['---', '---', '---', '---', '---']),
    ...waits.map(({ epoch, wait, step, ours }) =>
      row([epoch, wait.toFixed(2), step.toFixed(1), `${(ours * 100).toFixed(1)} %`, '≤ 3 %']),
    ),
    '',
  ].join('\n');
  const json = JSON.stringify(result, undefined, 2);
  const directory = join(import.meta.dirname, '../../../docs/benchmarks');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'pipeline.json'), `${json}\n`);
  await writeFile(join(directory, 'pipeline.md'), markdown);
  return { json: JSON.stringify(result), markdown };
}
