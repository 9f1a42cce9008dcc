import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { toChannels } from '../../../src/dataset/common/pixels';
import { decodePicture } from '../../../src/dataset/node/decode';
import { decodeSmallPng } from '../../../src/dataset/node/small-png';
import { picture } from './pictures';
import { randomBytes } from './random';

const [width, height] = [29, 31];
const raw = (channels: 1 | 2 | 3 | 4, seed: number) =>
  sharp(Buffer.from(randomBytes(width * height * channels, seed)), { raw: { width, height, channels } });

describe('decodeSmallPng', () => {
  it('gives the pixels that libvips gives, for every colour type and filter', async () => {
    const encoded = [
      await raw(1, 1).toColourspace('b-w').png().toBuffer(),
      await raw(2, 2).toColourspace('b-w').png().toBuffer(),
      await raw(3, 3).png().toBuffer(),
      await raw(4, 4).png().toBuffer(),
      await picture(5, width, height).png({ palette: true, colours: 200, dither: 0 }).toBuffer(),
      await raw(4, 6).png({ palette: true, dither: 0 }).toBuffer(),
      // Adaptive filtering takes each of the five.
      await picture(7, width, height).png({ adaptiveFiltering: true }).toBuffer(),
      await picture(8, width, height)
        .grayscale()
        .toColourspace('b-w')
        .png({ adaptiveFiltering: true })
        .toBuffer(),
    ];
    const types = new Set<number>();
    for (const bytes of encoded) {
      const ours = decodeSmallPng(bytes);
      const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
      if (bytes[24] !== 8) continue;
      types.add(bytes[25]!);
      expect(ours, `colour type ${bytes[25]}`).toMatchObject({ width, height });
      const rgb = (pixels: Uint8Array, channels: number) => [...toChannels(pixels, channels, 3)];
      expect(rgb(ours!.pixels as Uint8Array, ours!.channels)).toEqual(rgb(data, info.channels));
    }
    expect(types).toEqual(new Set([0, 2, 3, 4, 6]));
  });

  it('leaves all others to libvips', async () => {
    const others = [
      await picture(1, 200, 100).png().toBuffer(),
      await picture(1, 20, 20).png({ progressive: true }).toBuffer(),
      await picture(1, 20, 20).toColourspace('rgb16').png().toBuffer(),
      await picture(1, 20, 20).threshold().toColourspace('b-w').png({ palette: true, colours: 2 }).toBuffer(),
      await picture(1, 20, 20).png().withMetadata({ orientation: 6 }).toBuffer(),
    ];
    for (const bytes of others) expect(decodeSmallPng(bytes)).toBeUndefined();
    expect((await decodePicture(others[4]!)).orientation).toBe(6);
  });

  it('hands torn files on, so that they are found broken', async () => {
    const bytes = await raw(3, 9).png().toBuffer();
    const flipped = Buffer.from(bytes);
    flipped[bytes.length >> 1]! ^= 255;
    for (const torn of [bytes.subarray(0, bytes.length >> 1), flipped]) {
      expect(decodeSmallPng(torn)).toBeUndefined();
      await expect(decodePicture(torn, 'a.png')).rejects.toThrow(/a\.png is broken/);
    }
  });
});
