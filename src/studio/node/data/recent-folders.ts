import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import {
  type DatasetOptions,
  type DatasetSummary,
  datasetKind,
  datasetOptions,
} from '../../../contract/dataset';
import type { RecentFolder } from '../../../contract/studio';
import { JsonStore } from '../json-store';
import type { Logger } from '../logger';

const maximumRecent = 20;
const maximumRemembered = 500;

const entry = z.object({
  path: z.string(),
  opened: z.string(),
  kind: datasetKind.optional(),
  exampleCount: z.number().int().optional(),
  /** False once the person took it off the list; the options stay. */
  listed: z.boolean().default(true),
  options: datasetOptions.optional(),
});
const file = z.object({ folders: z.array(entry) });
type Entry = z.infer<typeof entry>;

/** Folders that were opened, newest first, with the options that the person chose for each. */
export class RecentFolders {
  private readonly store: JsonStore<typeof file>;

  constructor(configDirectory: string, logger: Logger) {
    this.store = new JsonStore(join(configDirectory, 'recent-folders.json'), file, { folders: [] }, logger);
  }

  async list(): Promise<RecentFolder[]> {
    const { folders } = await this.store.read();
    return folders
      .filter((folder) => folder.listed)
      .slice(0, maximumRecent)
      .map(({ path, opened, kind, exampleCount }) => ({
        path,
        name: basename(path),
        opened,
        kind,
        exampleCount,
        exists: existsSync(path),
      }));
  }

  /** Puts a folder that was opened at the head of the list. */
  async remember(summary: DatasetSummary): Promise<void> {
    await this.change(summary.path, true, (previous) => ({
      ...previous,
      kind: summary.kind,
      exampleCount: summary.exampleCount,
      opened: new Date().toISOString(),
      listed: true,
    }));
  }

  async forget(path: string): Promise<RecentFolder[]> {
    await this.change(path, false, (previous) => ({ ...previous, listed: false }));
    return this.list();
  }

  /** What the person chose for this folder, or undefined. */
  async options(path: string): Promise<DatasetOptions | undefined> {
    const { folders } = await this.store.read();
    return folders.find((folder) => folder.path === path)?.options;
  }

  async setOptions(path: string, options: DatasetOptions): Promise<void> {
    await this.change(path, false, (previous) => ({ ...previous, options }));
  }

  private async change(path: string, toFront: boolean, edit: (previous: Entry) => Entry): Promise<void> {
    await this.store.update(({ folders }) => {
      const index = folders.findIndex((folder) => folder.path === path);
      const previous = folders[index] ?? { path, opened: new Date().toISOString(), listed: false };
      const edited = edit(previous);
      if (index >= 0 && !toFront) return { folders: folders.with(index, edited) };
      const others = folders.filter((folder) => folder.path !== path);
      return { folders: [edited, ...others].slice(0, maximumRemembered) };
    });
  }
}
