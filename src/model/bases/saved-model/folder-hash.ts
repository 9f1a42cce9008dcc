import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** The parts of a SavedModel on which its results depend. */
const parts = ['saved_model.pb', 'variables', 'assets'];

/** The files of a SavedModel that matter, relative to its folder, with slashes, sorted. */
export async function savedModelFiles(directory: string): Promise<string[]> {
  const found: string[] = [];
  const visit = async (relative: string) => {
    for (const entry of await readdir(join(directory, relative), { withFileTypes: true })) {
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (relative === '' && !parts.includes(entry.name)) continue;
      if (entry.isDirectory()) await visit(path);
      else if (entry.isFile()) found.push(path);
    }
  };
  await visit('');
  return found.sort();
}

/** SHA-256 (hexadecimal) of a SavedModel: of its files' names and contents. */
export async function hashSavedModel(directory: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of await savedModelFiles(directory)) {
    const content = createHash('sha256');
    await pipeline(createReadStream(join(directory, file)), content);
    hash.update(`${file} ${content.digest('hex')}\n`);
  }
  return hash.digest('hex');
}
