import { tmpdir } from 'node:os';
import { join } from 'node:path';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';
import { pageHeaders } from '../../../src/channel/common/page-policy';

// `npx vite tests/support/dev-page` serves the window over the fixture studio; no engine, no files.
// `npx vite build tests/support/dev-page --outDir DIR` and `npx vite preview` do it under the product's strict policy.
export default defineConfig({
  plugins: [vue()],
  base: './',
  cacheDir: join(tmpdir(), 'descent-dev-page'),
  server: { port: Number(process.env.DEV_PAGE_PORT ?? 5199), strictPort: true },
  preview: {
    port: Number(process.env.DEV_PAGE_PORT ?? 5198),
    strictPort: true,
    headers: pageHeaders(),
  },
  build: { target: 'chrome108', cssTarget: 'chrome108', emptyOutDir: true },
});
