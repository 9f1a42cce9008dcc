import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { makeDirectory } from './make-directory';
import { isProcessRunning } from './process-identity';

const pendingWrites = new Map<string, Promise<void>>();
const partialName = /^\..+\.(\d+)\.[0-9a-f]{12}\.partial$/;

/**
 * Replaces the file at `path` with `data` (text as UTF-8) so that a reader, at whatever moment a process or the machine
 * dies, finds the old content or the new one whole. Written beside, flushed, renamed. Writes to one path from this
 * process happen in the order of the calls. Missing parent folders are made. Throws the file system's error, leaving
 * the old content.
 */
export async function writeFileAtomically(path: string, data: string | Uint8Array): Promise<void> {
  const target = resolve(path);
  const previous = pendingWrites.get(target) ?? Promise.resolve();
  const current = previous.then(
    () => replaceFile(target, data),
    () => replaceFile(target, data),
  );
  pendingWrites.set(target, current);
  try {
    await current;
  } finally {
    if (pendingWrites.get(target) === current) pendingWrites.delete(target);
  }
}

/**
 * Makes the directory `path` out of what `fill` writes into the temporary directory that it is given. The directory
 * appears at `path` whole or not at all; an existing one is replaced. While it is replaced it stands for a moment at
 * `<path>.previous`: `recoverDirectory` puts it back after a crash at that moment.
 */
export async function writeDirectoryAtomically(
  path: string,
  fill: (temporaryPath: string) => Promise<void>,
): Promise<void> {
  const target = resolve(path);
  await makeDirectory(dirname(target));
  await recoverDirectory(target);
  const temporary = temporaryPathFor(target);
  await mkdir(temporary);
  try {
    await fill(temporary);
    await flushTree(temporary);
    await exchange(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** Puts back a directory that a crash left at `<path>.previous`. Does nothing when there is none. */
export async function recoverDirectory(path: string): Promise<void> {
  const target = resolve(path);
  const previous = `${target}.previous`;
  try {
    await rename(previous, target);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return;
    // The new directory is in place (a rename over a full directory is refused): the old one is only waste.
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'EPERM') {
      await rm(previous, { recursive: true, force: true });
      return;
    }
    throw error;
  }
}

/**
 * Removes from `directory` the temporary files and folders of writers that no longer run. Returns their names; none for
 * a directory that does not exist.
 */
export async function removeStalePartials(directory: string): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await namesIn(directory)) {
    const pid = partialName.exec(name)?.[1];
    if (pid === undefined || isProcessRunning(Number(pid))) continue;
    await rm(join(directory, name), { recursive: true, force: true });
    removed.push(name);
  }
  return removed;
}

// Not npm's write-file-atomic: it issues one write and never looks at how much was written, so a disk that fills up
// leaves a truncated file under the final name. FileHandle.writeFile goes on until all is written, or throws.
async function replaceFile(target: string, data: string | Uint8Array): Promise<void> {
  await makeDirectory(dirname(target));
  const temporary = temporaryPathFor(target);
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await flushDirectory(dirname(target));
}

async function exchange(temporary: string, target: string): Promise<void> {
  const previous = `${target}.previous`;
  let replaced = true;
  try {
    await rename(target, previous);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    replaced = false;
  }
  try {
    await rename(temporary, target);
  } catch (error) {
    if (replaced) await rename(previous, target);
    throw error;
  }
  await flushDirectory(dirname(target));
  if (replaced) await rm(previous, { recursive: true, force: true });
}

async function flushTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await flushTree(path);
    else if (entry.isFile()) {
      const handle = await open(path, 'r+');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
  }
  await flushDirectory(directory);
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function flushDirectory(directory: string): Promise<void> {
  // Windows cannot open a directory; NTFS journals the rename itself.
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems have no fsync for directories.
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error;
  } finally {
    await handle.close();
  }
}

function temporaryPathFor(target: string): string {
  const unique = `${process.pid}.${randomBytes(6).toString('hex')}`;
  return join(dirname(target), `.${basename(target)}.${unique}.partial`);
}
