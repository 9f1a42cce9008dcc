import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { onTestFinished } from 'vitest';
import { randomBytes } from './random';

/** A folder that goes away when the test has ended. */
export async function temporaryFolder(name = 'data'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'descent-dataset-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, name);
  await mkdir(path);
  return path;
}

/** Writes a file and the folders above it. */
export async function put(root: string, file: string, content: Uint8Array | string): Promise<void> {
  const path = join(root, ...file.split('/'));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** A smooth coloured picture, different for every seed. */
export function picture(seed: number, width = 96, height = 72): Sharp {
  const coarse = randomBytes(6 * 5 * 3, seed);
  const raw = { raw: { width: 6, height: 5, channels: 3 as const } };
  return sharp(Buffer.from(coarse), raw).resize(width, height, { fit: 'fill', kernel: 'cubic' });
}

export async function jpeg(seed: number, width?: number, height?: number): Promise<Buffer> {
  return picture(seed, width, height).jpeg({ quality: 90 }).toBuffer();
}

/** A folder with `each` pictures in each class. */
export async function putClasses(
  root: string,
  classes: readonly string[],
  each: number,
  firstSeed = 1,
): Promise<void> {
  let seed = firstSeed;
  for (const name of classes)
    for (let index = 0; index < each; index += 1) {
      await put(root, `${name}/${String(index).padStart(3, '0')}.jpg`, await jpeg(seed));
      seed += 1;
    }
}
