import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { DescentError } from '../../../src/contract/errors';
import { preprocessPicture, upright } from '../../../src/dataset/common/pixels';
import { decodePicture, loadPicture, thumbnail } from '../../../src/dataset/node/decode';
import { sniffPicture } from '../../../src/dataset/node/picture-format';
import { bitmap } from './bitmap';
import { picture, put, temporaryFolder } from './pictures';
import { randomBytes } from './random';

const width = 24;
const height = 17;
const colours = randomBytes(width * height * 3, 99);
const source = (pixels = colours, channels: 1 | 2 | 3 | 4 = 3) =>
  sharp(Buffer.from(pixels), { raw: { width, height, channels } });
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error: DescentError) => error,
  );

describe('decodePicture', () => {
  it('decodes lossless formats to their very pixels', async () => {
    const encoded = {
      png: await source().png().toBuffer(),
      webp: await source().webp({ lossless: true }).toBuffer(),
      tiff: await source().tiff({ compression: 'lzw' }).toBuffer(),
      bmp: bitmap(colours, width, height, 24),
    };
    for (const [format, bytes] of Object.entries(encoded)) {
      const decoded = await decodePicture(bytes);
      expect(decoded).toMatchObject({ width, height, channels: 3, orientation: 1, format });
      expect(decoded.pixels).toEqual(colours);
    }
  });

  it('decodes AVIF, GIF and JPEG near to their pixels', async () => {
    const smooth = picture(4, width, height);
    const expected = await smooth.clone().raw().toBuffer();
    const encoded = {
      jpeg: await smooth.clone().jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer(),
      avif: await smooth.clone().avif({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer(),
      gif: await smooth.clone().gif({ colours: 256, dither: 0 }).toBuffer(),
    };
    for (const [format, bytes] of Object.entries(encoded)) {
      const decoded = await decodePicture(bytes);
      expect(decoded.format).toBe(format);
      const opaque = preprocessPicture(decoded, { height, width, channels: 3 });
      const errors = opaque.map((value, index) => Math.abs(value - expected[index]!));
      expect(errors.reduce((sum, value) => sum + value, 0) / errors.length).toBeLessThan(6);
    }
  });

  it('takes the first frame of an animation', async () => {
    const frames = [10, 200].map((level) => ({
      create: { width, height, channels: 3 as const, background: { r: level, g: level, b: level } },
    }));
    const animated = await sharp(await Promise.all(frames.map((frame) => sharp(frame).png().toBuffer())), {
      join: { animated: true },
    })
      .gif()
      .toBuffer();
    expect((await sharp(animated).metadata()).pages).toBe(2);
    const decoded = await loadPicture(animated, { height: 2, width: 2, channels: 1 });
    expect([...decoded]).toEqual([10, 10, 10, 10]);
  });

  it('cuts 16 bits to the high byte', async () => {
    const deep = Uint16Array.from({ length: width * height }, (_, index) => (index * 977) % 65536);
    const bytes = await sharp(deep, { raw: { width, height, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(bytes).metadata()).depth).toBe('ushort');
    const decoded = await loadPicture(bytes, { height, width, channels: 1 });
    expect(decoded).toEqual(Uint8Array.from(deep, (sample) => sample >> 8));
  });

  it('turns CMYK into RGB by the formula, not by a colour profile', async () => {
    const bytes = await source()
      .toColourspace('cmyk')
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const inks = await sharp(bytes).pipelineColourspace('cmyk').toColourspace('cmyk').raw().toBuffer();
    const decoded = await decodePicture(bytes);
    const expected = [0, 1, 2].map((ink) => Math.round(((255 - inks[ink]!) * (255 - inks[3]!)) / 255));
    expect(decoded.channels).toBe(3);
    expect([...decoded.pixels.subarray(0, 3)]).toEqual(expected);
  });

  it('lays transparency on white', async () => {
    const pixels = randomBytes(width * height * 4, 12);
    const loaded = await loadPicture(await source(pixels, 4).png().toBuffer(), {
      height,
      width,
      channels: 3,
    });
    for (let at = 0; at < width * height; at += 1) {
      const alpha = pixels[at * 4 + 3]!;
      expect(loaded[at * 3]).toBe(Math.round((pixels[at * 4]! * alpha) / 255) + 255 - alpha);
    }
  });

  it('ignores colour profiles', async () => {
    const plain = await source().png().toBuffer();
    const profiled = await sharp(plain).withIccProfile('p3').png().toBuffer();
    const stored = await sharp(profiled, { ignoreIcc: true }).raw().toBuffer();
    expect(Buffer.from((await decodePicture(profiled)).pixels)).toEqual(stored);
  });

  for (let orientation = 1; orientation <= 8; orientation += 1)
    it(`stands a JPEG with EXIF orientation ${orientation} upright for model and thumbnail alike`, async () => {
      const smooth = await picture(orientation, 64, 40)
        .jpeg({ quality: 95 })
        .withMetadata({ orientation })
        .toBuffer();
      const turned = await sharp(smooth).autoOrient().raw().toBuffer({ resolveWithObject: true });
      const decoded = await decodePicture(smooth);
      expect(decoded.orientation).toBe(orientation);
      expect(Buffer.from(upright(decoded).pixels)).toEqual(turned.data);
      const folder = await temporaryFolder();
      await put(folder, 'a.jpg', smooth);
      const small = await sharp((await thumbnail(join(folder, 'a.jpg'), 32)).bytes).metadata();
      const upstanding = orientation >= 5;
      expect(small).toMatchObject({
        format: 'webp',
        width: upstanding ? 20 : 32,
        height: upstanding ? 32 : 20,
      });
    });

  for (const bits of [1, 4, 8, 24, 32] as const)
    for (const topDown of [false, true])
      it(`reads ${topDown ? 'top-down' : 'bottom-up'} BMP with ${bits} bits and an odd width`, async () => {
        const [odd, rows] = [13, 7];
        const levels = Math.min(256, 2 ** Math.min(bits, 8));
        const noise = randomBytes(odd * rows, bits);
        const pixels = Uint8Array.from({ length: odd * rows * 3 }, (_, at) => {
          const level = (noise[Math.floor(at / 3)]! % levels) * (255 / (levels - 1));
          return bits <= 8 ? level : (noise[Math.floor(at / 3)]! * (1 + (at % 3))) % 256;
        });
        const decoded = await decodePicture(bitmap(pixels, odd, rows, bits, topDown));
        expect(decoded).toMatchObject({ width: odd, height: rows, format: 'bmp' });
        expect(decoded.pixels).toEqual(pixels);
      });

  it('reads a path with spaces and letters beyond ASCII', async () => {
    const folder = await temporaryFolder('Bilder für Zoë 写真');
    await put(folder, 'große Katze.png', await source().png().toBuffer());
    expect((await decodePicture(join(folder, 'große Katze.png'))).pixels).toEqual(colours);
  });

  it('names file and reason when a picture is broken, empty, none, or of an unknown kind', async () => {
    const folder = await temporaryFolder();
    const bytes = await picture(1, 200, 200).jpeg().toBuffer();
    await put(folder, 'half.jpg', bytes.subarray(0, bytes.length >> 1));
    await put(folder, 'empty.png', '');
    await put(folder, 'text.png', 'I am a text, whatever my name says.');
    await put(folder, 'phone.jpg', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'));
    const broken = await failure(decodePicture(join(folder, 'half.jpg')));
    expect(broken).toMatchObject({ code: 'bad-input', subject: join(folder, 'half.jpg') });
    expect(broken.message).toContain('half.jpg is broken: premature end of JPEG image');
    expect((await failure(decodePicture(join(folder, 'empty.png')))).message).toContain(
      'empty.png is empty (0 bytes)',
    );
    expect((await failure(decodePicture(join(folder, 'text.png')))).message).toContain(
      'text.png is not a picture',
    );
    const heic = await failure(decodePicture(join(folder, 'phone.jpg')));
    expect(heic).toMatchObject({ code: 'unsupported', remedy: expect.stringContaining('JPEG') });
    expect(heic.message).toContain('HEIC');
    expect(await failure(decodePicture(join(folder, 'gone.png')))).toMatchObject({ code: 'not-found' });
  });

  it('refuses a BMP whose header asks for more memory than is plausible', async () => {
    const bytes = bitmap(colours, width, height, 24);
    bytes.writeInt32LE(1_000_000, 18);
    bytes.writeInt32LE(1_000_000, 22);
    expect((await failure(decodePicture(bytes, 'bomb.bmp'))).message).toContain('bomb.bmp is broken');
  });
});

describe('sniffPicture', () => {
  it('knows formats by their first bytes', async () => {
    expect(sniffPicture(await source().avif().toBuffer())).toBe('avif');
    expect(sniffPicture(Buffer.from('<?xml version="1.0"?><svg xmlns="'))).toBe('svg');
    expect(sniffPicture(Buffer.from('BMW is a text'))).toBe('unknown');
    expect(sniffPicture(new Uint8Array(0))).toBe('unknown');
  });
});
