import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SplitName } from '../../../src/contract/dataset';
import type { ModelInput } from '../../../src/contract/metadata';
import { loadPicture } from '../../../src/dataset/node/decode';
import { type ExampleTable, indicesOf } from '../../../src/dataset/node/example-table';
import { pictureFormats, sniffPicture } from '../../../src/dataset/node/picture-format';
import { loadBackend } from '../../../src/engine/native/backend';
import { Graph } from '../../../src/graph/graph';
import { Opening } from '../../../src/graph/session/opening';
import { GraphSession } from '../../../src/graph/session/session';
import { emitPipeline } from '../../../src/pipeline/graph/emit-pipeline';
import type { GraphPipelineSettings } from '../../../src/pipeline/graph/graph-pipeline';

let directory: string;
beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent graph ü '));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Smooth and rough at once, another one for every seed. */
function noise(width: number, height: number, channels: number, seed: number): Buffer {
  return Buffer.from(
    Array.from({ length: width * height * channels }, (_, index) => {
      const rough = (Math.imul(index + seed * 977, 2654435761) >>> 24) * 0.4;
      return Math.floor(rough + 76 * (1 + Math.sin(index / (40 + seed))));
    }),
  );
}

async function tableOf(name: string, files: Record<string, Buffer>): Promise<ExampleTable> {
  const root = join(directory, name);
  await mkdir(root, { recursive: true });
  const names = Object.keys(files);
  for (const file of names) await writeFile(join(root, file), files[file]!);
  const orientation = await Promise.all(
    names.map((file) =>
      sharp(files[file]!)
        .metadata()
        .then(
          (found) => found.orientation ?? 1,
          () => 1,
        ),
    ),
  );
  const split = new Uint8Array(names.length);
  return {
    root,
    kind: 'images',
    task: 'classification',
    labels: ['a', 'b'],
    count: names.length,
    file: (index) => names[index]!,
    path: (index) => join(root, names[index]!),
    target: Int32Array.from(names, (_, index) => index % 2),
    split,
    indices: (wanted: SplitName) => indicesOf(split, wanted),
    images: {
      width: new Int32Array(names.length),
      height: new Int32Array(names.length),
      orientation: Uint8Array.from(orientation),
      format: Uint8Array.from(names, (file) => pictureFormats.indexOf(sniffPicture(files[file]!))),
    },
    text: async () => '',
  };
}

const settings: GraphPipelineSettings = {
  seed: 1,
  batchSize: 64,
  cache: 'none',
  cacheDirectory: '',
};

/** Every example's bytes by the graph and by the plain decoder. */
async function compareBytes(name: string, files: Record<string, Buffer>): Promise<void> {
  const table = await tableOf(name, files);
  for (const channels of [3, 1] as const)
    for (const [height, width] of [
      [24, 24],
      [40, 31],
    ] as const) {
      const input: ModelInput = { kind: 'images', height, width, channels };
      const graph = new Graph();
      const cacheDirectory = join(directory, 'cache');
      const pipeline = await emitPipeline(
        graph,
        'train',
        { examples: table, split: 'train', input },
        { ...settings, cacheDirectory },
      );
      const session = await GraphSession.load(graph);
      const opening = new Opening();
      await pipeline.open(opening);
      opening.run(session);
      const { inputs, answers, indices } = pipeline;
      const batch = await pipeline.next(() => session.run({ inputs, answers, indices }));
      if (batch === 'end-of-epoch') throw new Error('There is no batch.');
      expect(pipeline.takeSkipped()).toEqual([]);
      expect([...(batch.indices.data as Int32Array)]).toEqual(Object.keys(files).map((_, index) => index));
      expect([...batch.answers.floats()]).toEqual(Object.keys(files).map((_, index) => index % 2));
      const size = height * width * channels;
      for (const [index, file] of Object.keys(files).entries()) {
        const wanted = await loadPicture(table.path(index), { height, width, channels });
        const found = Uint8Array.from(batch.inputs.floats().subarray(index * size, (index + 1) * size));
        const differing = wanted.reduce((count, value, place) => count + Number(value !== found[place]), 0);
        expect(differing, `${file} at ${height} × ${width} × ${channels}`).toBe(0);
      }
      expect(await pipeline.next(() => session.run({ inputs, answers, indices }))).toBe('end-of-epoch');
      await pipeline.dispose();
      session.dispose();
    }
}

describe('pictures in the graph have the bytes of the plain decoder', () => {
  it('JPEG: baseline, progressive, grey, CMYK, subsampled or not', async () => {
    const colour = () => sharp(noise(65, 43, 3, 3), { raw: { width: 65, height: 43, channels: 3 } });
    await compareBytes('jpeg', {
      'baseline.jpg': await colour().jpeg({ quality: 82 }).toBuffer(),
      'progressive.jpg': await colour().jpeg({ quality: 82, progressive: true }).toBuffer(),
      'full.jpg': await colour().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer(),
      'grey.jpg': await colour().greyscale().jpeg().toBuffer(),
      'cmyk.jpg': await colour().toColourspace('cmyk').jpeg().toBuffer(),
      'same.jpg': await colour().resize(24, 24).jpeg().toBuffer(),
      'small.jpg': await colour().resize(5, 7).jpeg().toBuffer(),
      'big.jpg': await colour().resize(401, 300).jpeg().toBuffer(),
    });
  });

  it('JPEG in every EXIF orientation', async () => {
    const files: Record<string, Buffer> = {};
    for (let orientation = 1; orientation <= 8; orientation++)
      files[`${orientation}.jpg`] = await sharp(noise(50, 36, 3, orientation), {
        raw: { width: 50, height: 36, channels: 3 },
      })
        .jpeg()
        .withMetadata({ orientation })
        .toBuffer();
    await compareBytes('orientations', files);
  });

  it('PNG: grey, RGB, palettes, transparency, 16 bits, interlaced', async () => {
    const of = (channels: 1 | 2 | 3 | 4) =>
      sharp(noise(45, 61, channels, channels), { raw: { width: 45, height: 61, channels } });
    await compareBytes('png', {
      'grey.png': await of(1).png().toBuffer(),
      'rgb.png': await of(3).png().toBuffer(),
      'grey-alpha.png': await of(2).png().toBuffer(),
      'rgb-alpha.png': await of(4).png().toBuffer(),
      'palette.png': await of(3).png({ palette: true }).toBuffer(),
      'palette-alpha.png': await of(4).png({ palette: true }).toBuffer(),
      'interlaced.png': await of(3).png({ progressive: true }).toBuffer(),
      '16-rgb.png': await of(3).toColourspace('rgb16').png().toBuffer(),
      '16-grey.png': await of(1).toColourspace('grey16').png().toBuffer(),
      '16-alpha.png': await of(4).toColourspace('rgb16').png().toBuffer(),
      'tiny.png': await of(1).resize(3, 2).png().toBuffer(),
    });
  });

  it('WebP, AVIF, TIFF, GIF and BMP beside JPEG and PNG, those that TensorFlow lacks as PNGs made once', async () => {
    const colour = () => sharp(noise(45, 33, 4, 5), { raw: { width: 45, height: 33, channels: 4 } });
    await compareBytes('formats', {
      'a.jpg': await colour().jpeg().toBuffer(),
      'b.png': await colour().png().toBuffer(),
      'c.webp': await colour().webp({ lossless: true }).toBuffer(),
      'd.avif': await colour().removeAlpha().avif({ effort: 0 }).toBuffer(),
      'e.tiff': await colour().tiff().toBuffer(),
      'f.gif': await colour().gif().toBuffer(),
      'g.bmp': bitmap(45, 33, noise(45, 33, 3, 9)),
    });
  });
});

/** Bitmap of 24 bits, from the bottom row up. */
function bitmap(width: number, height: number, pixels: Buffer): Buffer {
  const stride = Math.ceil((width * 3) / 4) * 4;
  const file = Buffer.alloc(54 + stride * height);
  file.write('BM');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let row = 0; row < height; row++)
    for (let place = 0; place < width * 3; place++)
      file[54 + row * stride + place] =
        pixels[((height - 1 - row) * width + Math.floor(place / 3)) * 3 + 2 - (place % 3)]!;
  return file;
}
