import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, resolve, sep } from 'node:path';
import { DescentError } from '../../contract/errors';
import { testSplit, trainSplit, validationSplit } from '../common/split';
import { hasPictureExtension } from './picture-format';

/** A file that may become an example. */
export interface Candidate {
  /** Relative to the root, `/` between its parts. */
  file: string;
  /** Name of its class folder. */
  label: string;
  /** Split code when the folder has train/validation/test folders, else -1. */
  split: number;
  bytes: number;
  /** Modification time in milliseconds. */
  modified: number;
}

/** What stands in a folder, before any file is opened. */
export interface Layout {
  root: string;
  kind: 'images' | 'texts' | 'table';
  candidates: Candidate[];
  /** Class folders, also those without a usable file. */
  classFolders: string[];
  splitFolders: { name: string; split: number }[];
  /** Pictures or texts that stand outside any class folder. */
  unlabelled: string[];
  /** Files of other kinds, relative. */
  ignored: string[];
  /** Table: absolute path of its file. */
  tableFile?: string;
}

const tableExtensions = new Set(['.csv', '.tsv', '.tab']);
const textExtensions = new Set(['.txt', '.text', '.md', '.markdown', '.eml']);
const hashLike = /^\.[0-9a-f]{8,}$/;
const splitFolderNames = new Map<string, number>([
  ...['train', 'training'].map((name) => [name, trainSplit] as const),
  ...['validation', 'valid', 'val', 'dev'].map((name) => [name, validationSplit] as const),
  ...['test', 'testing'].map((name) => [name, testSplit] as const),
]);
const systemFiles = new Set(['thumbs.db', 'desktop.ini', '__macosx', '$recycle.bin', 'icon\r']);

export function isTableFile(path: string): boolean {
  return tableExtensions.has(extname(path).toLowerCase());
}

function isTextFile(path: string): boolean {
  const extension = extname(path).toLowerCase();
  return textExtensions.has(extension) || extension === '' || hashLike.test(extension);
}

interface Entry {
  parts: string[];
  file: string;
}

/**
 * Walks a folder and decides what kind of data it holds. Hidden files are passed over.
 *
 * @throws DescentError `not-found` (no such path), `bad-input` (a file that is no table), `io` (no permission)
 */
export async function discover(
  path: string,
  progress: (found: number) => void,
  signal?: AbortSignal,
): Promise<Layout> {
  const root = resolve(path);
  const info = await statOrThrow(root);
  if (!info.isDirectory()) return tableLayout(root);
  const entries: Entry[] = [];
  const folders: string[][] = [];
  await walk(root, [], entries, folders, progress, signal);
  return arrange(root, entries, folders, signal);
}

async function statOrThrow(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new DescentError('not-found', `There is no folder or file ${path}.`, {
        subject: path,
        remedy: 'Check the spelling, or choose the folder again.',
        cause: error,
      });
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): DescentError {
  const { code } = error as NodeJS.ErrnoException;
  return new DescentError('io', `${path} can't be read (${code ?? String(error)}).`, {
    subject: path,
    remedy: 'Allow reading it, or choose another folder.',
    cause: error,
  });
}

function tableLayout(file: string, ignored: string[] = [], root = file): Layout {
  if (!isTableFile(file))
    throw new DescentError('bad-input', `${file} is neither a folder nor a CSV or TSV file.`, {
      subject: file,
      remedy: 'Open the folder that holds a folder for each class, or a .csv or .tsv file.',
    });
  return {
    root,
    kind: 'table',
    candidates: [],
    classFolders: [],
    splitFolders: [],
    unlabelled: [],
    ignored,
    tableFile: file,
  };
}

async function walk(
  root: string,
  parts: string[],
  entries: Entry[],
  folders: string[][],
  progress: (found: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const directory = join(root, ...parts);
  let listing: Dirent[];
  try {
    listing = await readdir(directory, { withFileTypes: true });
  } catch (error) {
    throw unreadable(directory, error);
  }
  listing.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const item of listing) {
    if (item.name.startsWith('.') || systemFiles.has(item.name.toLowerCase())) continue;
    const itemParts = [...parts, item.name];
    const type = item.isSymbolicLink() ? await linkTarget(directory, item.name) : item;
    if (type?.isDirectory()) {
      folders.push(itemParts);
      await walk(root, itemParts, entries, folders, progress, signal);
    } else if (type?.isFile()) {
      entries.push({ parts: itemParts, file: itemParts.join('/') });
    }
  }
  progress(entries.length);
}

/** What a link leads to; undefined for a dangling one, and for one that leads to a folder around it and would never end. */
async function linkTarget(directory: string, name: string) {
  try {
    const [target, here] = await Promise.all([realpath(join(directory, name)), realpath(directory)]);
    return `${here}${sep}`.startsWith(`${target}${sep}`) ? undefined : await stat(target);
  } catch {
    return undefined;
  }
}

async function arrange(
  root: string,
  entries: Entry[],
  folders: string[][],
  signal?: AbortSignal,
): Promise<Layout> {
  const tables = entries.filter((entry) => entry.parts.length === 1 && isTableFile(entry.file));
  const pictures = entries.filter((entry) => hasPictureExtension(entry.file)).length;
  const texts = entries.filter(
    (entry) => entry.parts.length > 1 && textExtensions.has(extname(entry.file).toLowerCase()),
  ).length;
  if (tables.length > 0 && tables.length + pictures > 2 * pictures && texts <= tables.length)
    return chooseTable(root, tables, entries);

  const kind = pictures >= texts ? 'images' : 'texts';
  const accepts =
    kind === 'images' ? (file: string) => hasPictureExtension(file) || extname(file) === '' : isTextFile;
  const topFolders = folders.filter((parts) => parts.length === 1).map((parts) => parts[0]!);
  const splits = new Map(
    topFolders
      .filter((name) => splitFolderNames.has(name.toLowerCase()))
      .map((name) => [name, splitFolderNames.get(name.toLowerCase())!] as const),
  );
  const nested = [...splits.values()].includes(trainSplit) && splits.size >= 2;
  const depth = nested ? 1 : 0;
  const inSplit = (parts: string[]) => !nested || splits.has(parts[0]!);

  const labelled: Entry[] = [];
  const unlabelled: string[] = [];
  const ignored: string[] = [];
  for (const entry of entries) {
    if (!accepts(entry.file)) ignored.push(entry.file);
    else if (inSplit(entry.parts) && entry.parts.length > depth + 1) labelled.push(entry);
    else unlabelled.push(entry.file);
  }
  const classFolders = new Set(
    folders
      .filter((parts) => parts.length === depth + 1 && inSplit(parts))
      .map((parts) => parts[depth]!.normalize('NFC')),
  );
  return {
    root,
    kind,
    candidates: await measure(root, labelled, depth, splits, signal),
    classFolders: orderLabels([...classFolders]),
    splitFolders: nested ? [...splits].map(([name, split]) => ({ name, split })) : [],
    unlabelled,
    ignored,
  };
}

async function chooseTable(root: string, tables: Entry[], entries: Entry[]): Promise<Layout> {
  const sized = await Promise.all(
    tables.map(async (entry) => ({ entry, bytes: (await stat(join(root, entry.file))).size })),
  );
  const rank = (file: string) => (/^(train|data)\b/i.test(basename(file)) ? 0 : 1);
  sized.sort((a, b) => rank(a.entry.file) - rank(b.entry.file) || b.bytes - a.bytes);
  const chosen = sized[0]!.entry;
  const others = entries.filter((entry) => entry !== chosen).map((entry) => entry.file);
  return tableLayout(join(root, chosen.file), others, root);
}

async function measure(
  root: string,
  entries: Entry[],
  depth: number,
  splits: Map<string, number>,
  signal?: AbortSignal,
): Promise<Candidate[]> {
  const out = new Array<Candidate>(entries.length);
  let next = 0;
  const work = async () => {
    while (next < entries.length) {
      signal?.throwIfAborted();
      const index = next;
      next += 1;
      const { parts, file } = entries[index]!;
      const info = await statOrGone(join(root, ...parts));
      out[index] = {
        file,
        label: parts[depth]!.normalize('NFC'),
        split: depth === 1 ? splits.get(parts[0]!)! : -1,
        bytes: info?.size ?? -1,
        modified: info?.mtimeMs ?? 0,
      };
    }
  };
  await Promise.all(Array.from({ length: 32 }, work));
  return out;
}

async function statOrGone(path: string) {
  try {
    return await stat(path);
  } catch {
    return undefined; // Reading it will say why, and name the file.
  }
}

/** Order of the model's outputs: by number when every name is a whole number, else by code units (as Keras sorts). */
export function orderLabels(names: string[]): string[] {
  const numeric = names.every((name) => /^-?\d{1,15}$/.test(name));
  return [...names].sort(
    numeric ? (a, b) => Number(a) - Number(b) || (a < b ? -1 : 1) : (a, b) => (a < b ? -1 : a > b ? 1 : 0),
  );
}
