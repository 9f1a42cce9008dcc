// `npm run dist`: builds, puts real files (no links into the cache) where electron-builder packs them, and packs.
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory, projectLock, withLock } from './lib/cache.mjs';
import { run } from './lib/run.mjs';
import { say } from './lib/say.mjs';
import { describeEngine, provisionEngine } from './provision-engine.mjs';

const root = realpathSync(dirname(dirname(fileURLToPath(import.meta.url))));
const cache = cacheDirectory();
await import('./prepare.mjs');
if (!process.exitCode) {
  const engine = await withLock(projectLock(cache, root), () => provisionEngine({ root, cache, copy: true }));
  say(describeEngine(engine));
  const builder = join(root, 'node_modules', 'electron-builder', 'cli.js');
  const answer = await run(process.execPath, [builder, '--publish', 'never', ...process.argv.slice(2)], {
    cwd: root,
    show: true,
  });
  process.exitCode = answer.status ?? 1;
}
