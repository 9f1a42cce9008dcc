import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const scripts = resolve(import.meta.dirname, '../../../scripts');
let directory = '';
let root = '';

/** Stands in for npm: writes down what it was asked and lays the one package of the lock file. */
const fakeNpm = `
  const fs = require('node:fs');
  fs.appendFileSync(process.env.FAKE_NPM_RECORD, JSON.stringify({ args: process.argv.slice(2), onnx: process.env.ONNXRUNTIME_NODE_INSTALL }) + '\\n');
  console.log('something on standard output');
  if (process.env.FAKE_NPM_FAILS) { console.error('npm error no network'); process.exit(1); }
  const lock = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'));
  delete lock.packages[''];
  fs.mkdirSync('node_modules/thing', { recursive: true });
  fs.mkdirSync('node_modules/.bin', { recursive: true });
  fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify(lock));`;

function writeLock(version: string): void {
  writeFileSync(
    join(root, 'package-lock.json'),
    JSON.stringify({
      packages: {
        '': { name: 'descent' },
        'node_modules/thing': { version },
        'node_modules/elsewhere': { version: '1.0.0', optional: true, os: ['another'] },
      },
    }),
  );
}

function setUp(args: string[] = [], environment: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/setup.mjs'), ...args], {
    encoding: 'utf8',
    cwd: directory,
    env: {
      ...process.env,
      PATH: join(directory, 'nothing'),
      npm_execpath: join(directory, 'npm.cjs'),
      FAKE_NPM_RECORD: join(directory, 'npm-calls'),
      DESCENT_CACHE: join(directory, 'cache'),
      ...environment,
    },
  });
  return { status, stdout, stderr };
}

function npmCalls(): { args: string[]; onnx: string }[] {
  const path = join(directory, 'npm-calls');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { args: string[]; onnx: string });
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'descent setup é '));
  root = join(directory, 'checkout');
  mkdirSync(root);
  cpSync(scripts, join(root, 'scripts'), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"name": "descent"}');
  writeFileSync(join(directory, 'npm.cjs'), fakeNpm);
  writeLock('1.0.0');
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('set-up', () => {
  it('installs without install scripts, says on standard error what it got, and notes it for doctor', () => {
    const { status, stdout, stderr } = setUp();
    expect(status).toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain('installing packages');
    expect(stderr).toContain('WebAssembly engine');
    expect(stderr).toContain('opens in the browser');
    expect(npmCalls()).toHaveLength(1);
    expect(npmCalls()[0]!.args).toEqual(expect.arrayContaining(['ci', '--ignore-scripts']));
    expect(npmCalls()[0]!.onnx).toBe('skip');
    const noted = JSON.parse(readFileSync(join(root, 'node_modules/.descent/setup.json'), 'utf8'));
    expect(noted.engine.kind).toBe('wasm');
    expect(noted.electron).toBeNull();
    for (const { part, remedy } of noted.missing) {
      expect(part).not.toBe('');
      expect(remedy).not.toBe('');
    }
  });

  it('does nothing and says nothing when all is in place', () => {
    setUp();
    const noted = join(root, 'node_modules/.descent/setup.json');
    const before = statSync(noted).mtimeMs;
    const { status, stdout, stderr } = setUp();
    expect(status).toBe(0);
    expect(stdout + stderr).toBe('');
    expect(statSync(noted).mtimeMs).toBe(before);
    expect(npmCalls()).toHaveLength(1);
  });

  it('installs again when a locked version changed, and not when only the file did', () => {
    setUp();
    writeLock('2.0.0');
    setUp();
    expect(npmCalls()).toHaveLength(2);
    const lock = join(root, 'package-lock.json');
    writeFileSync(lock, `${readFileSync(lock, 'utf8')}\n`);
    expect(setUp().status).toBe(0);
    expect(npmCalls()).toHaveLength(2);
  });

  it('installs again when an installation was cut short', () => {
    setUp();
    rmSync(join(root, 'node_modules/.package-lock.json'));
    setUp();
    expect(npmCalls()).toHaveLength(2);
  });

  it('ends with 1 and the reason when the packages cannot be installed', () => {
    const { status, stderr, stdout } = setUp([], { FAKE_NPM_FAILS: '1' });
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('npm error no network');
    expect(existsSync(join(root, 'node_modules/.descent/setup.json'))).toBe(false);
  });

  it('looks again for what was missing when asked to', () => {
    setUp();
    const { stderr } = setUp(['--retry']);
    expect(stderr).toContain('WebAssembly engine');
    expect(npmCalls()).toHaveLength(1);
  });
});
