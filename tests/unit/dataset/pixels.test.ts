import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  cmykToRgb,
  luma,
  multiplyBytes,
  overWhite,
  preprocessPicture,
  sixteenToEight,
  toChannels,
  upright,
} from '../../../src/dataset/common/pixels';
import { resizeBilinear } from '../../../src/dataset/common/resize';
import { randomBytes } from './random';

const orientations = [1, 2, 3, 4, 5, 6, 7, 8];

describe('upright', () => {
  for (const orientation of orientations)
    it(`turns EXIF orientation ${orientation} as libvips does`, async () => {
      const [width, height] = [5, 3];
      const pixels = randomBytes(width * height * 3, orientation);
      const raw = { width, height, channels: 3 as const };
      const stored = await sharp(Buffer.from(pixels), { raw }).png().withMetadata({ orientation }).toBuffer();
      const { data, info } = await sharp(stored).autoOrient().raw().toBuffer({ resolveWithObject: true });
      const ours = upright({ pixels, width, height, channels: 3, orientation });
      expect([ours.width, ours.height]).toEqual([info.width, info.height]);
      expect(Buffer.from(ours.pixels)).toEqual(data);
    });
});

describe('preprocessPicture', () => {
  for (const orientation of orientations)
    for (const channels of [1, 2, 3, 4])
      for (const wanted of [1, 3] as const)
        it(`equals its steps one by one: orientation ${orientation}, ${channels} to ${wanted} channels`, () => {
          const [width, height] = [41, 23];
          const pixels = randomBytes(width * height * channels, orientation * 7 + channels);
          const stored = { pixels, width, height, channels, orientation };
          const turned = upright(stored);
          const changed = toChannels(turned.pixels, channels, wanted);
          const expected = resizeBilinear(changed, turned.height, turned.width, wanted, 12, 17);
          expect(preprocessPicture(stored, { height: 12, width: 17, channels: wanted })).toEqual(expected);
        });

  it('gives the pixels themselves at the same size', () => {
    const pixels = randomBytes(9 * 8 * 3, 3);
    const stored = { pixels, width: 9, height: 8, channels: 3 };
    expect(preprocessPicture(stored, { height: 8, width: 9, channels: 3 })).toEqual(pixels);
  });
});

describe('conversions', () => {
  it('multiplies bytes as exact rounding does', () => {
    for (let value = 0; value < 256; value += 1)
      for (let factor = 0; factor < 256; factor += 1)
        expect(multiplyBytes(value, factor)).toBe(Math.round((value * factor) / 255));
  });

  it('lays transparency on white and stays within a byte', () => {
    expect(overWhite(13, 255)).toBe(13);
    expect(overWhite(13, 0)).toBe(255);
    expect(overWhite(0, 128)).toBe(127);
    for (let value = 0; value < 256; value += 5)
      for (let alpha = 0; alpha < 256; alpha += 1) expect(overWhite(value, alpha)).toBeLessThanOrEqual(255);
  });

  it('keeps grey grey and weighs colours as BT.601', () => {
    for (let value = 0; value < 256; value += 1) expect(luma(value, value, value)).toBe(value);
    expect([luma(255, 0, 0), luma(0, 255, 0), luma(0, 0, 255)]).toEqual([76, 150, 29]);
  });

  it('mixes inks to colours', () => {
    const inks = Uint8Array.of(0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255, 100, 50, 25, 51);
    expect([...cmykToRgb(inks)]).toEqual([255, 255, 255, 0, 255, 255, 0, 0, 0, 124, 164, 184]);
    expect(
      cmykToRgb(
        inks.map((ink) => 255 - ink),
        true,
      ),
    ).toEqual(cmykToRgb(inks));
  });

  it('takes the high byte of 16 bits', () => {
    expect([...sixteenToEight(Uint16Array.of(0, 255, 256, 65535))]).toEqual([0, 0, 1, 255]);
  });
});
