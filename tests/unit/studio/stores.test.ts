import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type DatasetSummary, datasetOptions } from '../../../src/contract/dataset';
import { Coalescer } from '../../../src/studio/node/coalesce';
import { browse } from '../../../src/studio/node/data/browse';
import { RecentFolders } from '../../../src/studio/node/data/recent-folders';
import { silentLogger } from '../../../src/studio/node/logger';
import { SettingsStore } from '../../../src/studio/node/settings-store';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'descent-stores-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

describe('settings', () => {
  it('keeps what was changed and nothing else', async () => {
    const store = new SettingsStore(directory, { path: '/library', fixed: false }, silentLogger);
    await store.change({ theme: 'dark' });
    await store.change({ jobsAtOnce: 3 });
    const again = new SettingsStore(directory, { path: '/library', fixed: false }, silentLogger);
    expect(await again.read()).toMatchObject({
      theme: 'dark',
      jobsAtOnce: 3,
      library: '/library',
      locale: 'en',
    });
  });

  it('does not write down a library that was named for one session', async () => {
    const session = new SettingsStore(directory, { path: '/tmp/other', fixed: true }, silentLogger);
    await session.change({ library: '/tmp/third', notify: false });
    expect((await session.read()).library).toBe('/tmp/other');
    const usual = new SettingsStore(directory, { path: '/library', fixed: false }, silentLogger);
    expect(await usual.read()).toMatchObject({ library: '/library', notify: false });
  });

  it('puts a file that is no settings file aside and goes on with defaults', async () => {
    const path = join(directory, 'settings.json');
    writeFileSync(path, '{"theme": "pink"');
    const store = new SettingsStore(directory, { path: '/library', fixed: false }, silentLogger);
    expect((await store.read()).theme).toBe('system');
    expect(readFileSync(`${path}.broken`, 'utf8')).toBe('{"theme": "pink"');
  });
});

describe('recent folders', () => {
  const summary = (path: string): DatasetSummary =>
    ({ path, name: 'a', kind: 'images', exampleCount: 5 }) as DatasetSummary;

  it('lists the folder that was opened last first, once, and says which are gone', async () => {
    const recent = new RecentFolders(directory, silentLogger);
    await recent.remember(summary(directory));
    await recent.remember(summary('/nowhere/at all'));
    await recent.remember(summary(directory));
    const list = await recent.list();
    expect(list.map(({ path, exists }) => [path, exists])).toEqual([
      [directory, true],
      ['/nowhere/at all', false],
    ]);
  });

  it('keeps the options of a folder also when it is taken off the list', async () => {
    const recent = new RecentFolders(directory, silentLogger);
    const options = datasetOptions.parse({ excluded: ['a/1.png'] });
    await recent.setOptions('/data', options);
    expect(await recent.list()).toEqual([]);
    await recent.remember(summary('/data'));
    expect(await recent.forget('/data')).toEqual([]);
    expect(await recent.options('/data')).toEqual(options);
  });
});

describe('browsing', () => {
  it('shows directories and tables of the home folder, and no hidden ones', async () => {
    vi.stubEnv('HOME', directory);
    mkdirSync(join(directory, 'pictures 10'));
    mkdirSync(join(directory, 'pictures 9'));
    mkdirSync(join(directory, '.ssh'));
    writeFileSync(join(directory, 'prices.CSV'), 'a,b\n');
    writeFileSync(join(directory, 'notes.txt'), '');
    const home = await browse();
    expect(home.parent).toBeNull();
    expect(home.directories.map(({ name }) => name)).toEqual(['pictures 9', 'pictures 10']);
    expect(home.files).toEqual([{ name: 'prices.CSV', path: join(directory, 'prices.CSV'), bytes: 4 }]);
    expect((await browse(join(directory, 'pictures 9'))).parent).toBe(directory);
  });

  it('does not leave the home folder, neither by a path nor by a link', async () => {
    vi.stubEnv('HOME', directory);
    symlinkSync('/etc', join(directory, 'settings'));
    for (const path of ['/etc', join(directory, '..'), join(directory, 'settings')]) {
      await expect(browse(path)).rejects.toMatchObject({ code: 'forbidden' });
    }
    await expect(browse(join(directory, 'missing'))).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('coalescing', () => {
  it('lets the first through at once and one more for all that came in between', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      let calls = 0;
      const coalescer = new Coalescer(100, () => calls++);
      for (let index = 0; index < 50; index++) coalescer.trigger();
      expect(calls).toBe(1);
      vi.advanceTimersByTime(100);
      expect(calls).toBe(2);
      vi.advanceTimersByTime(1000);
      expect(calls).toBe(2);
      coalescer.trigger();
      expect(calls).toBe(3);
    } finally {
      vi.useRealTimers();
    }
  });
});
