import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Written last: a folder with it is whole. */
export const packFileName = 'pack.json';

/** Where a pack of a pretrained base is kept in the user's cache folder. */
export function packDirectory(cacheDirectory: string, name: string): string {
  return join(cacheDirectory, 'bases', name);
}

export function isPackInstalled(cacheDirectory: string, name: string): boolean {
  return existsSync(join(packDirectory(cacheDirectory, name), packFileName));
}
