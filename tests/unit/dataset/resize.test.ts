import { beforeAll, describe, expect, it } from 'vitest';
import { resizeBilinear } from '../../../src/dataset/common/resize';
import { type LoadedBackend, loadBackend } from '../../../src/engine/native/backend';
import { randomBytes } from './random';

const shapes = [
  { from: [28, 28], to: [28, 28] },
  { from: [240, 320], to: [160, 160] },
  { from: [7, 5], to: [64, 48] },
  { from: [1, 1], to: [5, 9] },
  { from: [1, 300], to: [32, 32] },
  { from: [333, 1], to: [10, 3] },
  { from: [97, 101], to: [96, 100] },
  { from: [600, 401], to: [33, 47] },
  { from: [3, 1000], to: [128, 128] },
] as const;

describe('resizeBilinear', () => {
  let backend: LoadedBackend;
  beforeAll(async () => {
    backend = await loadBackend('auto');
  });

  for (const { from, to } of shapes)
    for (const channels of [1, 3, 4])
      it(`gives TensorFlow's bytes for ${from.join('×')}×${channels} to ${to.join('×')}`, async (context) => {
        if (backend.kind !== 'node') context.skip('the native engine is the judge, and is not here');
        const { tf } = backend;
        const [height, width] = from;
        const pixels = randomBytes(height * width * channels, height * 31 + width);
        const ours = resizeBilinear(pixels, height, width, channels, to[0], to[1]);
        const theirs = tf.tidy(() => {
          const picture = tf.tensor4d(Float32Array.from(pixels), [1, height, width, channels]);
          return tf.image.resizeBilinear(picture, [to[0], to[1]], false, true).add(0.5).floor().dataSync();
        });
        expect(ours).toEqual(Uint8Array.from(theirs));
      });

  it('keeps a picture of the wanted size as it is', () => {
    const pixels = randomBytes(11 * 13 * 3, 5);
    expect(resizeBilinear(pixels, 11, 13, 3, 11, 13)).toEqual(pixels);
  });

  it('does not overflow at the brightest pixels', () => {
    expect(new Set(resizeBilinear(new Uint8Array(50 * 40).fill(255), 50, 40, 1, 17, 91))).toEqual(
      new Set([255]),
    );
  });
});
