import { DescentError } from '../src/contract/errors';
import type { JobState } from '../src/contract/studio';
import type { StudioClient } from './studio-process';

export interface EndedJob {
  run: string;
  name: string;
  status: 'done' | 'stopped' | 'failed' | 'interrupted';
  /** A sentence about it: the reason of a failure, or the last metrics. */
  words: string;
}

export interface JobSummary {
  /** Jobs that run, wait or are paused: closing the window concerns them. */
  active: number;
  /** Jobs that compute at this moment. */
  running: number;
  /** Part of all active jobs' steps that is done, 0 to 1; undefined while nothing is known. */
  progress: number | undefined;
  /** Something is active, and all of it is paused. */
  paused: boolean;
}

export const noJobs: JobSummary = { active: 0, running: 0, progress: undefined, paused: false };

const activeStatuses = new Set<JobState['status']>(['queued', 'running', 'paused']);

/** What the queue means for the shell. */
export function summarize(jobs: readonly JobState[]): JobSummary {
  const active = jobs.filter(({ status }) => activeStatuses.has(status));
  const running = active.filter(({ status }) => status === 'running').length;
  const known = active.flatMap(({ progress }) => (progress && progress.totalSteps > 0 ? [progress] : []));
  const done = known.reduce((sum, { step }) => sum + step, 0);
  const total = known.reduce((sum, { totalSteps }) => sum + totalSteps, 0);
  return {
    active: active.length,
    running,
    progress: total > 0 ? Math.min(1, done / total) : undefined,
    paused: active.length > 0 && active.every(({ status }) => status === 'paused'),
  };
}

/** Jobs that were active before and are over now, in `after`'s order. */
export function endedSince(before: ReadonlySet<string>, after: readonly JobState[]): EndedJob[] {
  return after.flatMap(({ run, name, status, failure, progress }) =>
    before.has(run) && isOver(status)
      ? [
          {
            run,
            name,
            status,
            words: [name, failure?.message ?? metricsWords(progress)].filter(Boolean).join(': '),
          },
        ]
      : [],
  );
}

function isOver(status: JobState['status']): status is EndedJob['status'] {
  return !activeStatuses.has(status);
}

function metricsWords(progress: JobState['progress']): string {
  return Object.entries(progress?.metrics ?? {})
    .map(([metric, value]) => `${metric} ${Number(value.toPrecision(4))}`)
    .join(', ');
}

/** Follows the queue over one connection, until that connection is over. */
export async function followJobs(
  client: StudioClient,
  take: (summary: JobSummary, ended: EndedJob[]) => void,
): Promise<void> {
  let active = new Set<string>();
  try {
    for await (const { jobs } of client.listen('jobs.watch', {})) {
      const ended = endedSince(active, jobs);
      active = new Set(jobs.filter(({ status }) => activeStatuses.has(status)).map(({ run }) => run));
      take(summarize(jobs), ended);
    }
  } catch (error) {
    // That the studio is gone is told where its process is watched.
    if (!(error instanceof DescentError && error.code === 'engine-died')) throw error;
  }
}
