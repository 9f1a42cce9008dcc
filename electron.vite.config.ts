import { resolve } from 'node:path';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'electron-vite';

const root = import.meta.dirname;

// The Electron shell (main, preload) and the page are lowered to Node 16 and Chrome 108, so that they also run in the
// Electron 22 that the tests drive. Studio, engine and command line run on Node >= 20.19.
export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      target: 'node16',
      // zod and msgpack: Electron 22 needs them lowered. The others are ES modules alone, whose default export a
      // CommonJS bundle does not find by `require`.
      externalizeDeps: { exclude: ['zod', '@msgpack/msgpack', 'env-paths', 'p-limit', 'p-queue'] },
      rollupOptions: {
        input: {
          main: resolve(root, 'electron/main.ts'),
          studio: resolve(root, 'src/studio/node/entry.ts'),
          engine: resolve(root, 'src/engine/entry.ts'),
          cli: resolve(root, 'src/cli/entry.ts'),
        },
        output: { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: 'chunks/[name]-[hash].cjs' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      target: 'node16',
      rollupOptions: {
        input: { preload: resolve(root, 'electron/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: 'renderer',
    plugins: [vue()],
    build: {
      outDir: 'out/renderer',
      target: 'chrome108',
      cssTarget: 'chrome108',
      rollupOptions: { input: { index: resolve(root, 'renderer/index.html') } },
    },
  },
});
