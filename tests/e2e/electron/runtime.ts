import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../../..');

export interface Runtime {
  path: string;
  /** What has to stand on its command line for it to open this check-out. */
  args: string[];
  /** Its own Node is older than studio and engine need. */
  old: boolean;
}

const descriptions = join(root, 'node_modules', '.descent');

/** The Electron that set-up found (`npm run setup`). */
export function findRuntime(): Runtime {
  const file = join(descriptions, 'setup.json');
  const runtime = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')).electron as Runtime | null)
    : null;
  if (!runtime)
    throw new Error('Set-up found no Electron here. Run `npm run setup -- --retry` with a network.');
  return runtime;
}

/**
 * The same Electron, with Playwright's loader before our main script: it keeps the app from being ready until Playwright
 * is connected. Without it Playwright now and then attaches to the window in the middle of its first navigation, misses
 * that, and waits for it in vain. An Electron with its default app takes the loader by `-r`; the old one, which opens
 * nothing but its own resources/app, gets a small app there that requires both.
 */
export function drivenRuntime(): Runtime {
  const runtime = findRuntime();
  const core = dirname(createRequire(import.meta.url).resolve('playwright-core/package.json'));
  const loader = join(core, 'lib', 'server', 'electron', 'loader.js');
  if (runtime.args.length > 0) return { ...runtime, args: ['-r', loader, ...runtime.args] };
  const directory = join(descriptions, 'electron-driven');
  rmSync(directory, { recursive: true, force: true });
  const application = join(directory, 'resources', 'app');
  mkdirSync(application, { recursive: true });
  const source = dirname(runtime.path);
  const path = join(directory, 'electron');
  // Electron looks for its resources beside its real program file, so that one can't be a symbolic link.
  try {
    linkSync(runtime.path, path);
  } catch {
    copyFileSync(runtime.path, path);
  }
  for (const name of readdirSync(source))
    if (name !== 'electron' && name !== 'resources') symlinkSync(join(source, name), join(directory, name));
  writeFileSync(join(application, 'package.json'), JSON.stringify({ name: 'descent', main: 'main.cjs' }));
  const scripts = [loader, join(root, 'out', 'main', 'main.cjs')];
  writeFileSync(
    join(application, 'main.cjs'),
    scripts.map((script) => `require(${JSON.stringify(script)});\n`).join(''),
  );
  return { ...runtime, path };
}
