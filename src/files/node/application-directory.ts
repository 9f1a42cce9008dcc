import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DescentError } from '../../contract/errors';

/** The folder of Descent itself: the nearest one above this file whose package.json is ours. */
export function applicationDirectory(): string {
  // `__dirname` is out/main or a folder of chunks below it; in tests it is this file's own.
  for (let directory = __dirname; directory !== dirname(directory); directory = dirname(directory)) {
    if (readDescription(directory)?.name === 'descent') return directory;
  }
  throw new DescentError('internal', `No package.json of Descent stands above ${__dirname}.`);
}

/** The version in Descent's package.json. */
export function applicationVersion(): string {
  return readDescription(applicationDirectory())?.version ?? '';
}

function readDescription(directory: string): { name?: string; version?: string } | undefined {
  const path = join(directory, 'package.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}
