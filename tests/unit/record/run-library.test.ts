import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RunLibrary } from '../../../src/record/node/run-library';
import { newRun } from './job-frames';
import { scratchDirectory } from './scratch';

let library: RunLibrary;

beforeEach(async () => {
  vi.stubEnv('XDG_DATA_HOME', await scratchDirectory());
  library = await RunLibrary.open(await scratchDirectory());
});

afterEach(() => vi.unstubAllEnvs());

async function changeRunFile(id: string, change: Record<string, unknown>): Promise<void> {
  const path = join(library.directory, id, 'run.json');
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...change }));
}

async function deadOwner(): Promise<{ pid: number; started: number }> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'close');
  return { pid: child.pid!, started: Date.now() };
}

describe('the run library', () => {
  it('makes a run with a readable id and reads it back', async () => {
    const dataset = { name: 'Příliš žluťoučký/kůň', kind: 'images', task: 'classification' } as const;
    const run = await library.create(newRun({ dataset }));
    expect(run.id).toMatch(/^\d{8}T\d{6}Z-prilis-zlutoucky-kun-small-cnn-[a-z0-9]{4}$/);
    expect(run.name).toBe(`Příliš žluťoučký/kůň small-cnn ${run.id.slice(-4)}`);
    expect(run.status).toBe('queued');
    expect(run.owner!.pid).toBe(process.pid);
    expect(await library.read(run.id)).toEqual(run);
    const other = await library.create(newRun({ dataset: { ...dataset, name: '漢字' } }));
    expect(other.id).toMatch(/Z-data-small-cnn-/);
  });

  it('lists the newest first and finds by words', async () => {
    const first = await library.create(newRun({ name: 'base line', tags: ['Good', ' Good', ''] }));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await library.create(newRun({ note: 'With augmentation' }));
    expect((await library.list()).map(({ id }) => id)).toEqual([second.id, first.id]);
    const found = async (search: string) => (await library.list({ search })).map(({ id }) => id);
    expect(await found('LINE good')).toEqual([first.id]);
    expect(await found('augment')).toEqual([second.id]);
    expect(await found('digits')).toHaveLength(2);
    expect(await found('line augment')).toEqual([]);
  });

  it('renames, tags, notes, archives and unarchives', async () => {
    const { id } = await library.create(newRun());
    await library.rename(id, '  better ');
    await library.setTags(id, ['b', 'a ', 'b']);
    await library.setNote(id, 'why\nnot');
    await library.archive(id);
    expect(await library.read(id)).toMatchObject({
      name: 'better',
      tags: ['b', 'a'],
      note: 'why\nnot',
      archived: true,
    });
    expect(await library.list({ archived: false })).toEqual([]);
    expect(await library.list({ archived: true })).toHaveLength(1);
    await library.unarchive(id);
    expect(await library.list({ archived: false })).toHaveLength(1);
    await expect(library.rename(id, ' ')).rejects.toMatchObject({ code: 'wrong-use' });
  });

  it('loses no change when many are made at a time', async () => {
    const { id } = await library.create(newRun());
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        library.update(id, (run) => ({ tags: [...run.tags, `t${index}`] })),
      ),
    );
    expect((await library.read(id)).tags).toHaveLength(10);
    expect((await readdir(library.directoryOf(id))).sort()).toEqual(['run.json']);
  });

  it('finds what RUN means, and says when it means several or none', async () => {
    const one = await library.create(newRun({ name: 'one' }));
    const two = await library.create(newRun({ name: 'two' }));
    await library.create(newRun({ name: 'twin' }));
    await library.create(newRun({ name: 'twin' }));
    expect(await library.resolve(one.id)).toBe(one.id);
    expect(await library.resolve('two')).toBe(two.id);
    expect(await library.resolve('TWO')).toBe(two.id);
    expect(await library.resolve(one.id.slice(-4))).toBe(one.id);
    expect(await library.resolve(one.id.slice(0, -1))).toBe(one.id);
    await expect(library.resolve('twin')).rejects.toMatchObject({ code: 'ambiguous', subject: 'twin' });
    await expect(library.resolve(one.id.slice(0, 8))).rejects.toMatchObject({ code: 'ambiguous' });
    await expect(library.resolve('three')).rejects.toMatchObject({ code: 'not-found' });
    await expect(library.resolve('')).rejects.toMatchObject({ code: 'not-found' });
    await expect(library.resolve('../one')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('does not leave the library for an id from outside', async () => {
    await expect(library.read('../x')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(library.delete('.')).rejects.toMatchObject({ code: 'not-found' });
    await expect(library.read('nobody')).rejects.toMatchObject({ code: 'not-found' });
    await expect(library.update('nobody', () => ({}))).rejects.toMatchObject({ code: 'not-found' });
  });

  it('calls an active run of a dead process interrupted, and writes it down', async () => {
    for (const status of ['queued', 'running', 'paused']) {
      const { id } = await library.create(newRun());
      await changeRunFile(id, { status, owner: await deadOwner() });
      const [listing] = (await library.list()).filter((run) => run.id === id);
      expect(listing!.status).toBe('interrupted');
      expect(listing!.failure!.message).toContain('ended without a word');
      expect(JSON.parse(await readFile(join(library.directory, id, 'run.json'), 'utf8')).status).toBe(
        'interrupted',
      );
      expect((await library.read(id)).owner).toBeUndefined();
    }
    const { id } = await library.create(newRun());
    await changeRunFile(id, { status: 'done', owner: await deadOwner() });
    expect((await library.read(id)).status).toBe('done');
  });

  it('gives a run to one living process at a time', async () => {
    const { id } = await library.create(newRun());
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    await changeRunFile(id, { status: 'running', owner: { pid: child.pid, started: Date.now() } });
    expect((await library.read(id)).status).toBe('running');
    await expect(library.claim(id)).rejects.toMatchObject({ code: 'busy' });
    await expect(library.delete(id)).rejects.toMatchObject({ code: 'busy' });
    await expect(library.removeCheckpoints(id)).rejects.toMatchObject({ code: 'busy' });
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(await library.claim(id)).toMatchObject({ status: 'queued', owner: { pid: process.pid } });
  });

  it.each([
    [
      'a newer schema',
      '{"schemaVersion": 99}',
      /newer Descent \(schema version 99; this one reads up to 1\)/,
    ],
    ['half a file', '{"schemaVersion": 1, "id": ', /is not JSON/],
    ['something else', '{"schemaVersion": 1}', /does not describe a run: id/],
    ['null', 'null', /does not describe a run/],
  ])('lists a folder with %s with the reason why it does not open', async (_, content, reason) => {
    const good = await library.create(newRun());
    await mkdir(join(library.directory, 'other'));
    await writeFile(join(library.directory, 'other', 'run.json'), content);
    await mkdir(join(library.directory, 'no run'));
    await writeFile(join(library.directory, 'file'), '');
    const runs = await library.list();
    expect(runs.map(({ id }) => id).sort()).toEqual([good.id, 'other'].sort());
    expect(runs.find(({ id }) => id === 'other')!.problem).toMatch(reason);
    await expect(library.read('other')).rejects.toThrow(reason);
    await library.delete('other');
    expect(await library.list()).toHaveLength(1);
  });

  it('moves a deleted run away', async () => {
    const { id } = await library.create(newRun());
    await expect(library.delete(id)).rejects.toMatchObject({ code: 'busy' });
    await library.update(id, () => ({ status: 'done', owner: undefined }));
    await library.delete(id);
    expect(await library.list()).toEqual([]);
    await expect(library.delete(id)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('tells what checkpoints take, and removes the old ones', async () => {
    const { id } = await library.create(newRun());
    await library.update(id, () => ({ status: 'done', owner: undefined }));
    const directory = library.directoryOf(id);
    for (const step of [100, 20, 300]) {
      await mkdir(join(directory, 'checkpoints', String(step)), { recursive: true });
      await writeFile(join(directory, 'checkpoints', String(step), 'weights.bin'), Buffer.alloc(step * 10));
    }
    await mkdir(join(directory, 'model'));
    await writeFile(join(directory, 'model', 'weights.bin'), Buffer.alloc(77));
    const use = await library.diskUse(id);
    expect(use.checkpoints.map(({ step, bytes }) => [step, bytes])).toEqual([
      [20, 200],
      [100, 1000],
      [300, 3000],
    ]);
    expect(use.model).toBe(77);
    expect(use.total).toBe(4200 + 77 + use.rest);
    expect(await library.removeCheckpoints(id, { keepSteps: [20] })).toBe(1000);
    expect((await library.diskUse(id)).checkpoints.map(({ step }) => step)).toEqual([20, 300]);
  });

  it('lists a thousand runs again in less time than at first', async () => {
    const { id } = await library.create(newRun());
    await library.update(id, () => ({ status: 'done', owner: undefined }));
    const content = JSON.parse(await readFile(join(library.directoryOf(id), 'run.json'), 'utf8'));
    for (let index = 1; index < 1000; index++) {
      const other = `${id}-${index}`;
      await mkdir(join(library.directory, other));
      await writeFile(join(library.directory, other, 'run.json'), JSON.stringify({ ...content, id: other }));
    }
    const opened = performance.now();
    expect(await library.list()).toHaveLength(1000);
    const start = performance.now();
    expect(await library.list({ search: `${id}-99` })).toHaveLength(11);
    expect(performance.now() - start).toBeLessThan(start - opened);
  });

  it('says what is wrong with a library that is a file', async () => {
    const path = join(library.directory, 'file');
    await writeFile(path, '');
    await expect(RunLibrary.open(path)).rejects.toMatchObject({ code: 'io', subject: path });
  });
});
