import {
  type DatasetOptions,
  type DatasetSummary,
  datasetOptions,
  type ScanProgress,
} from '../../contract/dataset';
import { DescentError } from '../../contract/errors';
import { equalGroups, type Likenesses, nearGroups } from './duplicates';
import type { Dataset } from './example-table';
import type { FileFacts } from './file-facts';
import { discover, type Layout } from './layout';
import { type KnownFiles, keepFiles, keepTable, recallFiles, recallTable } from './scan-cache';
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
 * in it and what is wrong with it. Files that an earlier opening read are read again only when their size or time
 * changed. Whatever can be shown is returned with findings, also when it can't be trained on (see `assertTrainable`).
 *
 * @throws DescentError `not-found`, `bad-input` (a file of another kind, an unclosed quotation), `io`, `cancelled`
 */
export async function openDataset(
  path: string,
  options: Partial<DatasetOptions>,
  settings: OpenSettings,
): Promise<Dataset> {
  try {
    settings.signal?.throwIfAborted();
    return await open(path, datasetOptions.parse(options), settings);
  } catch (error) {
    if (settings.signal?.aborted)
      throw new DescentError('cancelled', `Reading ${path} was cancelled.`, { subject: path, cause: error });
    throw error;
  }
}

async function open(path: string, options: DatasetOptions, settings: OpenSettings): Promise<Dataset> {
  const started = performance.now();
  const milliseconds = () => performance.now() - started;
  const report = settings.onProgress ?? (() => {});
  const layout = await discover(
    path,
    (found) => report({ type: 'progress', stage: 'listing', done: found, total: 0 }),
    settings.signal,
  );
  if (layout.kind === 'table') {
    const { facts, fromCache } = await tableFacts(layout.tableFile!, report, settings);
    return summarizeTable(layout, facts, options, { milliseconds, fromCache }, settings.signal);
  }
  const { facts, likenesses, fromCache } = await fileFacts(layout, report, settings);
  const usable = selectFiles(layout, facts, options);
  return summarizeFiles(layout, facts, likenesses, usable, options, {
    milliseconds: milliseconds(),
    fromCache,
  });
}

async function tableFacts(file: string, report: (progress: ScanProgress) => void, settings: OpenSettings) {
  const known = settings.fresh ? undefined : await recallTable(settings.cacheDirectory, file);
  if (known) return { facts: known, fromCache: true };
  const facts = await scanTable(file, report, settings.signal);
  await unlessImpossible(keepTable(settings.cacheDirectory, facts));
  return { facts, fromCache: false };
}

async function fileFacts(
  layout: Layout,
  report: (progress: ScanProgress) => void,
  { cacheDirectory, fresh, signal }: OpenSettings,
): Promise<{ facts: FileFacts; likenesses: Likenesses; fromCache: boolean }> {
  const known = fresh ? undefined : await recallFiles(cacheDirectory, layout);
  const { facts, read } = await readFacts(layout, known, report, signal);
  if (signal?.aborted) {
    if (read > 0) await unlessImpossible(keepFiles(cacheDirectory, layout, facts));
    signal.throwIfAborted();
  }
  if (known?.likenesses && read === 0 && sameFiles(layout, known))
    return { facts, likenesses: known.likenesses, fromCache: true };
  report({ type: 'progress', stage: 'comparing', done: 0, total: facts.count });
  const equal = equalGroups(facts);
  const near = layout.kind === 'images' ? await nearGroups(facts, equal, signal) : [];
  report({ type: 'progress', stage: 'comparing', done: facts.count, total: facts.count });
  await unlessImpossible(keepFiles(cacheDirectory, layout, facts, { equal, near }));
  return { facts, likenesses: { equal, near }, fromCache: false };
}

/** A full disk or a folder that may not be written costs the next opening time, and nothing else: no reason to fail. */
async function unlessImpossible(keeping: Promise<void>): Promise<void> {
  try {
    await keeping;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

/** Whether the earlier scan had the same files in the same order: its groups name them by their places. */
function sameFiles(layout: Layout, known: KnownFiles): boolean {
  return (
    known.places.size === layout.candidates.length &&
    layout.candidates.every(({ file }, place) => known.places.get(file) === place)
  );
}

/** Throws `bad-input` naming every finding that stands in the way of training. */
export function assertTrainable(summary: DatasetSummary): void {
  const blocking = summary.findings.filter((finding) => finding.severity === 'blocks');
  if (blocking.length === 0) return;
  const reasons = blocking.map((finding) => finding.message).join(' ');
  throw new DescentError('bad-input', `${summary.path} can't be trained on. ${reasons}`, {
    subject: summary.path,
  });
}
