import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const debianPackage = 'tuxpaint-stamps-default';

/** Folders of the package that make up a class; drawings are left out. */
const classes: Readonly<Record<string, readonly string[]>> = {
  birds: ['animals/birds'],
  clothes: ['clothes'],
  flowers: ['plants/flowers'],
  fruit: ['food/fruit'],
  household: ['household'],
  mammals: ['animals/mammals'],
  vegetables: ['food/vegetables'],
  vehicles: ['vehicles', 'military/vehicles'],
};

/** The package's stamps, got by apt-get once and kept in the user's cache. */
async function stamps(): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const directory = join(cache, 'descent-test', 'packages', debianPackage);
  const complete = join(directory, '.complete');
  if (!existsSync(complete)) {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    await run('apt-get', ['download', debianPackage], { cwd: directory });
    const [archive] = (await readdir(directory)).filter((name) => name.endsWith('.deb'));
    await run('dpkg-deb', ['--extract', join(directory, archive!), directory]);
    await writeFile(complete, '');
  }
  return join(directory, 'usr', 'share', 'tuxpaint', 'stamps');
}

/** A folder with a folder of photos for each class: up to `count` each, evenly out of the list of their names. */
export async function makePhotos(count: number): Promise<string> {
  const root = await stamps();
  const photos = join(root, '..', `photos-${count}`);
  await rm(photos, { recursive: true, force: true });
  for (const [name, folders] of Object.entries(classes)) {
    const files: string[] = [];
    for (const folder of folders) {
      const found = await readdir(join(root, folder), { recursive: true });
      files.push(...found.filter((file) => file.endsWith('.png')).map((file) => join(root, folder, file)));
    }
    const real = files.filter((file) => !file.includes('cartoon')).sort();
    await mkdir(join(photos, name), { recursive: true });
    for (let place = 0; place < Math.min(count, real.length); place++) {
      const file = real[Math.floor((place * Math.max(count, real.length)) / count)]!;
      await copyFile(file, join(photos, name, basename(file)));
    }
  }
  return photos;
}

export async function countPhotos(photos: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of await readdir(photos)) counts[name] = (await readdir(join(photos, name))).length;
  return counts;
}
