import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ThumbnailLoader } from '../../../renderer/pages/data/thumbnails';
import { folders } from '../../support/fixture/folders';
import { FixtureStudio } from '../../support/fixture-studio';

const alive = new Set<string>();
let studio: FixtureStudio;

beforeEach(() => {
  studio = new FixtureStudio();
  let next = 0;
  vi.spyOn(URL, 'createObjectURL').mockImplementation(() => {
    const url = `blob:${next++}`;
    alive.add(url);
    return url;
  });
  vi.spyOn(URL, 'revokeObjectURL').mockImplementation((url) => {
    alive.delete(url);
  });
});
afterEach(() => {
  studio.close();
  alive.clear();
  vi.restoreAllMocks();
});

const asked = () =>
  studio.calls
    .filter((call) => call.name === 'data.thumbnails')
    .map((call) => (call.params as { files: string[] }).files.length);
const never = new AbortController().signal;

it('asks for the pictures of one turn in few calls, and for none twice', async () => {
  const loader = new ThumbnailLoader(studio.client, folders.birds, 64);
  const files = Array.from({ length: 100 }, (_, index) => `wren/${String(index).padStart(4, '0')}.jpg`);
  const urls = await Promise.all(files.map((file) => loader.load(file, never)));
  expect(new Set(urls).size).toBe(100);
  expect(asked()).toEqual([48, 48, 4]);
  expect(await loader.load(files[5]!, never)).toBe(urls[5]);
  expect(asked().length).toBe(3);
  loader.close();
  expect(alive.size).toBe(0);
});

it('tells of a picture that cannot be read by null', async () => {
  const loader = new ThumbnailLoader(studio.client, folders.birds, 64);
  expect(await loader.load('robin/0007.jpg', never)).toBeNull();
  loader.close();
});

it('does not ask for what scrolled away before its turn', async () => {
  const loader = new ThumbnailLoader(studio.client, folders.birds, 64);
  const controller = new AbortController();
  const gone = vi.fn();
  void loader.load('wren/0001.jpg', controller.signal).then(gone);
  const stays = loader.load('wren/0002.jpg', never);
  controller.abort();
  await stays;
  expect(asked()).toEqual([1]);
  expect(gone).not.toHaveBeenCalled();
  loader.close();
});

it('revokes the pictures that were not looked at for longest', async () => {
  const loader = new ThumbnailLoader(studio.client, folders.birds, 16);
  const files = Array.from({ length: 1600 }, (_, index) => `wren/${index}.jpg`);
  await Promise.all(files.map((file) => loader.load(file, never)));
  expect(alive.size).toBe(1500);
  loader.close();
  expect(alive.size).toBe(0);
});
