import {
  type DatasetOptions,
  type DatasetSummary,
  datasetOptions,
  type ScanProgress,
} from '../../contract/dataset';
import { DescentError } from '../../contract/errors';
import { equalGroups } from './duplicates';
import type { Dataset } from './example-table';
import { discover } from './layout';
import { readFacts } from './scan-files';
import { scanTable } from './scan-table';
import { selectFiles, summarizeFiles } from './summarize-files';
import { summarizeTable } from './summarize-table';

export interface OpenSettings {
  /** Where scans are kept. */
  cacheDirectory: string;
  onProgress?: (progress: ScanProgress) => void;
  signal?: AbortSignal;
  /** Reads every file again, whatever the cache holds. */
  fresh?: boolean;
}

/**
 * Opens a folder of pictures or texts in class folders, a folder with a CSV or TSV file, or such a file: finds what is
 * in it and what is wrong with it. Whatever can be shown is returned with findings, also when it can't be trained on
 * (see `assertTrainable`).
 *
 * @throws DescentError `not-found`, `bad-input` (a file of another kind), `io`, `cancelled`
 */
export async function openDataset(
  path: string,
  options: Partial<DatasetOptions>,
  settings: OpenSettings,
): Promise<Dataset> {
  try {
    return await open(path, datasetOptions.parse(options), settings);
  } catch (error) {
    if (settings.signal?.aborted)
      throw new DescentError('cancelled', `Reading ${path} was cancelled.`, { subject: path, cause: error });
    throw error;
  }
}

async function open(path: string, options: DatasetOptions, settings: OpenSettings): Promise<Dataset> {
  const started = performance.now();
  const report = settings.onProgress ?? (() => {});
  const layout = await discover(
    path,
    (found) => report({ type: 'progress', stage: 'listing', done: found, total: 0 }),
    settings.signal,
  );
  if (layout.kind === 'table') {
    const facts = await scanTable(layout.tableFile!, report, settings.signal);
    const scan = { milliseconds: () => performance.now() - started, fromCache: false };
    return summarizeTable(layout, facts, options, scan, settings.signal);
  }
  const { facts } = await readFacts(layout, undefined, report, settings.signal);
  settings.signal?.throwIfAborted();
  const likenesses = { equal: equalGroups(facts), near: [] };
  const usable = selectFiles(layout, facts, options);
  const milliseconds = performance.now() - started;
  return summarizeFiles(layout, facts, likenesses, usable, options, { milliseconds, fromCache: false });
}

/** Throws `bad-input` naming every finding that stands in the way of training. */
export function assertTrainable(summary: DatasetSummary): void {
  const blocking = summary.findings.filter((finding) => finding.severity === 'blocks');
  if (blocking.length === 0) return;
  throw new DescentError(
    'bad-input',
    `${summary.path} can't be trained on. ${blocking.map((finding) => finding.message).join(' ')}`,
    {
      subject: summary.path,
    },
  );
}
