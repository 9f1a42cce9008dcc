import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { build } from 'vite';

const root = resolve(import.meta.dirname, '../../../..');

/** Bundles the engine's entry as the product does, for tests that start it as a process. Remove it when done. */
export async function buildEngine(): Promise<{ entry: string; remove: () => Promise<void> }> {
  // Inside the project, so that packages are found.
  const outDir = resolve(root, 'node_modules', '.cache', `descent-engine-${process.pid}`);
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: resolve(root, 'src/engine/entry.ts'),
      outDir,
      emptyOutDir: true,
      target: 'node20',
      rollupOptions: { output: { format: 'cjs', entryFileNames: 'engine.cjs' } },
    },
    ssr: { noExternal: [/^env-paths$/, /^p-limit$/, /^p-queue$/] },
  });
  return {
    entry: resolve(outDir, 'engine.cjs'),
    remove: () => rm(outDir, { recursive: true, force: true }),
  };
}
