import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Column, readColumns, writeColumns } from './columnar-file';
import type { Likenesses } from './duplicates';
import { FileFacts } from './file-facts';
import type { Layout } from './layout';
import type { TableFacts } from './scan-table';

interface FilesMeta {
  kind: 'images' | 'texts';
  root: string;
  files: string[];
  reasons: [place: number, reason: string][];
  likenesses?: Likenesses;
}

export interface KnownFiles {
  facts: FileFacts;
  places: Map<string, number>;
  /** Groups found when every file was read; they hold as long as no file was added, changed or taken away. */
  likenesses?: Likenesses;
}

/** Where the scan of a folder is kept: a function of its path alone, since no fact depends on the options. */
function scanPath(cacheDirectory: string, root: string): string {
  const name = createHash('sha256').update(resolve(root)).digest('hex').slice(0, 32);
  return join(cacheDirectory, 'scans', `${name}.scan`);
}

export async function recallFiles(cacheDirectory: string, layout: Layout): Promise<KnownFiles | undefined> {
  const kept = await readColumns(scanPath(cacheDirectory, layout.root));
  const meta = kept?.meta as Partial<FilesMeta> | undefined;
  if (!kept || !meta?.files || meta.kind !== layout.kind || meta.root !== layout.root) return undefined;
  const { files, reasons = [], likenesses } = meta;
  const facts = new FileFacts(files.length);
  const columns = facts.columns();
  for (const [name, column] of Object.entries(columns)) {
    const from = kept.columns[name];
    if (from?.length !== column.length) return undefined;
    column.set(from as never);
  }
  for (const [place, reason] of reasons) facts.reasons.set(place, reason);
  return { facts, places: new Map(files.map((file, place) => [file, place])), likenesses };
}

/** Keeps what was read, also of a scan that was broken off. */
export async function keepFiles(
  cacheDirectory: string,
  layout: Layout,
  facts: FileFacts,
  likenesses?: Likenesses,
): Promise<void> {
  const meta: FilesMeta = {
    kind: layout.kind === 'texts' ? 'texts' : 'images',
    root: layout.root,
    files: layout.candidates.map(({ file }) => file),
    reasons: [...facts.reasons],
    likenesses,
  };
  await writeColumns(scanPath(cacheDirectory, layout.root), meta, facts.columns());
}

type TableMeta = Omit<TableFacts, 'numbers' | 'begins' | 'ends' | 'hash'>;

export async function recallTable(cacheDirectory: string, file: string): Promise<TableFacts | undefined> {
  const info = await stat(file).catch(() => undefined); // Reading it will say what is wrong.
  const kept = info && (await readColumns(scanPath(cacheDirectory, file)));
  if (!kept) return undefined;
  const meta = kept.meta as TableMeta;
  if (meta.file !== file || meta.bytes !== info.size || meta.modified !== info.mtimeMs) return undefined;
  const { numbers, begins, ends, hash, ...cells } = kept.columns;
  return {
    ...meta,
    numbers: numbers as Int32Array,
    begins: begins as Float64Array,
    ends: ends as Float64Array,
    hash: hash as Uint32Array,
    columns: meta.columns.map((column, index) => ({
      ...column,
      numbers: cells[`numbers ${index}`] as Float64Array | undefined,
      codes: cells[`codes ${index}`] as Int32Array | undefined,
    })),
  };
}

export async function keepTable(cacheDirectory: string, facts: TableFacts): Promise<void> {
  const { numbers, begins, ends, hash, ...rest } = facts;
  const columns: Record<string, Column> = { numbers, begins, ends, hash };
  const meta: TableMeta = {
    ...rest,
    columns: facts.columns.map((column, index) => {
      if (column.numbers) columns[`numbers ${index}`] = column.numbers;
      if (column.codes) columns[`codes ${index}`] = column.codes;
      return { ...column, numbers: undefined, codes: undefined };
    }),
  };
  await writeColumns(scanPath(cacheDirectory, facts.file), meta, columns);
}
