import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, extname, join, relative } from 'node:path';
import { DescentError } from '../../../contract/errors';
import type { DirectoryListing } from '../../../contract/studio';
import { confine } from '../../../files/node/confine';

const dataExtensions = new Set(['.csv', '.tsv']);

/**
 * Directories and data files of one directory inside the user's home (no path: home itself); hidden names are left out.
 * @throws DescentError `forbidden` for a path outside of home, `not-found` and `io` when it can't be listed.
 */
export async function browse(path?: string): Promise<DirectoryListing> {
  const home = await realpath(homedir());
  const directory = path === undefined ? home : confine(home, relative(home, path));
  let entries: Dirent[];
  try {
    entries = await readdir(directory, { withFileTypes: true });
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new DescentError(
      missing ? 'not-found' : 'io',
      missing
        ? `There is no folder ${directory}.`
        : `${directory} can't be listed: ${(error as Error).message}.`,
      { subject: directory, cause: error },
    );
  }
  const listing: DirectoryListing = {
    path: directory,
    parent: directory === home ? null : dirname(directory),
    directories: [],
    files: [],
  };
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const entryPath = join(directory, entry.name);
    if (entry.isDirectory()) listing.directories.push({ name: entry.name, path: entryPath });
    else if (entry.isFile() && dataExtensions.has(extname(entry.name).toLowerCase())) {
      listing.files.push({ name: entry.name, path: entryPath, bytes: (await stat(entryPath)).size });
    }
  }
  const byName = (first: { name: string }, second: { name: string }) =>
    first.name.localeCompare(second.name, undefined, { numeric: true });
  listing.directories.sort(byName);
  listing.files.sort(byName);
  return listing;
}
