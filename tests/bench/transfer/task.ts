import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

/** What both sides do. */
export const task = {
  pictures: 2000,
  classes: 5,
  /** Side that pictures of 320 × 240 are resized to. */
  size: 96,
  batchSize: 32,
  epochs: 5,
  learningRate: 1e-3,
  dropout: 0.2,
} as const;

export interface Question {
  /** Folder of pictures in class folders. */
  folder: string;
  /** Where ours keeps what it found in the folder, and features: new for each round, or known from an earlier one. */
  scan: string;
  cache: string;
  /** `whole`: the frozen base in every step (Keras alone). `features`: its outputs are computed once. */
  kind: 'whole' | 'features';
}

export interface Answer {
  /** Until the end of the last epoch. */
  milliseconds: number;
  /** Processor time in all threads. */
  processor: number;
  /** When the first epoch ended. */
  firstEpoch: number;
  loss: number;
}

/** JPEGs of 320 × 240 with waves, edges and grain, about 25 kB each; the classes differ in colour. */
export async function writePictures(folder: string): Promise<void> {
  const [width, height] = [320, 240];
  const pixels = Buffer.alloc(width * height * 3);
  for (let index = 0; index < task.pictures; index++) {
    const label = index % task.classes;
    const directory = join(folder, `class-${label}`);
    await mkdir(directory, { recursive: true });
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const wave = 60 * Math.sin((x * (1 + (index % 7))) / 40) + 40 * Math.cos((y + index) / 25);
        const edge = ((x >> 5) + (y >> 5) + index) % 3 === 0 ? 40 : 0;
        const grain = (Math.imul(x * 7919 + y * 104729 + index, 2654435761) >>> 27) - 16;
        const at = (y * width + x) * 3;
        for (let channel = 0; channel < 3; channel++) {
          const tint = channel === label % 3 ? 12 * label : 0;
          pixels[at + channel] = Math.min(
            255,
            Math.max(0, 110 + wave * (1 - channel * 0.3) + edge + grain + tint),
          );
        }
      }
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 88 })
      .toFile(join(directory, `${index}.jpg`));
  }
}
