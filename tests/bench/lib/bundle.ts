import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'vite';
import { root } from './contest';

/** A program of ours as the product runs it: one file for plain Node, without a compiler beside it. */
export async function bundle(script: string): Promise<{ program: string; remove(): Promise<void> }> {
  // Inside node_modules, where imports of packages are found.
  const directory = join(root, 'node_modules', '.cache', 'descent-bench', String(process.pid));
  const name = `${basename(script, '.ts')}.mjs`;
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    build: {
      ssr: script,
      outDir: directory,
      emptyOutDir: true,
      target: 'node20',
      minify: false,
      rollupOptions: { output: { format: 'es', entryFileNames: name } },
    },
  });
  return { program: join(directory, name), remove: () => rm(directory, { recursive: true, force: true }) };
}
