import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { extract, Parser, type ReadEntry } from 'tar';
import { DescentError } from '../../../contract/errors';
import { savedModelFileName } from '../../../graph/import/read-saved-model';

export interface UnpackLimits {
  entries: number;
  /** Of all files together. */
  bytes: number;
}

export const usualLimits: UnpackLimits = { entries: 10_000, bytes: 8 * 1024 ** 3 };

const plainTypes: ReadonlySet<string> = new Set([
  'File',
  'OldFile',
  'ContiguousFile',
  'Directory',
  'GNUDumpDir',
]);

/**
 * Unpacks an archive (.tar.gz or .tar) into an empty folder, after all its entries have been looked at: nothing is written when one
 * would leave the folder, is a link, a device or a pipe, or when there are too many.
 * @throws DescentError `bad-input` naming the entry, or telling that the archive is damaged
 */
export async function unpack(archive: string, directory: string, limits = usualLimits): Promise<void> {
  let problem: string | undefined;
  let [entries, bytes] = [0, 0];
  const look = (entry: ReadEntry) => {
    entries++;
    bytes += entry.size;
    problem ??= problemOf(entry);
    if (entries > limits.entries) problem ??= `it holds more than ${limits.entries} files`;
    if (bytes > limits.bytes) problem ??= `it holds more than ${limits.bytes} bytes`;
    entry.resume();
  };
  try {
    await readThrough(archive, look, () => problem !== undefined);
  } catch (cause) {
    if (problem === undefined)
      throw refused(archive, `it is cut off or damaged (${(cause as Error).message})`, cause);
  }
  if (problem !== undefined) throw refused(archive, problem);
  if (entries === 0) throw refused(archive, 'it is no archive, or an empty one');
  try {
    await extract({
      file: archive,
      cwd: directory,
      strict: true,
      preserveOwner: false,
      noChmod: true,
      noMtime: true,
      filter: (_, entry) => 'type' in entry && plainTypes.has(entry.type as string),
    });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOSPC') throw cause;
    throw refused(archive, `it is cut off or damaged (${(cause as Error).message})`, cause);
  }
}

async function readThrough(
  archive: string,
  look: (entry: ReadEntry) => void,
  enough: () => boolean,
): Promise<void> {
  const parser = new Parser({ strict: true, onReadEntry: look });
  let failed: unknown;
  const ended = new Promise<void>((resolve) => {
    parser.on('error', (error) => {
      failed ??= error;
      resolve();
    });
    parser.on('end', () => resolve());
  });
  for await (const chunk of createReadStream(archive)) {
    if (failed !== undefined || enough()) break;
    if (!parser.write(chunk as Buffer)) await Promise.race([once(parser, 'drain'), ended]);
  }
  if (enough()) return;
  parser.end();
  await ended;
  if (failed !== undefined) throw failed;
}

function problemOf({ type, path, linkpath }: ReadEntry): string | undefined {
  if (!plainTypes.has(type))
    return `"${path}" is ${linkpath ? `a link (to "${linkpath}")` : `no plain file (${type})`}`;
  const parts = path.split(/[\\/]/);
  if (/^([\\/]|[a-z]:)/i.test(path) || parts.includes('..') || path.includes('\0'))
    return `"${path}" would be written outside its folder`;
  return undefined;
}

function refused(archive: string, why: string, cause?: unknown): DescentError {
  return new DescentError('bad-input', `The archive ${archive} is not unpacked: ${why}.`, {
    subject: archive,
    remedy: 'Download it again from a source that you trust.',
    cause,
  });
}

/**
 * The folder with saved_model.pb: this one, or the only one in it, and so on.
 * @throws DescentError `bad-input` when there is none
 */
export async function findSavedModel(directory: string): Promise<string> {
  for (let current = directory; ; ) {
    const names = await readdir(current);
    if (names.includes(savedModelFileName)) return current;
    const inner: string[] = [];
    for (const name of names) if ((await stat(join(current, name))).isDirectory()) inner.push(name);
    if (inner.length !== 1)
      throw new DescentError('bad-input', `There is no ${savedModelFileName} in the archive.`, {
        subject: directory,
        remedy: 'Choose a model for TensorFlow 2 (a SavedModel), not one for TF.js, TFLite or TensorFlow 1.',
      });
    current = join(current, inner[0]!);
  }
}
