import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import envPaths from 'env-paths';

export interface UserDirectories {
  /** Things that can be made again: engines, scans, decoded data. */
  cache: string;
  /** Things of the program that must stay: settings, recent folders. */
  data: string;
  config: string;
  /** The person's documents, or undefined where there is no such folder. */
  documents: string | undefined;
  /** Where runs go unless told otherwise; DESCENT_LIBRARY names another place. */
  library: string;
}

/**
 * The folders of this user by the platform's custom; XDG_CACHE_HOME, XDG_DATA_HOME, XDG_CONFIG_HOME and
 * XDG_DOCUMENTS_DIR (or user-dirs.dirs) are respected. Nothing is created.
 */
export function userDirectories(): UserDirectories {
  const { cache, data, config } = envPaths('descent', { suffix: '' });
  const documents = documentsDirectory();
  const library = process.env.DESCENT_LIBRARY || join(documents ?? dirname(data), 'Descent');
  return { cache, data, config, documents, library };
}

function documentsDirectory(): string | undefined {
  const named = process.platform === 'linux' ? linuxDocuments() : undefined;
  const candidate = named ?? join(homedir(), 'Documents');
  return existsSync(candidate) ? candidate : undefined;
}

/** https://www.freedesktop.org/wiki/Software/xdg-user-dirs/ : lines XDG_xxx_DIR="$HOME/yyy" or an absolute path. */
function linuxDocuments(): string | undefined {
  const fromEnvironment = process.env.XDG_DOCUMENTS_DIR;
  if (fromEnvironment && isAbsolute(fromEnvironment)) return fromEnvironment;
  const configHome = process.env.XDG_CONFIG_HOME || join(homedir(), '.config');
  const file = join(configHome, 'user-dirs.dirs');
  if (!existsSync(file)) return undefined;
  const line = /^\s*XDG_DOCUMENTS_DIR="([^"]*)"/m.exec(readFileSync(file, 'utf8'))?.[1];
  const path = line?.replace(/^\$HOME(?=\/|$)/, homedir());
  return path && isAbsolute(path) ? path : undefined;
}
