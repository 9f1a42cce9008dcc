import type { DatasetOptions, ScanProgress } from '../../../contract/dataset';
import type { Dataset } from '../../../dataset/node/example-table';
import { openDataset } from '../../../dataset/node/open';
import type { RecentFolders } from './recent-folders';

const maximumOpen = 4;

export interface OpenRequest {
  /** Absent: those remembered for the folder. */
  options?: DatasetOptions;
  fresh?: boolean;
  onProgress?: (progress: ScanProgress) => void;
  signal?: AbortSignal;
}

/** The data sets that were opened last, so that their examples and pictures need no further scan. */
export class DatasetCache {
  /** In the order of use, the least recent first. */
  private readonly opened = new Map<string, Promise<Dataset>>();

  constructor(
    private readonly recent: RecentFolders,
    private readonly cacheDirectory: string,
  ) {}

  /** Opens (again) and keeps the result: from now on the folder's examples are those of these options. */
  async open(path: string, { options, ...settings }: OpenRequest = {}): Promise<Dataset> {
    const chosen = options ?? (await this.recent.options(path)) ?? {};
    const opening = openDataset(path, chosen, { cacheDirectory: this.cacheDirectory, ...settings });
    const dataset = await opening;
    this.keep(path, opening);
    await this.recent.remember(dataset.summary);
    return dataset;
  }

  /** The data set as it was opened last; opens it when it is not among the kept ones. */
  async get(path: string): Promise<Dataset> {
    const known = this.opened.get(path);
    if (known) {
      this.keep(path, known);
      return known;
    }
    const opening = this.open(path);
    this.keep(path, opening);
    try {
      return await opening;
    } catch (error) {
      if (this.opened.get(path) === opening) this.opened.delete(path);
      throw error;
    }
  }

  /** The next one who asks gets a newly opened data set. */
  drop(path: string): void {
    this.opened.delete(path);
  }

  private keep(path: string, opening: Promise<Dataset>): void {
    this.opened.delete(path);
    this.opened.set(path, opening);
    for (const oldest of this.opened.keys()) {
      if (this.opened.size <= maximumOpen) return;
      this.opened.delete(oldest);
    }
  }
}
