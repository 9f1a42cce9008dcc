import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

/** A picture with structure in every direction and channel, so that a wrong turn or swap shows. */
export function pattern(width: number, height: number, channels: 3 | 4): Buffer {
  const pixels = Buffer.alloc(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * channels;
      pixels[at] = Math.round((x / width) * 255);
      pixels[at + 1] = Math.round((y / height) * 255);
      pixels[at + 2] = (x * 7 + y * 13) % 256;
      if (channels === 4) pixels[at + 3] = (x * 5 + y * 3) % 256;
    }
  }
  return pixels;
}

/** Writes one picture of each awkward kind into `folder` and gives their names. */
export async function writeAwkwardPictures(folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const width = 61;
  const height = 43;
  const rgb = () => sharp(pattern(width, height, 3), { raw: { width, height, channels: 3 } });
  const rgba = () => sharp(pattern(width, height, 4), { raw: { width, height, channels: 4 } });
  const names: string[] = [];
  const write = async (name: string, bytes: Promise<Buffer>) => {
    await writeFile(join(folder, name), await bytes);
    names.push(name);
  };
  for (let orientation = 1; orientation <= 8; orientation++) {
    await write(
      `orientation ${orientation}.jpg`,
      rgb().withMetadata({ orientation }).jpeg({ quality: 85 }).toBuffer(),
    );
  }
  await write('full chroma.jpg', rgb().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer());
  await write('grey.jpg', rgb().greyscale().jpeg().toBuffer());
  await write('grey.png', rgb().greyscale().png().toBuffer());
  await write('progressive.jpg', rgb().jpeg({ progressive: true }).toBuffer());
  await write('colour.png', rgb().png().toBuffer());
  await write('transparent.png', rgba().png().toBuffer());
  await write('palette.png', rgb().png({ palette: true }).toBuffer());
  await write('sixteen bit.png', rgb().toColourspace('rgb16').png().toBuffer());
  await write('lossless.webp', rgb().webp({ lossless: true }).toBuffer());
  await write('cmyk.jpg', rgb().toColourspace('cmyk').jpeg().toBuffer());
  return names;
}
