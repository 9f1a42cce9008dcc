import { join } from 'node:path';
import { readJson } from './cache.mjs';

/** Where set-up writes what it found: engine, Electron, and what is missing with its remedy. */
export const setupFile = (root) => join(root, 'node_modules', '.descent', 'setup.json');

/** What set-up found; null before the first set-up. */
export function readSetup(root) {
  return readJson(setupFile(root));
}
