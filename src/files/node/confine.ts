import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { DescentError } from '../../contract/errors';

/**
 * The absolute path of `relativePath` inside `root`, with every symbolic link on the way resolved. What does not exist
 * yet is judged by its nearest existing folder. Throws a DescentError (code `forbidden`) when the path, or a link on it,
 * leaves the root. The only function that turns a name from outside the program into a path.
 */
export function confine(root: string, relativePath: string): string {
  if (relativePath.includes('\0')) throw outside(root, relativePath);
  const lexicalRoot = resolve(root);
  const lexical = resolve(lexicalRoot, relativePath);
  if (isAbsolute(relativePath) || !isInside(lexicalRoot, lexical)) throw outside(root, relativePath);
  const realRoot = realpathSync(lexicalRoot);
  const real = resolveLinks(join(realRoot, relative(lexicalRoot, lexical)));
  if (!isInside(realRoot, real)) throw outside(root, relativePath);
  return real;
}

function resolveLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // A link whose target is missing would be followed by whoever writes to it.
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) {
      return resolveLinks(resolve(dirname(path), readlinkSync(path)));
    }
    const parent = dirname(path);
    if (parent === path) return path;
    return join(resolveLinks(parent), path.slice(parent.length).replace(/^[\\/]/, ''));
  }
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

function outside(root: string, path: string): DescentError {
  return new DescentError('forbidden', `"${path}" is not inside ${root}.`, {
    remedy: 'Only files inside this folder can be used here.',
    subject: path,
  });
}
