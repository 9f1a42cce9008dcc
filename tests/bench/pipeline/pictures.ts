import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { type ExampleTable, indicesOf } from '../../../src/dataset/node/example-table';
import { pictureFormats } from '../../../src/dataset/node/picture-format';

const classes = 4;

/** Pixels with edges, gradients and some grain, which compress like photographs of that size (320 × 240: 25 kB). */
function pixels(width: number, height: number, seed: number): Buffer {
  const values = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const wave = 60 * Math.sin((x * (1 + (seed % 7))) / 40) + 40 * Math.cos((y + seed) / 25);
      const edge = ((x >> 5) + (y >> 5) + seed) % 3 === 0 ? 40 : 0;
      const grain = (Math.imul(x * 7919 + y * 104729 + seed, 2654435761) >>> 27) - 16;
      const at = (y * width + x) * 3;
      for (let channel = 0; channel < 3; channel++)
        values[at + channel] = Math.min(255, Math.max(0, 128 + wave * (1 - channel * 0.3) + edge + grain));
    }
  return values;
}

/** Files with the same picture differ by a comment, as no two photographs are equal. */
function withComment(jpeg: Buffer, text: string): Buffer {
  const comment = Buffer.alloc(4 + text.length);
  comment.writeUInt16BE(0xfffe, 0);
  comment.writeUInt16BE(2 + text.length, 2);
  comment.write(text, 4, 'latin1');
  return Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]);
}

/** `count` JPEGs, of which `different` are drawn and the others repeat them, all for training. */
export async function writePictures(
  root: string,
  { count, different, width, height }: { count: number; different: number; width: number; height: number },
): Promise<ExampleTable> {
  await mkdir(root, { recursive: true });
  const name = (index: number) => `${index}.jpg`;
  for (let seed = 0; seed < Math.min(different, count); seed++) {
    const raw = { width, height, channels: 3 as const };
    const jpeg = await sharp(pixels(width, height, seed), { raw })
      .jpeg({ quality: 88 })
      .toBuffer();
    for (let index = seed; index < count; index += different)
      await writeFile(join(root, name(index)), withComment(jpeg, `picture ${index}`));
  }
  const split = new Uint8Array(count);
  return {
    root,
    kind: 'images',
    task: 'classification',
    labels: Array.from({ length: classes }, (_, label) => `class-${label}`),
    count,
    file: name,
    path: (index) => join(root, name(index)),
    target: Int32Array.from({ length: count }, (_, index) => index % classes),
    split,
    indices: (wanted) => indicesOf(split, wanted),
    images: {
      width: new Int32Array(count).fill(width),
      height: new Int32Array(count).fill(height),
      orientation: new Uint8Array(count).fill(1),
      format: new Uint8Array(count).fill(pictureFormats.indexOf('jpeg')),
    },
    text: async () => '',
  };
}
