import type { RunLibrary } from '../../record/node/run-library';
import type { SeriesStore } from '../../record/node/series-store';
import type { DatasetCache } from './data/dataset-cache';
import type { RecentFolders } from './data/recent-folders';
import type { Thumbnails } from './data/thumbnails';
import type { EnginePool } from './engines/engine-pool';
import type { JobQueue } from './jobs/job-queue';
import type { Logger } from './logger';
import type { RunNews } from './runs/run-news';
import type { SettingsStore } from './settings-store';

/** The parts that the handlers of calls and streams work with. */
export interface StudioContext {
  version: string;
  cacheDirectory: string;
  logger: Logger;
  settings: SettingsStore;
  recent: RecentFolders;
  datasets: DatasetCache;
  thumbnails: Thumbnails;
  series: SeriesStore;
  engines: EnginePool;
  jobs: JobQueue;
  runNews: RunNews;
  /** The library in use, opened on the first need. */
  library(): Promise<RunLibrary>;
  /** Ends the studio after its jobs have ended in the given way. */
  quit(jobs: 'interrupt' | 'stop'): Promise<void>;
}
