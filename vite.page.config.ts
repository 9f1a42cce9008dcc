import { copyFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from 'vite';

const root = import.meta.dirname;
const outDir = resolve(root, 'out/page');

// The page that goes out with a TF.js export: one classic script (module scripts don't load from a plain folder), one
// style sheet, one HTML file; TensorFlow.js and tfjs-vis inside, nothing fetched from elsewhere.
export default defineConfig({
  publicDir: false,
  define: { 'process.env.NODE_ENV': '"production"' },
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2020',
    chunkSizeWarningLimit: 4000,
    lib: {
      entry: resolve(root, 'src/export/page/main.ts'),
      formats: ['iife'],
      name: 'DescentPage',
      fileName: () => 'page.js',
      cssFileName: 'page',
    },
  },
  plugins: [
    {
      name: 'copy-page-html',
      closeBundle: () =>
        copyFileSync(resolve(root, 'src/export/page/index.html'), resolve(outDir, 'index.html')),
    },
  ],
});
