import type { ChannelHandlers } from '../../channel/common/channel';
import type { JobFrame } from '../../contract/frames';
import type { Run } from '../../contract/run';
import { userDirectories } from '../../files/node/user-directories';
import { RunLibrary } from '../../record/node/run-library';
import { SeriesStore } from '../../record/node/series-store';
import type { StudioContext } from './context';
import { DatasetCache } from './data/dataset-cache';
import { RecentFolders } from './data/recent-folders';
import { Thumbnails } from './data/thumbnails';
import { dispatch } from './dispatch';
import { EnginePool, type Warmth } from './engines/engine-pool';
import { baseHandlers, baseStreams } from './handlers/bases';
import { dataHandlers, dataStreams } from './handlers/data';
import { exportStreams } from './handlers/exports';
import { jobHandlers, jobStreams } from './handlers/jobs';
import { modelHandlers } from './handlers/model';
import { runHandlers, runStreams } from './handlers/runs';
import { seriesHandlers, seriesStreams } from './handlers/series';
import { settingsHandlers } from './handlers/settings';
import { JobQueue } from './jobs/job-queue';
import { type Logger, silentLogger } from './logger';
import { RunNews } from './runs/run-news';
import { SettingsStore } from './settings-store';

export interface StudioOptions {
  /** Folder of runs; absent: DESCENT_LIBRARY, else the one in the settings, else the user's default. */
  libraryDirectory?: string;
  /** Absent: the user's cache folder. */
  cacheDirectory?: string;
  /** Absent: the user's configuration folder. */
  configDirectory?: string;
  /** The engine's program: out/main/engine.cjs. */
  engineEntry: string;
  /** Descent's version, as run.json and doctor tell it. */
  version: string;
  logger?: Logger;
  /** Keep an engine started and loaded, so that the next job begins at once: for hosts that live long. `once`: for one job. */
  warm?: Warmth;
}

export interface Studio {
  /** What answers the contract's calls and streams; serve it over any transport. */
  readonly handlers: ChannelHandlers;
  /** Resolves when the studio has ended, by `close` or by the call studio.quit. */
  readonly ended: Promise<void>;
  /** Ends all jobs (`interrupt`: after a checkpoint; `stop`: after a checkpoint and an evaluation) and all engines. */
  close(how: { jobs: 'interrupt' | 'stop' }): Promise<void>;

  /** For a host in the same process: every frame of every job as it is recorded, and (without a frame) that one has ended. */
  onJobFrame(listener: (run: string, frame: JobFrame | undefined) => void): () => void;
  /** The id of the run that an id, a name, or the unique beginning of an id means. @throws DescentError `not-found`, `ambiguous` */
  resolveRun(reference: string): Promise<string>;
  readRun(id: string): Promise<Run & { path: string }>;
  libraryDirectory(): Promise<string>;
}

/** The service behind the contract: library, jobs, data and models of one user. Nothing is started before it is asked for. */
export function createStudio(options: StudioOptions): Studio {
  const directories = userDirectories();
  const logger = options.logger ?? silentLogger;
  const cacheDirectory = options.cacheDirectory ?? directories.cache;
  const configDirectory = options.configDirectory ?? directories.config;
  const named = options.libraryDirectory ?? (process.env.DESCENT_LIBRARY || undefined);
  const settings = new SettingsStore(
    configDirectory,
    { path: named ?? directories.library, fixed: named !== undefined },
    logger,
  );
  const library = libraryOpener(settings);
  const recent = new RecentFolders(configDirectory, logger);
  const series = new SeriesStore();
  const engines = new EnginePool({
    entry: options.engineEntry,
    warm: options.warm ?? false,
    logger,
  });
  const jobs = new JobQueue({
    engines,
    series,
    cacheDirectory,
    logger,
    jobsAtOnce: async () => (await settings.read()).jobsAtOnce,
  });

  let markEnded: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    markEnded = resolve;
  });
  let closing: Promise<void> | undefined;
  const close = (how: 'interrupt' | 'stop'): Promise<void> => {
    closing ??= jobs
      .close(how)
      .finally(() => engines.close())
      .finally(markEnded);
    return closing;
  };

  const context: StudioContext = {
    version: options.version,
    cacheDirectory,
    logger,
    settings,
    recent,
    datasets: new DatasetCache(recent, cacheDirectory),
    thumbnails: new Thumbnails(cacheDirectory, logger),
    series,
    engines,
    jobs,
    runNews: new RunNews(library, logger),
    library,
    quit: close,
  };
  return {
    handlers: dispatch(
      {
        ...settingsHandlers(context),
        ...baseHandlers(context),
        ...dataHandlers(context),
        ...jobHandlers(context),
        ...runHandlers(context),
        ...seriesHandlers(context),
        ...modelHandlers(context),
      },
      {
        ...baseStreams(context),
        ...dataStreams(context),
        ...jobStreams(context),
        ...runStreams(context),
        ...seriesStreams(context),
        ...exportStreams(context),
      },
    ),
    ended,
    close: ({ jobs: how }) => close(how),
    onJobFrame: (listener) =>
      jobs.news.subscribe(({ run, frame, ended: over }) => {
        if (frame || over) listener(run, frame);
      }),
    resolveRun: async (reference) => (await library()).resolve(reference),
    readRun: async (id) => {
      const runs = await library();
      return { ...(await runs.read(id)), path: runs.directoryOf(id) };
    },
    libraryDirectory: async () => (await library()).directory,
  };
}

/** Opens the library that the settings name, and another one when they come to name another. */
function libraryOpener(settings: SettingsStore): () => Promise<RunLibrary> {
  let opened: { path: string; library: Promise<RunLibrary> } | undefined;
  return async () => {
    const { library: path } = await settings.read();
    if (opened?.path !== path) {
      const library = RunLibrary.open(path);
      opened = { path, library };
      library.catch(() => {
        if (opened?.library === library) opened = undefined;
      });
    }
    return opened.library;
  };
}
