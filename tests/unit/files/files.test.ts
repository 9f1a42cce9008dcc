import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  recoverDirectory,
  removeStalePartials,
  writeDirectoryAtomically,
  writeFileAtomically,
} from '../../../src/files/node/atomic';
import { confine } from '../../../src/files/node/confine';
import { directorySize } from '../../../src/files/node/directory-size';
import { withLock } from '../../../src/files/node/lock';
import { makeDirectory } from '../../../src/files/node/make-directory';
import { isProcessAlive, ownProcessIdentity } from '../../../src/files/node/process-identity';
import { moveToTrash } from '../../../src/files/node/trash';
import { userDirectories } from '../../../src/files/node/user-directories';
import { bundleForNode } from '../../support/bundle';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'descent-files-'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true, force: true });
});

describe('making folders', () => {
  it('makes what is missing, several times at once, and leaves what is there', async () => {
    const deep = join(root, 'a', 'b', 'c');
    await Promise.all([makeDirectory(deep), makeDirectory(deep), makeDirectory(join(root, 'a', 'd'))]);
    await writeFile(join(deep, 'kept'), 'kept');
    await makeDirectory(deep);
    expect(await readdir(join(root, 'a'))).toEqual(['b', 'd']);
    expect(await readFile(join(deep, 'kept'), 'utf8')).toBe('kept');
  });

  it('refuses a file in the way', async () => {
    await writeFile(join(root, 'file'), '');
    await expect(makeDirectory(join(root, 'file'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(makeDirectory(join(root, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it.runIf(process.platform === 'linux')('ends where nothing can be made', async () => {
    await expect(makeDirectory('/proc/descent/below')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('writing files atomically', () => {
  it('makes folders, replaces content and leaves nothing beside', async () => {
    const path = join(root, 'deep', 'er', 'run.json');
    await writeFileAtomically(path, 'first');
    await writeFileAtomically(path, Uint8Array.of(1, 2, 3));
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
    expect(await readdir(join(root, 'deep', 'er'))).toEqual(['run.json']);
  });

  it('keeps the order of writes that were not waited for', async () => {
    const path = join(root, 'file');
    await Promise.all(Array.from({ length: 50 }, (_, index) => writeFileAtomically(path, String(index))));
    expect(await readFile(path, 'utf8')).toBe('49');
  });

  it('shows a reader only whole contents', async () => {
    const path = join(root, 'file');
    await writeFileAtomically(path, 'a'.repeat(300_000));
    let writing = true;
    const reader = (async () => {
      let reads = 0;
      for (; writing; reads++) {
        const text = await readFile(path, 'utf8');
        expect(text).toBe(text[0]!.repeat(300_000));
      }
      return reads;
    })();
    for (const letter of 'bcdefghij') await writeFileAtomically(path, letter.repeat(300_000));
    writing = false;
    expect(await reader).toBeGreaterThan(0);
  });

  it.skipIf(process.platform === 'win32')(
    'keeps the old content when the disk fills up half-way',
    async () => {
      const program = await bundleForNode('tests/fixtures/record/write-under-limit.ts');
      const path = join(root, 'file');
      await writeFile(path, 'old');
      const child = spawn('bash', ['-c', 'ulimit -f 64; exec "$0" "$@"', process.execPath, program, path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      await once(child, 'close');
      expect(output.trim()).toBe('EFBIG');
      expect(await readFile(path, 'utf8')).toBe('old');
      expect(await readdir(root)).toEqual(['file']);
    },
  );
});

describe('writing folders atomically', () => {
  it('makes the folder appear whole, and replaces an existing one', async () => {
    const path = join(root, 'checkpoint');
    await writeDirectoryAtomically(path, async (temporary) => {
      await mkdir(join(temporary, 'inner'));
      await writeFile(join(temporary, 'inner', 'weights'), 'one');
      expect(await readdir(root)).not.toContain('checkpoint');
    });
    await writeDirectoryAtomically(path, (temporary) => writeFile(join(temporary, 'state.json'), 'two'));
    expect(await readdir(path)).toEqual(['state.json']);
    expect(await readdir(root)).toEqual(['checkpoint']);
  });

  it('keeps the old folder when filling the new one fails', async () => {
    const path = join(root, 'checkpoint');
    await writeDirectoryAtomically(path, (temporary) => writeFile(join(temporary, 'state.json'), 'old'));
    const failing = writeDirectoryAtomically(path, async (temporary) => {
      await writeFile(join(temporary, 'state.json'), 'half');
      throw new Error('out of memory');
    });
    await expect(failing).rejects.toThrow('out of memory');
    expect(await readFile(join(path, 'state.json'), 'utf8')).toBe('old');
    expect(await readdir(root)).toEqual(['checkpoint']);
  });

  it('puts back the old folder after a crash between the two renames', async () => {
    const path = join(root, 'checkpoint');
    await mkdir(`${path}.previous`);
    await writeFile(join(`${path}.previous`, 'state.json'), 'old');
    await recoverDirectory(path);
    expect(await readFile(join(path, 'state.json'), 'utf8')).toBe('old');
    await mkdir(`${path}.previous`);
    await recoverDirectory(path);
    expect(await readdir(root)).toEqual(['checkpoint']);
  });

  it('clears away what dead writers left, and only that', async () => {
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'close');
    await writeFile(join(root, `.run.json.${dead.pid}.0123456789ab.partial`), '');
    await writeFile(join(root, `.run.json.${process.pid}.0123456789ab.partial`), '');
    await writeFile(join(root, 'other.partial'), '');
    expect(await removeStalePartials(root)).toEqual([`.run.json.${dead.pid}.0123456789ab.partial`]);
    expect(await readdir(root)).toHaveLength(2);
  });
});

describe('locks', () => {
  it('let one action at a time', async () => {
    let inside = 0;
    await Promise.all(
      Array.from({ length: 8 }, () =>
        withLock(join(root, 'run.json'), async () => {
          expect(++inside).toBe(1);
          await new Promise((resolve) => setTimeout(resolve, 5));
          inside--;
        }),
      ),
    );
  });

  it('are released when the action fails, and refuse with a sentence when patience ends', async () => {
    const path = join(root, 'run.json');
    await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await withLock(path, async () => {
      await expect(withLock(path, async () => 1, { patience: 120 })).rejects.toMatchObject({
        code: 'busy',
        subject: path,
      });
    });
    expect(await withLock(path, async () => 'result')).toBe('result');
  });

  it('of a process that died are taken over', async () => {
    const path = join(root, 'run.json');
    await mkdir(`${path}.lock`);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${path}.lock`, longAgo, longAgo);
    expect(await withLock(path, async () => 'mine')).toBe('mine');
  });
});

describe('confining a path', () => {
  it('gives the path of what lies inside, existing or not, spaces and umlauts included', async () => {
    await mkdir(join(root, 'a b', 'ü'), { recursive: true });
    const real = confine(root, '');
    expect(confine(root, 'a b/ü')).toBe(join(real, 'a b', 'ü'));
    expect(confine(root, 'a b/../new/file')).toBe(join(real, 'new', 'file'));
    expect(confine(root, '..dots')).toBe(join(real, '..dots'));
  });

  it.each(['..', '../sibling', 'a/../../b', '/etc/passwd', 'x\0y', './../'])('refuses %j', (path) => {
    expect(() => confine(root, path)).toThrowError(expect.objectContaining({ code: 'forbidden' }));
  });

  it('refuses links that lead out, to files that exist or are to be made, directly or on the way', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'descent-outside-'));
    await writeFile(join(outside, 'secret'), '');
    await symlink(join(outside, 'secret'), join(root, 'file'));
    await symlink(join(outside, 'missing'), join(root, 'dangling'));
    await symlink(outside, join(root, 'folder'));
    await mkdir(join(root, 'inner'));
    await symlink(join(root, 'inner'), join(root, 'within'));
    for (const path of ['file', 'dangling', 'folder', 'folder/secret', 'folder/new/file']) {
      expect(() => confine(root, path), path).toThrowError(expect.objectContaining({ code: 'forbidden' }));
    }
    expect(confine(root, 'within/new')).toBe(join(confine(root, 'inner'), 'new'));
    await rm(outside, { recursive: true });
  });
});

describe('the rest', () => {
  it('adds up the bytes of a folder without following links', async () => {
    await mkdir(join(root, 'inner'));
    await writeFile(join(root, 'inner', 'a'), Buffer.alloc(1000));
    await writeFile(join(root, 'b'), Buffer.alloc(23));
    await symlink('/', join(root, 'everything'));
    const link = 1;
    expect(await directorySize(root)).toBe(1000 + 23 + link);
    expect(await directorySize(join(root, 'missing'))).toBe(0);
  });

  it('respects XDG folders and the named library', async () => {
    if (process.platform !== 'linux') return;
    vi.stubEnv('XDG_CACHE_HOME', join(root, 'cache'));
    vi.stubEnv('XDG_DATA_HOME', join(root, 'data'));
    vi.stubEnv('XDG_CONFIG_HOME', join(root, 'config'));
    vi.stubEnv('DESCENT_LIBRARY', '');
    await mkdir(join(root, 'config'));
    await mkdir(join(root, 'Dokumente'));
    await writeFile(
      join(root, 'config', 'user-dirs.dirs'),
      `XDG_DOCUMENTS_DIR="${join(root, 'Dokumente')}"\n`,
    );
    expect(userDirectories()).toEqual({
      cache: join(root, 'cache', 'descent'),
      data: join(root, 'data', 'descent'),
      config: join(root, 'config', 'descent'),
      documents: join(root, 'Dokumente'),
      library: join(root, 'Dokumente', 'Descent'),
    });
    await writeFile(join(root, 'config', 'user-dirs.dirs'), 'XDG_DOCUMENTS_DIR="$HOME/no such folder"\n');
    expect(userDirectories().documents).toBeUndefined();
    expect(userDirectories().library).toBe(join(root, 'data', 'Descent'));
    vi.stubEnv('DESCENT_LIBRARY', '/elsewhere');
    expect(userDirectories().library).toBe('/elsewhere');
    expect(homedir()).not.toBe('');
  });

  it('moves a folder to a trash, where it can be found again', async () => {
    vi.stubEnv('XDG_DATA_HOME', join(root, 'data'));
    await mkdir(join(root, 'run'));
    await writeFile(join(root, 'run', 'file'), 'kept');
    const place = await moveToTrash(join(root, 'run'));
    expect(await readdir(root)).not.toContain('run');
    if (place !== undefined) expect(await readFile(join(place, 'file'), 'utf8')).toBe('kept');
    await expect(moveToTrash(join(root, 'run'))).rejects.toThrow('ENOENT');
  });

  it('tells a living process from a dead one and from another with the same number', async () => {
    const own = ownProcessIdentity();
    expect(isProcessAlive(own)).toBe(true);
    expect(isProcessAlive({ ...own, started: own.started - 3_600_000 })).toBe(false);
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    expect(isProcessAlive({ pid: child.pid!, started: Date.now() })).toBe(true);
    expect(isProcessAlive({ pid: child.pid!, started: Date.now() - 3_600_000 })).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(isProcessAlive({ pid: child.pid!, started: Date.now() })).toBe(false);
  });
});
