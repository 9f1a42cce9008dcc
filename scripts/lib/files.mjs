import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';

function linkFile(source, target, { copy, symbolic }) {
  if (!copy) {
    // A hard link outlives a cleared cache; a symbolic one at least spares the disk where the cache is another one.
    const hard = () => linkSync(source, target);
    const soft = () => symlinkSync(source, target);
    for (const attempt of symbolic ? [hard, soft] : [hard]) {
      try {
        attempt();
        return;
      } catch {
        // Not on this file system, or not allowed to this user: the next way.
      }
    }
  }
  copyFileSync(source, target, constants.COPYFILE_FICLONE);
}

/**
 * Lays a directory of natives over into `target` (which must not exist): libraries as hard links, else symbolic links,
 * else copies (symbolic: false leaves those links out); addons (.node) always as copies, so that what they require is looked up from `target`.
 */
export function layTree(source, target, { copy = false, symbolic = true } = {}) {
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(source)) {
    const from = join(source, name);
    const to = join(target, name);
    const status = lstatSync(from);
    if (status.isDirectory()) layTree(from, to, { copy, symbolic });
    else if (status.isSymbolicLink()) {
      try {
        symlinkSync(readlinkSync(from), to);
      } catch {
        linkFile(resolve(dirname(from), readlinkSync(from)), to, { copy, symbolic });
      }
    } else linkFile(from, to, { copy: copy || extname(name) === '.node', symbolic });
  }
}

/** `layTree` into a place that may be taken: laid beside, the old one moved out, the new one moved in. */
export function replaceTree(source, target, options) {
  const beside = join(dirname(target), `.${basename(target)}-${process.pid}`);
  const old = `${beside}-old`;
  rmSync(beside, { recursive: true, force: true });
  layTree(source, beside, options);
  if (existsSync(target)) renameSync(target, old);
  renameSync(beside, target);
  rmSync(old, { recursive: true, force: true });
}
