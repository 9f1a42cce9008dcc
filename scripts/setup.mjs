// Makes a check-out ready to run: packages, native engine, Electron. Does nothing when all is in place.
// Called before `npm start` and `npm test`; depends on nothing but Node. All its words go to standard error.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readJson } from './lib/cache.mjs';
import { readSetup, setupFile } from './lib/setup-file.mjs';

const OLDEST = [20, 19];
const SCHEMA = 1;
const DAY = 24 * 3_600_000;
const root = realpathSync(dirname(dirname(fileURLToPath(import.meta.url))));

function nodeIsTooOld(version) {
  const [major, minor] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

function fits(entry) {
  const allows = (list, value) => {
    if (!list) return true;
    if (list.includes(`!${value}`)) return false;
    const positive = list.filter((name) => !name.startsWith('!'));
    return positive.length === 0 || positive.includes(value);
  };
  return allows(entry.os, process.platform) && allows(entry.cpu, process.arch);
}

/** The first package whose installed version is not the one in package-lock.json; null when all fit. */
function firstStalePackage() {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages;
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (!wanted || !installed) return 'node_modules';
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.link || !fits(entry)) continue;
    if (installed[path]?.version !== entry.version && !(entry.optional && !installed[path])) return path;
    if (!entry.optional && !existsSync(join(root, path))) return path;
  }
  return null;
}

function lockHash() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** What has to be there for a set-up to count as done: each file with its size, so that a torn copy is noticed. */
function describeFiles(paths) {
  return paths.map((path) => ({ path, size: statSync(path).size }));
}

function filesAreThere(files) {
  return files.every(({ path, size }) => {
    try {
      return statSync(path).size === size;
    } catch {
      return false;
    }
  });
}

function allInPlace(setup) {
  if (setup?.schema !== SCHEMA || setup.root !== root || setup.packageLock !== lockHash()) return false;
  if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) return false;
  if (setup.retryAfter !== null && Date.now() > setup.retryAfter) return false;
  return filesAreThere(setup.files);
}

async function installPackages({ say, runNpm, lastWords }) {
  say('Set-up: installing packages (once, about a minute) ...');
  const answer = await runNpm(
    ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      timeout: 30 * 60_000,
      env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip', PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' },
    },
  );
  if (answer.ok) return true;
  say(answer.output.trim());
  say(
    `Set-up: npm ci did not succeed (${lastWords(answer.output)}). Look at the lines above, then start again.`,
  );
  return false;
}

/** npm runs scripts on Windows by cmd.exe, which has no `exec`; our scripts say it so that signals reach Node. */
function provideExec() {
  if (process.platform === 'win32') writeFileSync(join(root, 'node_modules', '.bin', 'exec.cmd'), '@%*\r\n');
}

async function setUp(retry) {
  const { Attempts, cacheDirectory, projectLock, withLock, writeWhole } = await import('./lib/cache.mjs');
  const { runNpm } = await import('./lib/run.mjs');
  const { lastWords, say } = await import('./lib/say.mjs');
  const { describeEngine, installedEngineFiles, provisionEngine } = await import('./provision-engine.mjs');
  const { describeElectron, provisionElectron } = await import('./electron-runtime.mjs');
  const cache = cacheDirectory();
  const work = async () => {
    if (!retry && allInPlace(readSetup(root))) return 0;
    const stale = firstStalePackage();
    if (stale && !(await installPackages({ say, runNpm, lastWords }))) return 1;
    provideExec();
    const attempts = new Attempts(cache, { retry });
    const engine = await provisionEngine({ root, cache, attempts, say });
    say(describeEngine(engine));
    const found = await provisionElectron({ root, cache, attempts, say });
    say(describeElectron(found));
    const files = [
      ...(engine.kind === 'node' ? (installedEngineFiles(root) ?? []) : []),
      ...(found.electron ? [found.electron.path] : []),
    ];
    const missing = [...(engine.kind === 'wasm' ? engine.missing : []), ...found.missing];
    writeWhole(
      setupFile(root),
      JSON.stringify(
        {
          schema: SCHEMA,
          at: new Date().toISOString(),
          root,
          node: process.versions.node,
          packageLock: lockHash(),
          engine,
          electron: found.electron,
          missing,
          files: describeFiles(files),
          retryAfter: engine.kind === 'wasm' || found.electron === null ? Date.now() + DAY : null,
        },
        null,
        2,
      ),
    );
    return 0;
  };
  return withLock(projectLock(cache, root), work, {
    waiting: () => say('Set-up: waiting for another set-up of this folder ...'),
  });
}

async function main() {
  if (nodeIsTooOld(process.versions.node)) {
    process.stderr.write(
      `Descent needs Node ${OLDEST.join('.')} or newer; this is Node ${process.versions.node}. Install a current one and start again.\n`,
    );
    return 1;
  }
  const retry = process.argv.includes('--retry');
  if (!retry && allInPlace(readSetup(root))) return 0;
  return setUp(retry);
}

process.exitCode = await main();
