import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Attempts } from '../../../scripts/lib/cache.mjs';
import { describeEngine, installedEngineFiles, provisionEngine } from '../../../scripts/provision-engine.mjs';

const project = resolve(import.meta.dirname, '../../..');
const realPackage = join(project, 'node_modules/@tensorflow/tfjs-node');
const native = installedEngineFiles(project) !== null;
const path = process.env.PATH;
let directory = '';
let root = '';
let cache = '';

/** A check-out whose tfjs-node has an installer of our own; the count of its runs stands in `runs`. */
function makeCheckout(installer: string): void {
  const target = join(root, 'node_modules/@tensorflow/tfjs-node');
  mkdirSync(join(target, 'scripts'), { recursive: true });
  mkdirSync(join(target, 'binding'));
  writeFileSync(join(target, 'binding.gyp'), '{}');
  writeFileSync(join(target, 'package.json'), JSON.stringify({ version: '4.22.0', main: 'index.cjs' }));
  // Stands for the package's own code: the real one, so that the check after linking really computes.
  writeFileSync(join(target, 'index.cjs'), `module.exports = require(${JSON.stringify(realPackage)});`);
  writeFileSync(
    join(target, 'scripts/install.js'),
    `const fs = require('fs'); fs.appendFileSync(${JSON.stringify(join(directory, 'runs'))}, 'x'); ${installer}`,
  );
}

/** Does what tfjs-node's installer does on a machine with a network: libraries and addon beside its scripts. */
const goodInstaller = `
  const path = require('path');
  const place = path.join(__dirname, '..');
  const source = ${JSON.stringify(realPackage)};
  fs.cpSync(path.join(source, 'lib'), path.join(place, 'lib'), { recursive: true });
  fs.mkdirSync(path.join(place, 'deps/lib'), { recursive: true });
  for (const name of fs.readdirSync(path.join(source, 'deps/lib'))) {
    const [from, to] = [source, place].map((base) => path.join(base, 'deps/lib', name));
    if (fs.lstatSync(from).isSymbolicLink()) fs.symlinkSync(fs.readlinkSync(from), to);
    else {
      // 600 MB: a link where the disk is the same.
      try { fs.linkSync(from, to); } catch { fs.copyFileSync(from, to); }
    }
  }`;

const runs = () =>
  existsSync(join(directory, 'runs')) ? readFileSync(join(directory, 'runs'), 'utf8').length : 0;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'descent-provision-'));
  root = join(directory, 'checkout');
  cache = join(directory, 'cache');
});

afterEach(() => {
  process.env.PATH = path;
  rmSync(directory, { recursive: true, force: true });
});

describe('providing the engine without a network, pip and compiler', () => {
  const lines: string[] = [];
  const say = (line: string) => lines.push(line);

  it('falls back on WebAssembly, naming what was missing and how to get it, in one line', async () => {
    makeCheckout(`console.error('Error: getaddrinfo ENOTFOUND somewhere'); process.exit(1);`);
    process.env.PATH = join(directory, 'nothing');
    const engine = await provisionEngine({ root, cache, say });
    expect(engine.kind).toBe('wasm');
    const line = describeEngine(engine);
    expect(line).toContain('WebAssembly');
    expect(line).toContain('slower');
    expect(line).toContain('ENOTFOUND');
    if (process.platform === 'linux' && process.arch === 'x64') expect(line).toContain('pip');
    expect(line).not.toContain('\n');
  });

  it('does not try again the same day, unless it is asked to', async () => {
    makeCheckout('process.exit(1);');
    process.env.PATH = join(directory, 'nothing');
    await provisionEngine({ root, cache, say });
    const again = await provisionEngine({ root, cache, say });
    expect(again.kind).toBe('wasm');
    expect(runs()).toBe(1);
    await provisionEngine({ root, cache, say, attempts: new Attempts(cache, { retry: true }) });
    expect(runs()).toBe(2);
  });

  it('leaves no half of an engine behind', async () => {
    makeCheckout(`
      const path = require('path');
      fs.mkdirSync(path.join(__dirname, '../deps/lib'), { recursive: true });
      fs.mkdirSync(path.join(__dirname, '../lib/napi-v8'), { recursive: true });
      fs.writeFileSync(path.join(__dirname, '../deps/lib/libtensorflow.so'), 'torn');
      fs.writeFileSync(path.join(__dirname, '../lib/napi-v8/tfjs_binding.node'), 'torn');`);
    process.env.PATH = join(directory, 'nothing');
    const engine = await provisionEngine({ root, cache, say });
    expect(engine.kind).toBe('wasm');
    expect(installedEngineFiles(root)).toBeNull();
    expect(existsSync(join(cache, 'engine')) ? readdirSync(join(cache, 'engine')) : []).toEqual([]);
  });
});

describe.runIf(native)('providing the engine from a download', () => {
  it('puts it into node_modules and keeps it for the next check-out, which needs no network', async () => {
    makeCheckout(goodInstaller);
    const first = await provisionEngine({ root, cache, say: () => undefined });
    expect(first).toMatchObject({ kind: 'node', from: 'the installer of tfjs-node' });
    const files = installedEngineFiles(root);
    expect(files).not.toBeNull();
    expect(lstatSync(files![0]!).isSymbolicLink()).toBe(false);
    expect(statSync(files![1]!).size).toBe(statSync(installedEngineFiles(project)![1]!).size);

    rmSync(root, { recursive: true });
    makeCheckout('process.exit(1);');
    const second = await provisionEngine({ root, cache, say: () => undefined });
    expect(second.kind).toBe('node');
    expect(runs()).toBe(1);
  });

  it('fetches a damaged one again', async () => {
    makeCheckout(goodInstaller);
    await provisionEngine({ root, cache, say: () => undefined });
    const addon = installedEngineFiles(root)![0]!;
    const [entry] = readdirSync(join(cache, 'engine')).filter((name) => !name.endsWith('.lock'));
    const kept = join(cache, 'engine', entry!, 'lib', addon.split(/[\\/]/).at(-2)!, 'tfjs_binding.node');
    truncateSync(kept, 1000);
    // Here the package's code stands elsewhere, so the check has to look at the addon that was laid down.
    writeFileSync(
      join(root, 'node_modules/@tensorflow/tfjs-node/index.cjs'),
      `require(${JSON.stringify(addon)}); module.exports = require(${JSON.stringify(realPackage)});`,
    );
    const engine = await provisionEngine({ root, cache, say: () => undefined });
    expect(engine.kind).toBe('node');
    expect(runs()).toBe(2);
    expect(statSync(kept).size).toBe(statSync(addon).size);
    expect(dirname(addon)).toContain('napi-v');
  });
});
