import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DescentError } from '../../../contract/errors';
import {
  type ProfileListing,
  type ProfileSpans,
  profileSummary,
  type SpanCategory,
  spanCategories,
} from '../../../contract/profile';

/** More rectangles than this are no picture of anything; the trace has them all. */
const drawnSpans = 20_000;

const summaryName = /^\d+-\d+\.json$/;

const traceFile = z.object({
  traceEvents: z.array(
    z.looseObject({
      ph: z.string(),
      name: z.string(),
      tid: z.number().int(),
      cat: z.string().optional(),
      ts: z.number().optional(),
      dur: z.number().optional(),
      args: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
});

interface Drawn {
  lane: number;
  name: string;
  category: SpanCategory;
  begin: number;
  duration: number;
  step: number;
}

/** The profiles of a run, the newest window first. @throws DescentError `bad-input` naming a summary that is none */
export async function listProfiles(runDirectory: string): Promise<ProfileListing[]> {
  const folder = join(runDirectory, 'profile');
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const listings = await Promise.all(
    names.filter((name) => summaryName.test(name)).map((name) => readProfile(folder, name)),
  );
  return listings.sort(
    (left, right) =>
      right.summary.firstStep - left.summary.firstStep || right.summary.lastStep - left.summary.lastStep,
  );
}

async function readProfile(folder: string, name: string): Promise<ProfileListing> {
  const file = join(folder, name);
  const parsed = profileSummary.safeParse(readJson(await readFile(file, 'utf8')));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new DescentError(
      'bad-input',
      `${file} holds no profile: ${issue?.path.join('.')}: ${issue?.message}.`,
      { subject: file, remedy: 'Remove the file; the run itself is not touched by it.' },
    );
  }
  // Named by the summary's own file: what stands in it may be anything.
  const path = join(folder, name.replace(/\.json$/, '.trace.json'));
  try {
    const { size } = await stat(path);
    const trace = traceFile.safeParse(readJson(await readFile(path, 'utf8')));
    return { summary: parsed.data, path, bytes: size, spans: trace.success ? spansOf(trace.data) : null };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { summary: parsed.data, path, bytes: 0, spans: null };
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Columns of the longest spans; steps and their parts are always there. */
export function spansOf({ traceEvents }: z.infer<typeof traceFile>): ProfileSpans {
  const threads = new Map<number, string>();
  const found: Drawn[] = [];
  for (const { ph, name, tid, cat, ts, dur, args } of traceEvents) {
    if (ph === 'M' && name === 'thread_name') threads.set(tid, String(args?.name ?? tid));
    if (ph !== 'X' || ts === undefined || dur === undefined) continue;
    const category = spanCategories.find((known) => known === cat);
    if (!category) continue;
    const step = typeof args?.step === 'number' ? args.step : 0;
    found.push({ lane: tid, name, category, begin: ts / 1000, duration: dur / 1000, step });
  }
  const isDetail = ({ category }: Drawn) => category === 'operation' || category === 'pipeline';
  const details = found.filter(isDetail).sort((left, right) => right.duration - left.duration);
  const parts = found.filter((span) => !isDetail(span));
  const kept = [...parts, ...details.slice(0, Math.max(0, drawnSpans - parts.length))].sort(
    (left, right) => left.begin - right.begin || right.duration - left.duration,
  );
  return { ...columnsOf(kept, threads), leftOut: found.length - kept.length };
}

function columnsOf(spans: readonly Drawn[], threads: ReadonlyMap<number, string>) {
  const tids = [...new Set(spans.map(({ lane }) => lane))].sort((left, right) => left - right);
  const names = [...new Set(spans.map(({ name }) => name))];
  const laneNumbers = new Map(tids.map((tid, index) => [tid, index]));
  const nameNumbers = new Map(names.map((name, index) => [name, index]));
  const depth = new Int32Array(spans.length);
  const open = tids.map((): number[] => []);
  spans.forEach(({ lane, begin, duration }, index) => {
    const ends = open[laneNumbers.get(lane)!]!;
    while (ends.length > 0 && ends.at(-1)! <= begin + roundingMilliseconds) ends.pop();
    depth[index] = ends.length;
    ends.push(begin + duration);
  });
  return {
    lanes: tids.map((tid) => threads.get(tid) ?? String(tid)),
    names,
    lane: Int32Array.from(spans, ({ lane }) => laneNumbers.get(lane)!),
    name: Int32Array.from(spans, ({ name }) => nameNumbers.get(name)!),
    category: Int32Array.from(spans, ({ category }) => spanCategories.indexOf(category)),
    depth,
    begin: Float64Array.from(spans, ({ begin }) => begin),
    duration: Float64Array.from(spans, ({ duration }) => duration),
    step: Int32Array.from(spans, ({ step }) => step),
  };
}

/** Of the trace's times. */
const roundingMilliseconds = 2e-6;
