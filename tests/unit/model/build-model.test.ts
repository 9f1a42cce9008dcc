import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PresetName } from '../../../src/contract/hyperparameters';
import { loadBackend } from '../../../src/engine/native/backend';
import { buildModel } from '../../../src/model/build-model';
import { layerSeed } from '../../../src/model/layer-seed';
import { loadModel } from '../../../src/model/load-model';
import { saveModel } from '../../../src/model/save-model';
import { type ModelSpecification, metadataOf } from '../../../src/model/specification';
import { prepareForTraining, trainingView } from '../../../src/model/training-view';
import { namedVariables, summarizeLayers } from '../../../src/model/weights';

const base = {
  seed: 42,
  dropout: 0.25,
  hiddenUnits: 128,
  hiddenLayers: 2,
  width: 1,
  embeddingDimension: 16,
  bidirectional: false,
};

function images(model: PresetName, size = 28, channels: 1 | 3 = 1): ModelSpecification {
  return {
    name: 'digits',
    task: 'classification',
    input: { kind: 'images', height: size, width: size, channels },
    labels: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    hyperparameters: { ...base, model },
  };
}

function table(model: PresetName, regression = false): ModelSpecification {
  return {
    name: 'table',
    task: regression ? 'regression' : 'classification',
    input: {
      kind: 'table',
      columns: [
        { role: 'numeric', name: 'a', mean: 1000, standardDeviation: 50 },
        { role: 'categorical', name: 'b', values: ['x', 'y'] },
        { role: 'numeric', name: 'c', mean: -3, standardDeviation: 0 },
      ],
    },
    labels: regression ? [] : ['no', 'yes'],
    ...(regression ? { target: { name: 'price', mean: 200_000, standardDeviation: 40_000 } } : {}),
    hyperparameters: { ...base, model },
  };
}

function texts(model: PresetName): ModelSpecification {
  return {
    name: 'mails',
    task: 'classification',
    input: { kind: 'texts', vocabulary: ['free', 'offer', 'meeting'], sequenceLength: 6 },
    labels: ['ham', 'spam'],
    hyperparameters: { ...base, model },
  };
}

const all: [string, ModelSpecification][] = [
  ['linear on images', images('linear')],
  ['mlp on images', images('mlp')],
  ['small-cnn', images('small-cnn')],
  ['mobilenet-like', images('mobilenet-like', 32, 3)],
  ['linear on a table', table('linear')],
  ['mlp on a table', table('mlp')],
  ['mlp regression', table('mlp', true)],
  ['text-bag', texts('text-bag')],
  ['text-lstm', texts('text-lstm')],
  [
    'text-lstm in both directions',
    { ...texts('text-lstm'), hyperparameters: { ...base, model: 'text-lstm', bidirectional: true } },
  ],
  ['linear on texts', texts('linear')],
];

function inputFor(specification: ModelSpecification): tf.Tensor {
  const { input } = specification;
  if (input.kind === 'images')
    return tf.randomUniform([3, input.height, input.width, input.channels], 0, 255, 'float32', 5);
  if (input.kind === 'texts') return tf.tensor2d([[2, 3, 1, 0, 0, 0]], [1, 6], 'int32');
  return tf.tensor2d([
    [1000, 1, 0, -3],
    [1050, 0, 1, -2],
  ]);
}

let directory: string;
beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent-model-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('seeds of layers', () => {
  it('differ from layer to layer and from run to run, within 31 bits', () => {
    const seeds = [1, 2, 42].flatMap((seed) =>
      Array.from({ length: 100 }, (_, layer) => layerSeed(seed, layer)),
    );
    expect(new Set(seeds).size).toBe(300);
    expect(Math.max(...seeds)).toBeLessThan(2 ** 31);
    expect(Math.min(...seeds)).toBeGreaterThanOrEqual(0);
  });
});

describe('presets', () => {
  it.each(all)('%s gives the same weights for the same seed and others for another', (_, specification) => {
    const weights = (seed: number) => {
      const model = buildModel({
        ...specification,
        hyperparameters: { ...specification.hyperparameters, seed },
      });
      const values = model.getWeights().map((tensor) => Array.from(tensor.dataSync()));
      model.dispose();
      return values;
    };
    expect(weights(1)).toEqual(weights(1));
    expect(weights(1)).not.toEqual(weights(2));
  });

  it.each(all)(
    '%s answers the same after saving and loading, with its metadata',
    async (name, specification) => {
      const model = buildModel(specification);
      const input = inputFor(specification);
      const before = (model.predict(input) as tf.Tensor).dataSync();
      const folder = join(directory, name);
      await saveModel(model, folder, metadataOf(specification));
      model.dispose();
      const loaded = await loadModel(folder);
      expect(loaded.metadata).toEqual(metadataOf(specification));
      const after = (loaded.model.predict(input) as tf.Tensor).dataSync();
      expect(Array.from(after)).toEqual(Array.from(before));
      if (specification.task === 'classification') {
        const sums = tf.sum(tf.tensor(after, [input.shape[0]!, specification.labels.length]), 1).dataSync();
        for (const sum of sums) expect(sum).toBeCloseTo(1, 5);
      }
      loaded.model.dispose();
      input.dispose();
    },
  );

  it('names layers as Keras does', () => {
    const model = buildModel(images('small-cnn'));
    expect(summarizeLayers(model).map((layer) => layer.name)).toEqual([
      'input_1',
      'rescaling',
      'conv2d',
      'max_pooling2d',
      'conv2d_1',
      'max_pooling2d_1',
      'flatten',
      'dense',
      'dropout',
      'dense_1',
      'softmax',
    ]);
    expect(namedVariables(model).map(({ name }) => name)).toEqual([
      'conv2d/kernel',
      'conv2d/bias',
      'conv2d_1/kernel',
      'conv2d_1/bias',
      'dense/kernel',
      'dense/bias',
      'dense_1/kernel',
      'dense_1/bias',
    ]);
    model.dispose();
  });

  it('a second model of the same process carries the same names', () => {
    const first = buildModel(images('mobilenet-like', 32, 3));
    const second = buildModel(images('mobilenet-like', 32, 3));
    expect(namedVariables(second).map(({ name }) => name)).toEqual(
      namedVariables(first).map(({ name }) => name),
    );
    first.dispose();
    second.dispose();
  });

  it('standardises a table inside the model, a constant column and categories included', () => {
    const model = buildModel(table('linear'));
    const standardize = tf.model({
      inputs: model.inputs,
      outputs: model.getLayer('standardize').output as tf.SymbolicTensor,
    });
    const values = (
      standardize.predict(
        tf.tensor2d([
          [1050, 1, 0, -3],
          [900, 0, 0, -3],
        ]),
      ) as tf.Tensor
    ).arraySync();
    expect(values).toEqual([
      [1, 1, 0, 0],
      [-2, 0, 0, 0],
    ]);
    model.dispose();
  });

  it('keeps the standardisation as it is while training, and draws dropout by the given mask', () => {
    const model = buildModel(table('mlp'));
    const drawn: number[][] = [];
    prepareForTraining(model, ({ layer }, shape, rate) => {
      drawn.push([layer, shape.length, rate]);
      return tf.zeros(shape);
    });
    const { core } = trainingView(model);
    const fixed = model
      .getLayer('standardize')
      .getWeights()
      .map((tensor) => Array.from(tensor.dataSync()));
    const output = tf.tidy(() =>
      (core.apply(tf.tensor2d([[1050, 1, 0, -3]]), { training: true }) as tf.Tensor).dataSync(),
    );
    expect(drawn.length).toBe(2);
    expect(Array.from(output)).toEqual([0, 0]);
    expect(
      model
        .getLayer('standardize')
        .getWeights()
        .map((tensor) => Array.from(tensor.dataSync())),
    ).toEqual(fixed);
    model.dispose();
  });

  it('gives regression answers in the unit of the target', () => {
    const model = buildModel(table('linear', true));
    const { core, targetScale, targetShift } = trainingView(model);
    const input = inputFor(table('linear', true));
    const standard = (core.predict(input) as tf.Tensor).dataSync();
    const answers = (model.predict(input) as tf.Tensor).dataSync();
    expect([targetScale, targetShift]).toEqual([40_000, 200_000]);
    standard.forEach((value, index) => {
      expect(answers[index]).toBeCloseTo(value * 40_000 + 200_000, 0);
    });
    model.dispose();
  });

  it('refuses a preset that does not fit the data, naming those that do', () => {
    expect(() => buildModel(table('small-cnn'))).toThrow(/"small-cnn" can't be trained on table/);
  });

  it('says that there is no model, or that it is damaged', async () => {
    await expect(loadModel(join(directory, 'nothing'))).rejects.toMatchObject({ code: 'not-found' });
    const specification = images('linear');
    const model = buildModel(specification);
    const folder = join(directory, 'damaged');
    await saveModel(model, folder, metadataOf(specification));
    const { truncate } = await import('node:fs/promises');
    await truncate(join(folder, 'weights.bin'), 100);
    await expect(loadModel(folder)).rejects.toMatchObject({ code: 'bad-input' });
    model.dispose();
  });
});
