import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const scripts = resolve(import.meta.dirname, '../../../scripts');
let directory = '';
let root = '';

/** Stands in for the command line: tells how it was called; `wait` stays until a signal comes. */
const fakeCommandLine = `
  const args = process.argv.slice(2);
  if (args.includes('wait')) {
    process.on('SIGTERM', () => { process.stdout.write('checkpoint\\n'); process.exit(130); });
    setInterval(() => undefined, 1000);
  } else process.exitCode = args.includes('fail') ? 2 : 0;
  process.stdout.write(JSON.stringify({ args, directory: process.cwd(), node: process.env.DESCENT_NODE ?? null }) + '\\n');`;

/** Stands in for Electron: a shell script, since any program will do. */
function writeElectron(old: boolean, body: string): void {
  const path = join(root, 'electron');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  mkdirSync(join(root, 'node_modules/.descent'), { recursive: true });
  writeFileSync(
    join(root, 'node_modules/.descent/setup.json'),
    JSON.stringify({
      electron: { path, args: old ? [] : [root], version: '1', node: '1', old, from: 'a test' },
    }),
  );
}

function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...rest } = process.env;
  return { ...rest, INIT_CWD: directory, ...more };
}

function start(args: string[], more: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, [join(root, 'scripts/start.mjs'), ...args], {
    encoding: 'utf8',
    cwd: root,
    env: environment(more),
  });
}

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'descent start é ')));
  root = join(directory, 'checkout');
  mkdirSync(join(root, 'out/main'), { recursive: true });
  cpSync(scripts, join(root, 'scripts'), { recursive: true });
  writeFileSync(join(root, 'out/main/cli.cjs'), fakeCommandLine);
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('npm start with arguments', () => {
  it('runs the command line where the person stands, with nothing else on standard output', () => {
    const { status, stdout, stderr } = start(['train', 'my pictures', '--json']);
    expect(status).toBe(0);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ args: ['train', 'my pictures', '--json'], directory, node: null });
  });

  it('ends with the status of the command line', () => {
    expect(start(['fail']).status).toBe(2);
  });

  it('lets a signal reach the command line, which may still write a checkpoint', async () => {
    const child = spawn(process.execPath, [join(root, 'scripts/start.mjs'), 'wait'], {
      cwd: root,
      env: environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    const [status] = await once(child, 'close');
    expect(status).toBe(130);
    expect(output).toContain('checkpoint');
  });
});

describe.runIf(process.platform === 'linux')('npm start without arguments', () => {
  it('opens the studio in the browser where there is no display, and says why', () => {
    writeElectron(true, 'echo electron');
    const { stdout, stderr } = start([]);
    expect(JSON.parse(stdout).args).toEqual(['--web']);
    expect(stderr).toContain('no display');
  });

  it('opens it in the browser where there is no Electron, and says how to look again', () => {
    const { stdout, stderr } = start([], { DISPLAY: ':1' });
    expect(JSON.parse(stdout).args).toEqual(['--web']);
    expect(stderr).toContain('npm run setup -- --retry');
  });

  it('opens Electron on this check-out, never as Node', () => {
    writeElectron(false, 'echo "args=$* node=$DESCENT_NODE as-node=$ELECTRON_RUN_AS_NODE"');
    const { status, stdout, stderr } = start([], { DISPLAY: ':1', ELECTRON_RUN_AS_NODE: '1' });
    expect(status).toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain(`${root} node= as-node=\n`);
    expect(stderr.includes('--no-sandbox')).toBe(process.getuid?.() === 0);
  });

  it('lends an old Electron this Node', () => {
    writeElectron(true, 'echo "node=$DESCENT_NODE"');
    expect(start([], { DISPLAY: ':1' }).stderr).toContain(`node=${process.execPath}\n`);
  });

  it('falls back on the browser when Electron fails at its start', () => {
    writeElectron(false, 'echo "error while loading shared libraries"; exit 127');
    const { status, stdout, stderr } = start([], { DISPLAY: ':1' });
    expect(status).toBe(0);
    expect(stderr).toContain('could not start (status 127)');
    expect(JSON.parse(stdout).args).toEqual(['--web']);
  });

  it('passes a signal on to Electron and leaves no process', async () => {
    writeElectron(false, 'echo started $$; trap "exit 0" TERM; while true; do sleep 0.1; done');
    const child = spawn(process.execPath, [join(root, 'scripts/start.mjs')], {
      cwd: root,
      env: environment({ DISPLAY: ':1' }),
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    let words = '';
    child.stderr.on('data', (chunk) => {
      words += chunk;
    });
    while (!words.includes('started ')) await once(child.stderr, 'data');
    const electron = Number(/started (\d+)/.exec(words)![1]);
    child.kill('SIGTERM');
    await once(child, 'close');
    expect(() => process.kill(electron, 0)).toThrow();
  });
});
