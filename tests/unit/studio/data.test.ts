import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetSummary } from '../../../src/contract/dataset';
import type { StudioClient } from '../../../src/studio/node/connect-studio';
import { openWorkshop, type Workshop } from './studio-fixture';

let workshop: Workshop;
let client: StudioClient;
let pictures: string;

beforeAll(async () => {
  workshop = await openWorkshop();
  ({ client } = await workshop.open());
  pictures = join(workshop.directory, 'Bilder mit Ü');
  for (const [label, red] of [
    ['dark', 20],
    ['light', 220],
  ] as const) {
    mkdirSync(join(pictures, label), { recursive: true });
    for (let index = 0; index < 10; index++) {
      const background = { r: red, g: index * 20, b: 40 };
      await sharp({ create: { width: 40 + index, height: 30, channels: 3, background } })
        .png()
        .toFile(join(pictures, label, `${index}.png`));
    }
  }
  writeFileSync(join(pictures, 'dark', 'broken.png'), 'no picture');
  writeFileSync(join(workshop.directory, 'secret.png'), readdirSync(pictures).join());
});
afterAll(() => workshop?.close());

async function open(params: { options?: DatasetSummary['options'] } = {}): Promise<DatasetSummary> {
  for await (const event of client.listen('data.open', { path: pictures, ...params })) {
    if (event.type === 'summary') return event.summary;
  }
  throw new Error('There was no summary.');
}

describe('data', () => {
  it('opens a folder with progress, names what is broken and remembers the folder', async () => {
    const types: string[] = [];
    for await (const event of client.listen('data.open', { path: `${pictures}/` })) types.push(event.type);
    expect(types.at(-1)).toBe('summary');
    expect(types).toContain('progress');
    const summary = await open();
    expect(summary).toMatchObject({ kind: 'images', exampleCount: 20 });
    expect(summary.findings.some(({ files }) => files.includes('dark/broken.png'))).toBe(true);
    const [recent] = await client.call('data.recent', {});
    expect(recent).toMatchObject({ path: pictures, kind: 'images', exampleCount: 20, exists: true });
  });

  it('shows examples of a class and of a finding', async () => {
    const summary = await open();
    const light = await client.call('data.examples', { path: pictures, label: 'light', limit: 4 });
    expect(light.total).toBe(10);
    expect(light.examples.map(({ label }) => label)).toEqual(['light', 'light', 'light', 'light']);
    const broken = summary.findings.find(({ files }) => files.includes('dark/broken.png'))!;
    const named = await client.call('data.examples', { path: pictures, finding: broken.id });
    expect(named.examples.map(({ file }) => file)).toContain('dark/broken.png');
  });

  it('gives thumbnails, kept on the disk, and none of a broken file', async () => {
    const files = ['dark/0.png', 'light/9.png', 'dark/broken.png', 'dark/missing.png'];
    const { thumbnails } = await client.call('data.thumbnails', { path: pictures, files, size: 16 });
    expect(thumbnails.map(({ file, bytes }) => [file, bytes !== null])).toEqual([
      ['dark/0.png', true],
      ['light/9.png', true],
      ['dark/broken.png', false],
      ['dark/missing.png', false],
    ]);
    const { width } = await sharp(thumbnails[1]!.bytes!).metadata();
    expect(width).toBe(16);
    const kept = readdirSync(join(workshop.directory, 'cache', 'thumbnails'), { recursive: true });
    expect(kept.filter((name) => String(name).endsWith('.webp'))).toHaveLength(2);
    const again = await client.call('data.thumbnails', { path: pictures, files, size: 16 });
    expect(again).toEqual({ thumbnails });
  });

  it('previews a picture as training sees it', async () => {
    const preview = await client.call('data.preview', {
      path: pictures,
      file: 'light/0.png',
      height: 8,
      width: 12,
      channels: 3,
    });
    expect(preview.pixels).toHaveLength(8 * 12 * 3);
    expect([...preview.pixels.subarray(0, 3)]).toEqual([220, 0, 40]);
  });

  it('reads nothing outside of the folder', async () => {
    for (const file of ['../secret.png', join(workshop.directory, 'secret.png'), 'dark/../../secret.png']) {
      await expect(
        client.call('data.thumbnails', { path: pictures, files: [file], size: 16 }),
      ).rejects.toMatchObject({ code: 'forbidden' });
      await expect(
        client.call('data.preview', { path: pictures, file, height: 8, width: 8, channels: 1 }),
      ).rejects.toMatchObject({ code: 'forbidden' });
    }
    await expect(client.call('data.proposal', { path: 'relative/folder' })).rejects.toMatchObject({
      code: 'wrong-use',
    });
  });

  it('uses the options that were set for a folder from the next question on', async () => {
    const { options } = await open();
    await client.call('data.setOptions', {
      path: pictures,
      options: { ...options, excluded: ['dark/0.png', 'dark/1.png'] },
    });
    expect((await client.call('data.examples', { path: pictures })).total).toBe(18);
    expect((await open()).options.excluded).toEqual(['dark/0.png', 'dark/1.png']);
    await client.call('data.setOptions', { path: pictures, options });
    expect((await open()).exampleCount).toBe(20);
  });

  it('proposes hyper-parameters with a reason', async () => {
    const { hyperparameters, reason } = await client.call('data.proposal', { path: pictures });
    expect(hyperparameters.model).toBe('small-cnn');
    const { hyperparameters: others } = await client.call('data.proposal', {
      path: pictures,
      model: 'efficientnet-lite0',
    });
    expect(others).toMatchObject({ model: 'efficientnet-lite0', dropout: 0.2 });
    expect(reason).toMatch(/\.$/);
  });

  it('says what is not there', async () => {
    await expect(
      client.listen('data.open', { path: join(pictures, 'nowhere') }).next(),
    ).rejects.toMatchObject({ code: 'not-found' });
  });
});
