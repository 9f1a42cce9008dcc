import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../../src/engine/native/backend';
import { mobileNetV2 } from '../../../../src/model/bases/applications/mobilenet-v2';
import { resNet50 } from '../../../../src/model/bases/applications/resnet50';
import { preprocessingLayerNames } from '../../../../src/model/bases/apply-base';
import { type BaseWeights, setBaseWeights } from '../../../../src/model/bases/base-weights';
import { readKerasWeights } from '../../../../src/model/bases/keras-weights';
import { pythonJudge, runPython } from '../../../support/python-judge';

const cases = [
  { model: 'ResNet50', alpha: 1, height: 64, width: 64 },
  { model: 'ResNet50', alpha: 1, height: 75, width: 98 },
  { model: 'MobileNetV2', alpha: 0.35, height: 96, width: 96 },
  { model: 'MobileNetV2', alpha: 0.5, height: 97, width: 50 },
  { model: 'MobileNetV2', alpha: 1, height: 128, width: 128 },
  { model: 'MobileNetV2', alpha: 1, height: 111, width: 75 },
  { model: 'MobileNetV2', alpha: 1.4, height: 47, width: 63 },
];

/** Keras' models with random weights, and normalizations whose every number does something. */
const program = `
import json, sys
import numpy as np, tensorflow as tf
from tensorflow.keras import applications
folder, cases = sys.argv[1], json.loads(sys.argv[2])
random = np.random.default_rng(7)
made = {}
for number, case in enumerate(cases):
    name, alpha = case['model'], case['alpha']
    shape = (case['height'], case['width'], 3)
    preprocess = applications.resnet50.preprocess_input if name == 'ResNet50' else applications.mobilenet_v2.preprocess_input
    options = dict(include_top=False, weights=None, input_shape=shape)
    model = applications.ResNet50(**options) if name == 'ResNet50' else applications.MobileNetV2(alpha=alpha, **options)
    if (name, alpha) in made:
        model.set_weights(made[name, alpha])
    else:
        for layer in model.layers:
            if isinstance(layer, tf.keras.layers.BatchNormalization):
                gamma, beta, mean, variance = layer.get_weights()
                size = gamma.shape
                layer.set_weights([random.uniform(0.5, 1.2, size), random.normal(0.2, 0.3, size),
                                   random.normal(0, 0.2, size), random.uniform(0.5, 1.5, size)])
        made[name, alpha] = model.get_weights()
        model.save_weights(f'{folder}/{name}-{alpha}.h5')
    pixels = random.integers(0, 256, (2, *shape)).astype('float32')
    features = model(preprocess(pixels.copy()), training=False).numpy()
    pixels.astype('<f4').tofile(f'{folder}/{number}.pixels')
    features.astype('<f4').tofile(f'{folder}/{number}.features')
    layers = [[layer.name, type(layer).__name__, list(layer.output_shape[0] if isinstance(layer.output_shape, list) else layer.output_shape)[1:]] for layer in model.layers]
    with open(f'{folder}/{number}.json', 'w') as file:
        json.dump(dict(layers=layers, shape=list(features.shape)), file)
`;

interface Answer {
  layers: [name: string, className: string, shape: number[]][];
  shape: number[];
}

let directory: string;
const judge = await pythonJudge();
const reason = typeof judge === 'string' ? judge : '';

beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent-bases-'));
  if (typeof judge !== 'string') await runPython(judge, program, [directory, JSON.stringify(cases)]);
}, 300_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

async function numbers(name: string): Promise<Float32Array> {
  const bytes = await readFile(join(directory, name));
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

describe.skipIf(typeof judge === 'string')(`bases of tf.keras.applications ${reason}`, () => {
  it.each(cases.map((value, number) => ({ ...value, number })))(
    '$model with alpha $alpha has the layers of Keras and its features at $height × $width',
    async ({ model: name, alpha, height, width, number }) => {
      const answer = JSON.parse(await readFile(join(directory, `${number}.json`), 'utf8')) as Answer;
      const input = tf.input({ shape: [height, width, 3], name: 'input_1' });
      const build = (pixels: tf.SymbolicTensor) =>
        name === 'ResNet50' ? resNet50(pixels) : mobileNetV2(pixels, alpha);
      const file = join(directory, `${name}-${alpha}.h5`);
      const features = build(input);
      setBaseWeights(features, await readKerasWeights(file, build), file, preprocessingLayerNames);
      const model = tf.model({ inputs: input, outputs: features });

      const layers = model.layers
        .filter((layer) => !preprocessingLayerNames.includes(layer.name))
        .map((layer) => [layer.name, layer.getClassName(), (layer.outputShape as number[]).slice(1)]);
      // Keras counts the inputs of all models of a process.
      expect(layers.slice(1)).toEqual(answer.layers.slice(1));

      const pixels = tf.tensor(await numbers(`${number}.pixels`), [2, height, width, 3]);
      const output = model.predict(pixels) as tf.Tensor;
      expect(output.shape).toEqual(answer.shape);
      const [ours, theirs] = [output.dataSync(), await numbers(`${number}.features`)];
      const largest = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const difference = theirs.reduce((most, value, at) => Math.max(most, Math.abs(value - ours[at]!)), 0);
      expect(largest).toBeGreaterThan(0.1);
      expect(difference / Math.max(1, largest)).toBeLessThan(1e-4);
      tf.dispose([pixels, output]);
      model.dispose();
    },
  );
});

describe('weights of a base', () => {
  const features = () => mobileNetV2(tf.input({ shape: [32, 32, 3] }), 0.35);

  it('names the layer whose weight is missing and the shape that it should have', () => {
    expect(() => setBaseWeights(features(), new Map(), 'some.h5', preprocessingLayerNames)).toThrow(
      /some\.h5 has no \w+ for the layer "\w+", whose shape should be \[[\d, ]+\]/,
    );
  });

  it('names the layer, the expected and the found shape where they differ', () => {
    const weights: BaseWeights = new Map(
      ['Conv_1_bn/gamma', 'Conv_1_bn/beta', 'Conv_1_bn/moving_mean', 'Conv_1_bn/moving_variance'].map(
        (name) => [name, { shape: [1281], values: new Float32Array(1281) }],
      ),
    );
    expect(() => setBaseWeights(features(), weights, 'some.h5', preprocessingLayerNames)).toThrow(
      'The gamma of the layer "Conv_1_bn" has the shape [1281] in some.h5, but should have [1280].',
    );
  });
});
