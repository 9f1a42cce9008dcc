import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Attempts, cacheDirectory, publish, withLock } from '../../../scripts/lib/cache.mjs';

const library = resolve(import.meta.dirname, '../../../scripts/lib/cache.mjs');
let cache = '';

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'descent-cache-'));
});

afterEach(() => {
  rmSync(cache, { recursive: true, force: true });
});

/** A process of its own that runs a piece of code with the cache's functions at hand. */
function startProcess(code: string) {
  const text = `import { appendFileSync, writeFileSync } from 'node:fs';
    import { join } from 'node:path';
    import { publish, withLock } from ${JSON.stringify(library)};
    const cache = ${JSON.stringify(cache)};
    const wait = (time) => new Promise((wake) => setTimeout(wake, time));
    ${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { child, ended: once(child, 'exit') as Promise<[number | null, string | null]> };
}

async function until(condition: () => boolean): Promise<void> {
  for (let round = 0; round < 400 && !condition(); round++) await new Promise((wake) => setTimeout(wake, 25));
  expect(condition()).toBe(true);
}

describe('the place of the cache', () => {
  it('is DESCENT_CACHE, or the one that each system has', () => {
    expect(cacheDirectory({ DESCENT_CACHE: '/my/cache' }, 'linux', '/home/ada')).toBe('/my/cache');
    expect(cacheDirectory({ XDG_CACHE_HOME: '/x/cache' }, 'linux', '/home/ada')).toBe('/x/cache/descent');
    expect(cacheDirectory({ XDG_CACHE_HOME: 'relative' }, 'linux', '/home/ada')).toBe(
      '/home/ada/.cache/descent',
    );
    expect(cacheDirectory({}, 'linux', '/home/ada')).toBe('/home/ada/.cache/descent');
    expect(cacheDirectory({}, 'darwin', '/Users/ada')).toBe('/Users/ada/Library/Caches/descent');
    expect(cacheDirectory({ LOCALAPPDATA: '/c/local' }, 'win32', '/c/ada')).toBe('/c/local/descent/Cache');
  });
});

describe('publishing a directory', () => {
  it('shows it only when it is whole', async () => {
    const published = await publish(cache, 'engine/one', async (staging) => {
      writeFileSync(join(staging, 'part'), 'a');
      expect(existsSync(join(cache, 'engine/one'))).toBe(false);
    });
    expect(readFileSync(join(published, 'part'), 'utf8')).toBe('a');
    expect(readdirSync(join(cache, 'staging'))).toEqual([]);
  });

  it('leaves nothing after a failure', async () => {
    await expect(
      publish(cache, 'engine/one', async (staging) => {
        writeFileSync(join(staging, 'part'), 'a');
        throw new Error('no network');
      }),
    ).rejects.toThrow('no network');
    expect(existsSync(join(cache, 'engine/one'))).toBe(false);
    expect(readdirSync(join(cache, 'staging'))).toEqual([]);
  });

  it('survives a kill in the middle: the next one starts anew', async () => {
    const { child, ended } = startProcess(`await publish(cache, 'engine/one', async (staging) => {
      writeFileSync(join(staging, 'half'), 'torn');
      await wait(60000);
    });`);
    await until(() => existsSync(join(cache, 'staging')) && readdirSync(join(cache, 'staging')).length === 1);
    child.kill('SIGKILL');
    await ended;
    expect(existsSync(join(cache, 'engine/one'))).toBe(false);
    const published = await publish(cache, 'engine/one', async (staging) => {
      writeFileSync(join(staging, 'whole'), 'b');
    });
    expect(readdirSync(published)).toEqual(['whole']);
  });

  it('sweeps the staging of a process that died more than an hour ago, and no other', async () => {
    const { child, ended } = startProcess('');
    await ended;
    const dead = join(cache, 'staging', `${child.pid}-0000`);
    const alive = join(cache, 'staging', `${process.pid}-0000`);
    for (const path of [dead, alive]) {
      mkdirSync(path, { recursive: true });
      utimesSync(path, new Date(), new Date(Date.now() - 2 * 3_600_000));
    }
    await publish(cache, 'engine/one', async () => undefined);
    expect(existsSync(dead)).toBe(false);
    expect(existsSync(alive)).toBe(true);
  });

  it('lets the first of two win and gives both its result', async () => {
    const make = (text: string) =>
      publish(cache, 'engine/one', async (staging) => {
        writeFileSync(join(staging, 'part'), text);
        await new Promise((wake) => setTimeout(wake, 30));
      });
    const [first, second] = await Promise.all([make('same'), make('same')]);
    expect(first).toBe(second);
    expect(readFileSync(join(first, 'part'), 'utf8')).toBe('same');
  });
});

describe('the lock', () => {
  it('keeps two processes from working at once', async () => {
    const record = join(cache, 'record');
    const code = `await withLock(join(cache, 'one.lock'), async () => {
      appendFileSync(${JSON.stringify(record)}, 'in ');
      await wait(150);
      appendFileSync(${JSON.stringify(record)}, 'out ');
    });`;
    const processes = [startProcess(code), startProcess(code), startProcess(code)];
    const statuses = await Promise.all(processes.map(({ ended }) => ended));
    expect(statuses.map(([status]) => status)).toEqual([0, 0, 0]);
    expect(readFileSync(record, 'utf8')).toBe('in out in out in out ');
    expect(existsSync(join(cache, 'one.lock'))).toBe(false);
  });

  it('passes over a holder that was killed', async () => {
    const { child, ended } = startProcess(`await withLock(join(cache, 'one.lock'), () => wait(60000));`);
    const lock = join(cache, 'one.lock');
    await until(() => existsSync(lock) && readFileSync(lock, 'utf8') !== '');
    child.kill('SIGKILL');
    await ended;
    expect(existsSync(lock)).toBe(true);
    let waited = false;
    const waiting = () => {
      waited = true;
    };
    await expect(withLock(lock, async () => 'mine', { waiting })).resolves.toBe('mine');
    expect(waited).toBe(false);
  });

  it('passes over a holder elsewhere whose heartbeat stopped, but waits for one that beats', async () => {
    const path = join(cache, 'one.lock');
    writeFileSync(path, JSON.stringify({ pid: 1, host: `not-${hostname()}`, token: 'x' }));
    let waited = false;
    setTimeout(() => utimesSync(path, new Date(), new Date(Date.now() - 60_000)), 400);
    const started = Date.now();
    await withLock(path, async () => undefined, {
      waiting: () => {
        waited = true;
      },
    });
    expect(waited).toBe(true);
    expect(Date.now() - started).toBeGreaterThanOrEqual(350);
  });

  it('is given back when the work fails', async () => {
    const path = join(cache, 'one.lock');
    await expect(
      withLock(path, async () => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(existsSync(path)).toBe(false);
  });
});

describe('failed attempts', () => {
  const reason = { part: 'the network', remedy: 'wait' };

  it('are remembered for a day, unless a new attempt is asked for', () => {
    let now = 1_000_000;
    const attempts = new Attempts(cache, { now: () => now });
    expect(attempts.lately('engine')).toBeNull();
    attempts.failed('engine', reason);
    expect(new Attempts(cache, { now: () => now }).lately('engine')).toEqual(reason);
    expect(attempts.lately('electron')).toBeNull();
    expect(new Attempts(cache, { now: () => now, retry: true }).lately('engine')).toBeNull();
    now += 25 * 3_600_000;
    expect(attempts.lately('engine')).toBeNull();
  });

  it('are forgotten once one works', () => {
    const attempts = new Attempts(cache);
    attempts.failed('engine', reason);
    attempts.worked('engine');
    expect(attempts.lately('engine')).toBeNull();
  });

  it('do not stop a set-up whose file of them is torn', () => {
    writeFileSync(join(cache, 'attempts.json'), '{"engine": {"at"');
    const attempts = new Attempts(cache);
    expect(attempts.lately('engine')).toBeNull();
    attempts.failed('engine', reason);
    expect(attempts.lately('engine')).toEqual(reason);
  });
});
