// Provides the native TensorFlow engine in node_modules/@tensorflow/tfjs-node, or says what is missing for it.
// Depends on nothing but Node, since it runs before anything is sure to be installed.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Attempts, cacheDirectory, projectLock, publish, withLock, writeWhole } from './lib/cache.mjs';
import { replaceTree } from './lib/files.mjs';
import { findPip, findProgram, run } from './lib/run.mjs';
import { lastWords, say as sayLine } from './lib/say.mjs';
import { unpackZip } from './lib/zip.mjs';

export const TENSORFLOW_WHEEL_VERSION = '2.15.1';
// Raised when the way of building or packing changes, so that older cache entries are left alone.
const RECIPE = 1;
const MINUTE = 60_000;
const checker = fileURLToPath(new URL('lib/check-engine.cjs', import.meta.url));

class Missing extends Error {
  constructor(part, remedy) {
    super(part);
    this.remedy = remedy;
  }
}

const packageDirectory = (root) => join(root, 'node_modules', '@tensorflow', 'tfjs-node');
const platformName = `${process.platform}-${process.arch}`;

/** The addon and the library that it needs, as installed; null where one of them is not there. */
export function installedEngineFiles(root) {
  const libraries = join(packageDirectory(root), 'lib');
  if (!existsSync(libraries)) return null;
  for (const name of readdirSync(libraries)) {
    const addon = join(libraries, name, 'tfjs_binding.node');
    if (!/^napi-v\d+$/.test(name) || !existsSync(addon)) continue;
    const places = [join(packageDirectory(root), 'deps', 'lib'), join(libraries, name)];
    const library = places
      .filter((place) => existsSync(place))
      .flatMap((place) => readdirSync(place).map((file) => join(place, file)))
      .find(
        (file) =>
          /(^|[\\/])(lib)?tensorflow(_cc)?\.(so\.2|so|dylib|2\.dylib|dll)$/.test(file) && existsSync(file),
      );
    if (library) return [addon, library];
  }
  return null;
}

/** Loads an addon or package in a child process and computes with it. Returns TensorFlow's version, or the reason why not. */
async function check(path) {
  const answer = await run(process.execPath, [checker, path], { timeout: 2 * MINUTE });
  if (answer.ok) return { version: JSON.parse(answer.stdout.trim().split('\n').at(-1)).version };
  const reason = answer.timedOut
    ? 'no answer in two minutes'
    : answer.signal
      ? `ended by ${answer.signal}`
      : (/^\w*Error: .*$/m.exec(answer.output)?.[0] ?? lastWords(answer.output));
  return { reason };
}

function addonOf(directory) {
  const libraries = join(directory, 'lib');
  const name = existsSync(libraries)
    ? readdirSync(libraries).find((entry) => existsSync(join(libraries, entry, 'tfjs_binding.node')))
    : undefined;
  return name ? join(libraries, name, 'tfjs_binding.node') : null;
}

/** Way 1: tfjs-node's own installer, in a copy of its package, so that a broken download leaves nothing behind. */
async function fillByOwnInstaller(root, staging, say) {
  const source = packageDirectory(root);
  for (const part of ['scripts', 'binding', 'binding.gyp', 'package.json'])
    cpSync(join(source, part), join(staging, part), { recursive: true });
  say('Set-up: fetching TensorFlow by the installer of tfjs-node ...');
  const modules = [join(source, 'node_modules'), join(root, 'node_modules')];
  const answer = await run(process.execPath, [join(staging, 'scripts', 'install.js')], {
    cwd: staging,
    timeout: 10 * MINUTE,
    env: {
      ...process.env,
      NODE_PATH: modules.join(delimiter),
      PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
    },
  });
  const addon = addonOf(staging);
  if (!answer.ok || !addon || !existsSync(join(staging, 'deps', 'lib'))) {
    const code = /\b(ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|CERT_\w+)\b/.exec(
      answer.output,
    )?.[1];
    throw new Missing(
      answer.timedOut
        ? 'the download took too long'
        : `the download failed (${code ?? (lastWords(answer.output) || 'no addon came')})`,
      'set up again with a network: npm run setup -- --retry',
    );
  }
  for (const part of ['scripts', 'binding', 'binding.gyp', 'package.json', 'build', join('deps', 'include')])
    rmSync(join(staging, part), { recursive: true, force: true });
}

/** Way 2 (Linux x64): TensorFlow's libraries and headers from its Python wheel, and the addon compiled against them. */
async function fillFromWheel(root, staging, say) {
  if (platformName !== 'linux-x64')
    throw new Missing(
      `no TensorFlow wheel is used on ${platformName}`,
      'only the installer of tfjs-node serves this system',
    );
  const compiler = process.env.CXX ? findProgram(process.env.CXX) : findProgram('g++', 'clang++', 'c++');
  const headers = join(root, 'node_modules', 'node-api-headers', 'include');
  const pip = await findPip();
  if (!pip) throw new Missing('pip', 'install Python 3 with pip, then: npm run setup -- --retry');
  if (!compiler)
    throw new Missing(
      'a C++ compiler',
      'install g++ (Debian: apt install g++), then: npm run setup -- --retry',
    );
  if (!existsSync(headers))
    throw new Missing(
      'the package node-api-headers',
      'run npm install without --omit=dev, then: npm run setup -- --retry',
    );

  const download = join(staging, 'download');
  mkdirSync(download);
  say(`Set-up: fetching TensorFlow ${TENSORFLOW_WHEEL_VERSION} by pip (207 MB, once) ...`);
  const [command, ...first] = pip;
  const selection = [
    '--no-deps',
    '--only-binary=:all:',
    '--python-version',
    '3.11',
    '--platform',
    'manylinux2014_x86_64',
  ];
  const quiet = ['--quiet', '--no-input', '--disable-pip-version-check', '--retries', '2'];
  const answer = await run(
    command,
    [
      ...first,
      'download',
      ...quiet,
      ...selection,
      '--dest',
      download,
      `tensorflow-cpu==${TENSORFLOW_WHEEL_VERSION}`,
    ],
    { timeout: 20 * MINUTE },
  );
  const wheel = readdirSync(download).find((name) => name.endsWith('.whl'));
  if (!answer.ok || !wheel)
    throw new Missing(
      answer.timedOut
        ? 'the network (pip took too long)'
        : `the network (${lastWords(answer.output) || 'pip brought nothing'})`,
      'set up again with a network: npm run setup -- --retry',
    );

  say('Set-up: unpacking TensorFlow and compiling its addon ...');
  const libraries = ['tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2'];
  await unpackZip(
    join(download, wheel),
    download,
    (name) =>
      libraries.includes(name) ||
      name === 'tensorflow/THIRD_PARTY_NOTICES.txt' ||
      /^tensorflow_cpu-[^/]+\.dist-info\/LICENSE$/.test(name) ||
      /^tensorflow\/include\/(tensorflow\/c|tensorflow\/core\/platform|tsl\/c|tsl\/platform)\//.test(name),
  );
  const deps = join(staging, 'deps', 'lib');
  mkdirSync(deps, { recursive: true });
  for (const [file, alias] of [
    ['libtensorflow_cc.so.2', 'libtensorflow.so'],
    ['libtensorflow_framework.so.2', 'libtensorflow_framework.so'],
  ]) {
    renameSync(join(download, 'tensorflow', file), join(deps, file));
    symlinkSync(file, join(deps, alias));
  }
  renameSync(
    join(download, 'tensorflow', 'THIRD_PARTY_NOTICES.txt'),
    join(staging, 'deps', 'THIRD_PARTY_NOTICES.txt'),
  );
  const licence = readdirSync(download).find((name) => name.endsWith('.dist-info'));
  if (licence) renameSync(join(download, licence, 'LICENSE'), join(staging, 'deps', 'LICENSE'));

  const target = join(staging, 'lib', 'napi-v8');
  mkdirSync(target, { recursive: true });
  const sources = join(packageDirectory(root), 'binding');
  const built = await run(
    compiler,
    [
      '-shared',
      '-fPIC',
      '-O2',
      '-std=c++17',
      '-DNAPI_VERSION=8',
      '-w',
      `-I${join(download, 'tensorflow', 'include')}`,
      `-I${headers}`,
      ...readdirSync(sources)
        .filter((name) => name.endsWith('.cc'))
        .map((name) => join(sources, name)),
      `-L${deps}`,
      '-ltensorflow',
      '-ltensorflow_framework',
      '-Wl,-rpath,$ORIGIN/../../deps/lib',
      '-o',
      join(target, 'tfjs_binding.node'),
    ],
    { timeout: 10 * MINUTE },
  );
  if (!built.ok)
    throw new Missing(
      `a C++ compiler that builds the addon (${lastWords(built.output)})`,
      'install g++ 9 or newer, then: npm run setup -- --retry',
    );
  rmSync(download, { recursive: true, force: true });
}

const ways = [
  { name: 'tfjs-node', title: 'the installer of tfjs-node', fill: fillByOwnInstaller },
  { name: 'wheel', title: `the TensorFlow ${TENSORFLOW_WHEEL_VERSION} wheel`, fill: fillFromWheel },
];

function entryName(root, way) {
  const { version } = JSON.parse(readFileSync(join(packageDirectory(root), 'package.json'), 'utf8'));
  const library = way.name === 'wheel' ? `_tensorflow-${TENSORFLOW_WHEEL_VERSION}` : '';
  return join('engine', `${way.name}_tfjs-node-${version}${library}_${platformName}_${RECIPE}`);
}

/** Fills the cache entry of one way, where it is not there yet, and checks it by computing with it. */
async function obtain(root, cache, way, say) {
  const name = entryName(root, way);
  if (existsSync(join(cache, name))) return join(cache, name);
  return publish(cache, name, async (staging) => {
    await way.fill(root, staging, say);
    const result = await check(addonOf(staging));
    if (!result.version)
      throw new Missing(`what TensorFlow needs of this system (${result.reason})`, 'see descent doctor');
    writeWhole(join(staging, 'engine.json'), JSON.stringify({ from: way.title, version: result.version }));
  });
}

async function install(root, entry, copy) {
  mkdirSync(packageDirectory(root), { recursive: true });
  for (const part of ['deps', 'lib'])
    replaceTree(join(entry, part), join(packageDirectory(root), part), { copy });
  return check(packageDirectory(root));
}

/**
 * Brings the native engine into node_modules; never throws because of a missing part.
 * @param {{root: string, cache?: string, attempts?: Attempts, say?: (line: string) => void, copy?: boolean}} options
 *   copy: real files instead of links into the cache, for packaging
 * @returns {Promise<{kind: 'node', version: string, from: string} | {kind: 'wasm', missing: {part: string, remedy: string}[]}>}
 */
export async function provisionEngine({
  root,
  cache = cacheDirectory(),
  attempts = new Attempts(cache),
  say = sayLine,
  copy = false,
}) {
  if (!existsSync(join(packageDirectory(root), 'package.json')))
    return {
      kind: 'wasm',
      missing: [{ part: 'the package @tensorflow/tfjs-node', remedy: 'run npm install' }],
    };
  const cached = ways.filter((way) => existsSync(join(cache, entryName(root, way))));
  if (cached.length === 0 && installedEngineFiles(root)) {
    const found = await check(packageDirectory(root));
    if (found.version)
      return { kind: 'node', version: found.version, from: 'node_modules, where it already was' };
  }
  const missing = [];
  // What is in the cache needs no network: it goes before another attempt to download something better.
  for (const way of [...cached, ...ways.filter((way) => !cached.includes(way))]) {
    const lately = cached.includes(way) ? null : attempts.lately(`engine ${way.name}`);
    if (lately) {
      missing.push(lately);
      continue;
    }
    try {
      let entry = await withLock(
        join(cache, `${entryName(root, way)}.lock`),
        () => obtain(root, cache, way, say),
        {
          waiting: () => say('Set-up: waiting for another set-up that fetches TensorFlow ...'),
        },
      );
      let result = await install(root, entry, copy);
      if (!result.version && cached.includes(way)) {
        // A damaged entry (a disk that was full, a file removed by hand) is fetched once more.
        rmSync(entry, { recursive: true, force: true });
        entry = await obtain(root, cache, way, say);
        result = await install(root, entry, copy);
      }
      if (!result.version)
        throw new Missing(`what TensorFlow needs of this system (${result.reason})`, 'see descent doctor');
      attempts.worked(`engine ${way.name}`);
      return { kind: 'node', version: result.version, from: way.title };
    } catch (error) {
      const reason = { part: error.message, remedy: error.remedy ?? 'npm run setup -- --retry' };
      attempts.failed(`engine ${way.name}`, reason);
      missing.push(reason);
    }
  }
  for (const part of ['deps', 'lib'])
    rmSync(join(packageDirectory(root), part), { recursive: true, force: true });
  return { kind: 'wasm', missing };
}

/** The one line that says which engine there is. */
export function describeEngine(engine) {
  if (engine.kind === 'node')
    return `Set-up: native engine, TensorFlow ${engine.version} (from ${engine.from}).`;
  const reasons = engine.missing.map(({ part }) => part).join('; ');
  return `Set-up: WebAssembly engine, training is slower. For the native one this was missing: ${reasons}. ${engine.missing.at(-1)?.remedy ?? ''}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const cache = cacheDirectory();
  const attempts = new Attempts(cache, { retry: process.argv.includes('--retry') });
  const engine = await withLock(projectLock(cache, root), () =>
    provisionEngine({ root, cache, attempts, copy: process.argv.includes('--copy') }),
  );
  sayLine(describeEngine(engine));
}
