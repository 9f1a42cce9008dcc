import { lstat, rename } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { makeDirectory } from './make-directory';

/**
 * Moves a file or folder to the system's trash. Where there is none (a server, a foreign file system), it goes into a
 * folder `.trash` beside it. Returns which: the path in `.trash`, or undefined for the system's trash. A missing path
 * is an error.
 */
export async function moveToTrash(path: string): Promise<string | undefined> {
  const target = resolve(path);
  await lstat(target);
  try {
    // By `import()`: an ES module with helper programs beside it, which neither `require` nor a bundle serves.
    const { default: trash } = await import('trash');
    await trash(target, { glob: false });
    return undefined;
  } catch {
    // The trash is a courtesy of the desktop; without one the folder beside serves, and the caller tells the person.
    const folder = join(dirname(target), '.trash');
    await makeDirectory(folder);
    const destination = join(folder, `${basename(target)}.${Date.now().toString(36)}`);
    await rename(target, destination);
    return destination;
  }
}
