// Builds out/ by electron-vite, only when a source changed since the last build. All words go to standard error.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory, projectLock, readJson, withLock, writeWhole } from './lib/cache.mjs';
import { run } from './lib/run.mjs';
import { say } from './lib/say.mjs';

const root = realpathSync(dirname(dirname(fileURLToPath(import.meta.url))));
const stamp = join(root, 'out', '.build.json');
const SOURCES = [
  'electron',
  'renderer',
  'src',
  'electron.vite.config.ts',
  'vite.page.config.ts',
  'package.json',
  'package-lock.json',
];
const PRODUCTS = [
  'main/cli.cjs',
  'main/engine.cjs',
  'main/main.cjs',
  'main/studio.cjs',
  'preload/preload.cjs',
  'renderer/index.html',
  'page/index.html',
  'page/page.js',
];

function* filesUnder(path) {
  let entries;
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOTDIR') yield path;
    return;
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1)))
    if (!entry.name.startsWith('.')) yield* filesUnder(join(path, entry.name));
}

/** One hash over the names and contents of all sources: times change with every check-out, contents do not. */
function hashSources() {
  const hash = createHash('sha256');
  for (const source of SOURCES)
    for (const path of filesUnder(join(root, source))) {
      const content = readFileSync(path);
      hash.update(`${path.slice(root.length)}\0${content.length}\0`).update(content);
    }
  return hash.digest('hex');
}

function isBuilt(sources) {
  return (
    readJson(stamp)?.sources === sources && PRODUCTS.every((name) => existsSync(join(root, 'out', name)))
  );
}

async function build(sources) {
  const started = Date.now();
  say('Building ...');
  rmSync(stamp, { force: true });
  for (const [program, ...args] of [
    ['electron-vite/bin/electron-vite.js', 'build'],
    ['vite/bin/vite.js', 'build', '--config', 'vite.page.config.ts'],
  ]) {
    const answer = await run(process.execPath, [join(root, 'node_modules', program), ...args], {
      cwd: root,
      timeout: 15 * 60_000,
      env: { ...process.env, NODE_ENV: 'production', NO_COLOR: '1' },
    });
    if (answer.ok) continue;
    say(answer.output.trim());
    say('The build failed; the lines above say where.');
    return 1;
  }
  const absent = PRODUCTS.filter((name) => !existsSync(join(root, 'out', name)));
  if (absent.length > 0) {
    say(`The build left out ${absent.join(', ')}.`);
    return 1;
  }
  // A source edited during the build leaves this stamp behind the sources: the next start builds again.
  writeWhole(stamp, JSON.stringify({ sources, at: new Date().toISOString() }));
  say(`Built in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
  return 0;
}

async function main() {
  const force = process.argv.includes('--force');
  if (!force && isBuilt(hashSources())) return 0;
  return withLock(
    projectLock(cacheDirectory(), `${root} build`),
    async () => {
      const sources = hashSources();
      return !force && isBuilt(sources) ? 0 : build(sources);
    },
    { waiting: () => say('Waiting for another build of this folder ...') },
  );
}

process.exitCode = await main();
