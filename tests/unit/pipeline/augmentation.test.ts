import { describe, expect, it } from 'vitest';
import {
  type AugmentationDraw,
  augmentPicture,
  augments,
  drawAugmentation,
} from '../../../src/pipeline/augmentation';
import { pythonJudge, runPython } from '../../support/python-judge';

const judge = await pythonJudge();
if (typeof judge === 'string') console.warn(`Skipped: ${judge}`);

const still: AugmentationDraw = {
  flip: false,
  brightness: 0,
  contrast: 1,
  angle: 0,
  zoom: 1,
  cropX: 0,
  cropY: 0,
};
const off = { flipLeftRight: false, brightness: 0, contrast: 0, rotation: 0, zoom: 0, crop: 0 };

function augmented(
  pixels: number[],
  height: number,
  width: number,
  channels: number,
  draw: Partial<AugmentationDraw>,
) {
  const out = new Float32Array(pixels.length);
  augmentPicture(Uint8Array.from(pixels), height, width, channels, { ...still, ...draw }, out, 0);
  return Array.from(out);
}

describe('augmentation', () => {
  it('leaves a picture as it is when nothing is drawn', () => {
    expect(augmented([1, 2, 3, 4, 5, 6], 2, 3, 1, {})).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('mirrors left and right, pixel by pixel', () => {
    expect(augmented([1, 2, 3, 4, 5, 6], 1, 2, 3, { flip: true })).toEqual([4, 5, 6, 1, 2, 3]);
  });

  it('adds brightness and clips it', () => {
    expect(augmented([0, 100, 250], 1, 3, 1, { brightness: 20 })).toEqual([20, 120, 255]);
    expect(augmented([0, 100, 250], 1, 3, 1, { brightness: -20 })).toEqual([0, 80, 230]);
  });

  it('changes contrast around the mean of each channel', () => {
    expect(augmented([100, 10, 200, 30], 1, 2, 2, { contrast: 0.5 })).toEqual([125, 15, 175, 25]);
  });

  it('turns by a right angle exactly', () => {
    const turned = augmented([1, 2, 3, 4, 5, 6, 7, 8, 9], 3, 3, 1, { angle: Math.PI / 2 });
    expect(turned.map(Math.round)).toEqual([3, 6, 9, 2, 5, 8, 1, 4, 7]);
  });

  it('cuts out a part of the picture by whole pixels, and reflects beyond its edge', () => {
    const pixels = [1, 2, 3, 4, 5, 6, 7, 8];
    expect(augmented(pixels, 2, 4, 1, { cropX: 0.25 })).toEqual([2, 3, 4, 4, 6, 7, 8, 8]);
    expect(augmented(pixels, 2, 4, 1, { cropX: -0.45, cropY: 0.5 })).toEqual([6, 5, 5, 6, 6, 5, 5, 6]);
    expect(augmented(pixels, 2, 4, 1, { cropX: 0.25, flip: true })).toEqual([4, 4, 3, 2, 8, 8, 7, 6]);
  });

  it.skipIf(typeof judge === 'string')(
    'crops as TensorFlow pads and crops',
    async () => {
      if (typeof judge === 'string') throw new Error(judge);
      const [height, width] = [7, 9];
      const pixels = Array.from({ length: height * width * 3 }, (_, index) => (index * 37) % 251);
      const crops = [
        [0, 0],
        [0.2, -0.25],
        [-0.3, 0.4],
        [0.33, 0.1],
      ];
      const program = [
        'import json, sys, numpy, tensorflow as tf',
        'pixels, height, width, places = json.loads(sys.argv[1])',
        'picture = numpy.array(pixels, "uint8").reshape(height, width, 3)',
        'padded = tf.pad(picture, [[4, 4], [4, 4], [0, 0]], "SYMMETRIC")',
        'cut = lambda x, y: tf.image.crop_to_bounding_box(padded, 4 + y, 4 + x, height, width)',
        'print(json.dumps([cut(x, y).numpy().ravel().tolist() for x, y in places]))',
      ].join('\n');
      const places = crops.map(([x, y]) => [Math.round(x! * width), Math.round(y! * height)]);
      const { stdout } = await runPython(judge, program, [JSON.stringify([pixels, height, width, places])]);
      expect(crops.map(([cropX, cropY]) => augmented(pixels, height, width, 3, { cropX, cropY }))).toEqual(
        JSON.parse(stdout),
      );
    },
    60_000,
  );

  it('mirrors, when it also resamples, as when it only mirrors', () => {
    const pixels = Array.from({ length: 25 }, (_, index) => index * 9);
    const mirrored = augmented(pixels, 5, 5, 1, { flip: true });
    const both = augmented(pixels, 5, 5, 1, { flip: true, zoom: 1.0000001 });
    both.forEach((value, index) => {
      expect(value).toBeCloseTo(mirrored[index]!, 3);
    });
  });

  it('fills what a zoom out uncovers by reflection', () => {
    const pixels = [10, 20, 30, 40];
    // Columns -1.5, 0.5, 2.5 and 4.5 of d c b a | a b c d | d c b a.
    expect(augmented(pixels, 1, 4, 1, { zoom: 2 })).toEqual([15, 15, 35, 35]);
    const uniform = augmented(new Array(49).fill(77), 7, 7, 1, { zoom: 1.7, angle: 0.4 });
    for (const value of uniform) expect(value).toBeCloseTo(77, 4);
  });

  it('draws within its settings, by (seed, epoch, index) alone, one setting not moving another', () => {
    const settings = {
      flipLeftRight: true,
      brightness: 0.2,
      contrast: 0.3,
      rotation: 15,
      zoom: 0.1,
      crop: 0.25,
    };
    let flips = 0;
    for (let index = 0; index < 500; index++) {
      const draw = drawAugmentation(settings, 1, 2, index);
      expect(drawAugmentation(settings, 1, 2, index)).toEqual(draw);
      flips += draw.flip ? 1 : 0;
      expect(Math.abs(draw.brightness)).toBeLessThanOrEqual(51);
      expect(Math.abs(draw.contrast - 1)).toBeLessThanOrEqual(0.3);
      expect(Math.abs(draw.angle)).toBeLessThanOrEqual((15 * Math.PI) / 180);
      expect(Math.abs(draw.zoom - 1)).toBeLessThanOrEqual(0.1);
      expect(Math.abs(draw.cropX)).toBeLessThanOrEqual(0.25);
      expect(Math.abs(draw.cropY)).toBeLessThanOrEqual(0.25);
      expect(drawAugmentation({ ...off, zoom: 0.1 }, 1, 2, index).zoom).toBe(draw.zoom);
      expect(drawAugmentation({ ...off, crop: 0.25 }, 1, 2, index).cropY).toBe(draw.cropY);
    }
    expect(Math.abs(flips - 250)).toBeLessThan(50);
    expect(drawAugmentation(settings, 1, 3, 0)).not.toEqual(drawAugmentation(settings, 1, 2, 0));
    expect(augments(off)).toBe(false);
    expect(drawAugmentation(off, 1, 2, 3)).toEqual(still);
  });
});
