import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventQueue } from '../../../channel/common/event-queue';
import { DescentError } from '../../../contract/errors';
import { type Evaluation, evaluation } from '../../../contract/evaluation';
import type { RunListing } from '../../../contract/run';
import { Coalescer } from '../coalesce';
import type { StudioContext } from '../context';
import type { CallHandlers, StreamHandlers } from '../dispatch';
import { cleanUpRun, listCheckpoints } from '../runs/checkpoints';
import { listExports } from '../runs/exports';
import { listProfiles } from '../runs/profiles';

type RunCalls = Pick<
  CallHandlers,
  | 'runs.list'
  | 'runs.get'
  | 'runs.update'
  | 'runs.delete'
  | 'runs.evaluation'
  | 'runs.checkpoints'
  | 'runs.cleanUp'
  | 'runs.exports'
  | 'runs.profiles'
>;

const watchMilliseconds = 250;

export function runHandlers(context: StudioContext): RunCalls {
  const { library, series, runNews, jobs } = context;
  return {
    'runs.list': async ({ search, archived }) => (await library()).list({ search, archived }),
    'runs.get': async ({ run: id }) => {
      const runs = await library();
      const run = await runs.read(id);
      const { checkpoints } = await runs.diskUse(id);
      const checkpointBytes = checkpoints.reduce((sum, { bytes }) => sum + bytes, 0);
      return { ...run, path: runs.directoryOf(id), checkpointBytes };
    },
    'runs.update': async ({ run: id, name, tags, note, archived }) => {
      const runs = await library();
      let run = await runs.read(id);
      if (name !== undefined) {
        run = await runs.rename(id, name);
        jobs.rename(id, run.name);
      }
      if (tags !== undefined) run = await runs.setTags(id, tags);
      if (note !== undefined) run = await runs.setNote(id, note);
      if (archived !== undefined) run = await (archived ? runs.archive(id) : runs.unarchive(id));
      runNews.tell(id);
      return run;
    },
    'runs.delete': async ({ run: id }) => {
      await (await library()).delete(id);
      series.forget(id);
      runNews.tell(id);
      return {};
    },
    'runs.evaluation': async ({ run: id }) => readEvaluation((await library()).directoryOf(id)),
    'runs.checkpoints': async ({ run: id }) => listCheckpoints(await library(), id),
    'runs.cleanUp': async ({ run: id }) => {
      const runs = await library();
      const ids = id === undefined ? (await runs.list()).filter(isEnded).map((run) => run.id) : [id];
      let freedBytes = 0;
      for (const each of ids) freedBytes += await cleanUpRun(runs, each);
      runNews.tell(...ids);
      return { freedBytes };
    },
    'runs.exports': async ({ run: id }) => listExports((await library()).directoryOf(id)),
    'runs.profiles': async ({ run: id }) => listProfiles((await library()).directoryOf(id)),
  };
}

export function runStreams({ runNews, jobs }: StudioContext): Pick<StreamHandlers, 'runs.watch'> {
  return {
    'runs.watch': async function* (_params, signal) {
      const queue = new EventQueue<{ runs: string[] }>(signal);
      const changed = new Set<string>();
      let everything = true;
      const coalescer = new Coalescer(watchMilliseconds, () => {
        queue.push({ runs: everything ? [] : [...changed] });
        everything = false;
        changed.clear();
      });
      const note = (runs: string[]) => {
        if (runs.length === 0) everything = true;
        for (const run of runs) changed.add(run);
        coalescer.trigger();
      };
      const leaveRuns = runNews.subscribe(note);
      const leaveJobs = jobs.news.subscribe(({ run, frame }) => {
        if (!frame || frame.type === 'epoch' || frame.type === 'profile') note([run]);
      });
      coalescer.trigger();
      try {
        yield* queue;
      } finally {
        leaveRuns();
        leaveJobs();
        coalescer.dispose();
      }
    },
  };
}

function isEnded({ status, problem }: RunListing): boolean {
  return problem === undefined && status !== 'queued' && status !== 'running' && status !== 'paused';
}

async function readEvaluation(runDirectory: string): Promise<Evaluation | null> {
  const path = join(runDirectory, 'evaluation.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const parsed = evaluation.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new DescentError(
    'bad-input',
    `${path} holds no evaluation: ${issue?.path.join('.')}: ${issue?.message}.`,
    { subject: path },
  );
}
