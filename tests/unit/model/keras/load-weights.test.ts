import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../../src/engine/native/backend';
import { loadKerasWeights } from '../../../../src/model/keras/load-weights';
import { type KerasFiles, makeKerasFiles, type Numbers } from '../../../support/keras-files';

const [keras2, keras3] = [await makeKerasFiles(2), await makeKerasFiles(3)];

beforeAll(async () => {
  await loadBackend('node');
});

/** The same as `picture` in make_keras_files.py, of TF.js layers. */
function picture(names: { last?: string } = {}, classes = 5): tf.LayersModel {
  const apply = (start: tf.SymbolicTensor, ...layers: tf.layers.Layer[]) =>
    layers.reduce((current, layer) => layer.apply(current) as tf.SymbolicTensor, start);
  const innerInput = tf.input({ shape: [null, null, 8] });
  const nested = tf.model({
    name: 'nested',
    inputs: innerInput,
    outputs: apply(
      innerInput,
      tf.layers.conv2d({ filters: 4, kernelSize: 1, activation: 'swish' as 'relu', name: 'inner_conv' }),
      tf.layers.batchNormalization({ name: 'inner_bn' }),
      tf.layers.conv2d({ filters: 4, kernelSize: 1, activation: 'gelu' as 'relu', name: 'inner_conv_2' }),
    ),
  });
  const pair = tf.sequential({
    name: 'pair',
    layers: [
      tf.layers.conv2d({ filters: 4, kernelSize: 1, name: 'pair_conv', inputShape: [null, null, 4] }),
      tf.layers.batchNormalization({ name: 'pair_bn' }),
    ],
  });
  const start = tf.input({ shape: [33, 30, 3] });
  const x = apply(
    start,
    tf.layers.rescaling({ scale: 1 / 127.5, offset: -1 }),
    tf.layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, useBias: false, name: 'Conv1' }),
    tf.layers.batchNormalization({ name: 'bn_Conv1' }),
    tf.layers.reLU({ maxValue: 6, name: 'Conv1_relu' }),
    tf.layers.zeroPadding2d({
      padding: [
        [0, 1],
        [1, 2],
      ],
    }),
    tf.layers.depthwiseConv2d({ kernelSize: 3, name: 'deep' }),
    nested,
  );
  const sum = tf.layers.add().apply([x, apply(x, pair)]) as tf.SymbolicTensor;
  const output = apply(
    sum,
    tf.layers.globalAveragePooling2d({}),
    tf.layers.dropout({ rate: 0.2 }),
    tf.layers.dense({ units: classes, activation: 'softmax', name: names.last ?? 'predictions' }),
  );
  return tf.model({ inputs: start, outputs: output });
}

function largestDifference(model: tf.LayersModel, input: Numbers, output: Numbers): number {
  return tf.tidy(() => {
    const answer = model.predict(tf.tensor(input.values, input.shape)) as tf.Tensor;
    expect(answer.shape).toEqual(output.shape);
    return answer.sub(tf.tensor(output.values, output.shape)).abs().max().dataSync()[0]!;
  });
}

for (const [version, files] of [
  ['Keras 2.15', keras2],
  ['Keras 3', keras3],
] as const) {
  describe.skipIf(typeof files === 'string')(`weights that ${version} wrote`, () => {
    const { directory, expected } = files as KerasFiles;
    const endings = ['.h5', '.keras', '.weights.h5', ...(version === 'Keras 2.15' ? ['.legacy.h5'] : [])];

    it.each(
      endings.flatMap((ending) => [
        ['picture', ending],
        ['frozen', ending],
      ]),
    )('give a model of the same layers the same answers: %s%s', async (name, ending) => {
      const model = picture();
      const { count } = await loadKerasWeights(model, join(directory, `${name}${ending}`));
      expect(count).toBe(23);
      const { input, output } = expected[name]!;
      expect(largestDifference(model, input, output)).toBeLessThan(1e-5);
      model.dispose();
    });
  });
}

describe.skipIf(typeof keras2 === 'string')('legacy weights of Keras 2.15', () => {
  const file = join((keras2 as KerasFiles).directory, 'picture.legacy.h5');

  it('are given by name to a model without the file’s last layer, and tell what was left', async () => {
    const whole = picture();
    const model = tf.model({ inputs: whole.inputs, outputs: whole.layers.at(-2)!.output });
    expect(await loadKerasWeights(model, file, { byName: true })).toEqual({
      count: 21,
      unused: ['predictions'],
    });
    const reference = picture();
    await loadKerasWeights(reference, file);
    const values = (layers: tf.layers.Layer[]) =>
      layers.flatMap((layer) => layer.getWeights().map((weight) => [...weight.dataSync()]));
    expect(values(model.layers)).toEqual(values(reference.layers.slice(0, -1)));
  });

  it('are refused by order when a layer is missing, naming the first that differs', async () => {
    const whole = picture();
    const model = tf.model({ inputs: whole.inputs, outputs: whole.layers.at(-2)!.output });
    await expect(loadKerasWeights(model, file)).rejects.toThrow(
      `${file}: the model has 5 layers with weights, the file 6; they differ from the model’s end on, where the file holds predictions [4, 5] [5].`,
    );
  });

  it('name layer, expected and found shape where one does not fit, and leave the model as it was', async () => {
    const model = picture({}, 7);
    const before = model.getWeights().map((weight) => [...weight.dataSync()]);
    await expect(loadKerasWeights(model, file)).rejects.toThrow(
      `${file}: the layer predictions: predictions/kernel wants the shape [4, 7], the file holds [4, 5] (predictions/predictions/kernel:0).`,
    );
    expect(model.getWeights().map((weight) => [...weight.dataSync()])).toEqual(before);
  });

  it('name a layer that has no weights by its name', async () => {
    await expect(loadKerasWeights(picture({ last: 'answers' }), file, { byName: true })).rejects.toThrow(
      `${file}: there are no weights of the layer answers, which wants [4, 5] [5].`,
    );
  });
});
