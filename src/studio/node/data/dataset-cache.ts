import { isAbsolute, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { DatasetOptions, ScanProgress } from '../../../contract/dataset';
import { DescentError } from '../../../contract/errors';
import type { Dataset } from '../../../dataset/node/example-table';
import { openDataset } from '../../../dataset/node/open';
import type { RecentFolders } from './recent-folders';

const maximumOpen = 4;

/** The one spelling of a folder's path by which it is known. @throws DescentError `wrong-use` when it is relative */
export function folderPath(path: string): string {
  if (isAbsolute(path)) return resolve(path);
  throw new DescentError('wrong-use', `"${path}" is no absolute path.`, { subject: path });
}

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
  async open(folder: string, { options, ...settings }: OpenRequest = {}): Promise<Dataset> {
    const path = folderPath(folder);
    const chosen = options ?? (await this.recent.options(path)) ?? {};
    const opening = openDataset(path, chosen, { cacheDirectory: this.cacheDirectory, ...settings });
    const dataset = await opening;
    this.keep(path, opening);
    await this.recent.remember(dataset.summary);
    return dataset;
  }

  /** As it was opened last when that was with these options (absent: whatever they were), else opened with them. */
  async withOptions(
    path: string,
    options: DatasetOptions | undefined,
    signal?: AbortSignal,
  ): Promise<Dataset> {
    const known = await this.opened.get(folderPath(path));
    if (known && (!options || isDeepStrictEqual(known.summary.options, options))) return known;
    return this.open(path, { options, signal });
  }

  /** The data set as it was opened last; opens it when it is not among the kept ones. */
  async get(folder: string): Promise<Dataset> {
    const path = folderPath(folder);
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
    this.opened.delete(folderPath(path));
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
