import { EventQueue } from '../../../channel/common/event-queue';
import type { RunStatus } from '../../../contract/run';
import { Coalescer } from '../coalesce';
import type { StudioContext } from '../context';

interface SeriesNews {
  run: string;
  revision: number;
  newSeries: boolean;
}

const watchMilliseconds = 100;
/** How often the files of a run are looked at that another process trains. */
const lookMilliseconds = 1_000;
const activeStatuses: ReadonlySet<RunStatus> = new Set(['queued', 'running', 'paused']);

/** Tells which of these runs have new points: at most ten times a second a run, at once for those that train here. */
export async function* watchSeries(
  context: StudioContext,
  runs: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<SeriesNews> {
  const { series, jobs, logger } = context;
  const library = await context.library();
  for (const run of runs) series.register(run, library.directoryOf(run));
  const queue = new EventQueue<SeriesNews>(signal);
  const told = new Map<string, { revision: number; count: number }>();

  const look = async (run: string): Promise<void> => {
    const count = (await series.list(run)).length;
    const revision = series.revision(run);
    const before = told.get(run);
    if (before?.revision === revision && before.count === count) return;
    told.set(run, { revision, count });
    queue.push({ run, revision, newSeries: count !== (before?.count ?? 0) });
  };
  const lookOrWarn = (run: string): void => {
    // A run that was deleted meanwhile has no news.
    look(run).catch((error: Error) => logger.warn(`The series of ${run} can't be read: ${error.message}`));
  };

  const coalescers = new Map(
    runs.map((run) => [run, new Coalescer(watchMilliseconds, () => lookOrWarn(run))] as const),
  );
  const leave = jobs.news.subscribe(({ run, frame, ended }) => {
    const { type } = frame ?? {};
    if (ended || type === 'scalars' || type === 'histograms' || type === 'text' || type === 'started') {
      coalescers.get(run)?.trigger();
    }
  });
  const lookAtOtherProcesses = async (): Promise<void> => {
    for (const { id, status } of await library.list()) {
      if (coalescers.has(id) && activeStatuses.has(status) && !jobs.find(id)?.active) lookOrWarn(id);
    }
  };
  const timer = setInterval(() => {
    lookAtOtherProcesses().catch((error: Error) =>
      logger.warn(`The library can't be looked at: ${error.message}`),
    );
  }, lookMilliseconds);
  for (const coalescer of coalescers.values()) coalescer.trigger();
  try {
    yield* queue;
  } finally {
    clearInterval(timer);
    leave();
    for (const coalescer of coalescers.values()) coalescer.dispose();
  }
}
