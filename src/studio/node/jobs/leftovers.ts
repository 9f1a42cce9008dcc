import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeMessage } from '../../../channel/common/codec';
import { FrameReader } from '../../../channel/common/framing';
import type { JobFrame } from '../../../contract/frames';
import type { Run } from '../../../contract/run';
import type { RunLibrary } from '../../../record/node/run-library';
import { RunRecorder } from '../../../record/node/run-recorder';
import type { SeriesStore } from '../../../record/node/series-store';
import type { Logger } from '../logger';

/** Frames, as on the wire, that an engine wrote beside its last checkpoint because nobody acknowledged them. */
export const leftoverFileName = 'frames.bin';

/**
 * Records what an engine had told when its studio went away, without what was recorded before, and removes the file.
 * Returns the run as it is then; undefined when nothing was left over. Nobody else may own the run.
 */
export async function recordLeftovers(
  library: RunLibrary,
  series: SeriesStore,
  id: string,
  logger: Logger,
): Promise<Run | undefined> {
  const files = await leftoverFiles(library.directoryOf(id));
  if (files.length === 0) return undefined;
  const before = await library.read(id);
  const recorder = await RunRecorder.open({
    library,
    store: series,
    id,
    onProblem: (error) => logger.error(`${id}: ${error.message}`),
  });
  try {
    for (const file of files) {
      for (const frame of await readLeftovers(file)) {
        const left = await withoutRecorded(frame, before, series);
        if (left) recorder.record(left);
      }
    }
  } catch (error) {
    await recorder.end();
    throw error;
  }
  const run = await recorder.end({ status: 'interrupted', failure: before.failure });
  for (const file of files) await rm(file, { force: true });
  return run;
}

async function leftoverFiles(runDirectory: string): Promise<string[]> {
  const checkpoints = join(runDirectory, 'checkpoints');
  const steps = (await namesIn(checkpoints)).filter((name) => /^\d+$/.test(name));
  steps.sort((first, second) => Number(first) - Number(second));
  const files: string[] = [];
  for (const step of steps) {
    const directory = join(checkpoints, step);
    if ((await namesIn(directory)).includes(leftoverFileName)) files.push(join(directory, leftoverFileName));
  }
  return files;
}

async function readLeftovers(file: string): Promise<JobFrame[]> {
  const frames: JobFrame[] = [];
  const reader = new FrameReader(({ payload }) => frames.push(decodeMessage(payload) as JobFrame));
  reader.push(await readFile(file));
  return frames;
}

/** The frame without the points that the run's files have already; undefined when nothing is left of it. */
async function withoutRecorded(
  frame: JobFrame,
  before: Run,
  series: SeriesStore,
): Promise<JobFrame | undefined> {
  switch (frame.type) {
    case 'scalars': {
      const last = await lastSteps(series, before.id, 'scalar');
      const columns = frame.columns.flatMap((column) => {
        const recorded = last.get(`${column.split}\n${column.tag}`) ?? -1;
        const first = column.steps.findIndex((step) => step > recorded);
        if (first < 0) return [];
        const { split, tag, steps, wallTimes, values } = column;
        return [
          {
            split,
            tag,
            steps: steps.subarray(first),
            wallTimes: wallTimes.subarray(first),
            values: values.subarray(first),
          },
        ];
      });
      return columns.length === 0 ? undefined : { ...frame, columns };
    }
    case 'histograms': {
      const last = await lastSteps(series, before.id, 'histogram');
      const items = frame.items.filter(({ tag }) => frame.step > (last.get(`${frame.split}\n${tag}`) ?? -1));
      return items.length === 0 ? undefined : { ...frame, items };
    }
    case 'text': {
      const last = await lastSteps(series, before.id, 'text');
      return frame.step > (last.get(`\n${frame.tag}`) ?? -1) ? frame : undefined;
    }
    case 'started':
      return before.model ? undefined : frame;
    case 'phase':
      return before.phases.some(({ name, step }) => name === frame.name && step === frame.step)
        ? undefined
        : frame;
    // A finished run would count as running again.
    case 'paused':
    case 'resumed':
    case 'notice':
      return undefined;
    default:
      return frame;
  }
}

async function lastSteps(
  series: SeriesStore,
  run: string,
  kind: 'scalar' | 'histogram' | 'text',
): Promise<Map<string, number>> {
  const listings = await series.list(run);
  return new Map(
    listings
      .filter((listing) => listing.kind === kind)
      .map(({ split, tag, lastStep }) => [`${split}\n${tag}`, lastStep]),
  );
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
