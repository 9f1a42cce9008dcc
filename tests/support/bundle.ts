import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build } from 'vite';
import { afterAll } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const made: string[] = [];

afterAll(async () => {
  for (const directory of made) await rm(directory, { recursive: true, force: true });
});

/**
 * Builds a TypeScript program (a path from the project's root) into one file that plain Node runs, for tests that need a
 * process of their own. Returns the file's path; it goes away after the test file that imports this.
 */
export async function bundleForNode(entry: string): Promise<string> {
  // Inside node_modules, where imports of packages are found.
  const outDir = join(root, 'node_modules', '.cache', 'descent-test', randomBytes(6).toString('hex'));
  made.push(outDir);
  await build({
    configFile: false,
    root,
    logLevel: 'silent',
    build: {
      ssr: resolve(root, entry),
      outDir,
      target: 'node20',
      minify: false,
      rollupOptions: { output: { format: 'es', entryFileNames: 'program.mjs' } },
    },
  });
  return join(outDir, 'program.mjs');
}
