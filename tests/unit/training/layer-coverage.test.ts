import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { describeCompilation } from '../../../src/training/graph/describe-compilation';
import { compiledStep } from '../../../src/training/public';
import { expectLayersEqualEager } from './support/layer-judge';

beforeAll(async () => {
  await loadBackend('node');
});

const { layers } = tf;
type Make = () => tf.layers.Layer;
type RecurrentCell = Parameters<typeof layers.rnn>[0]['cell'];
const pool3d = { poolSize: 2 } as unknown as Parameters<typeof layers.maxPooling3d>[0];

/** Layers of TF.js that have no emitter of their own, with the shapes of their inputs. */
const cases: Record<string, [number[][], Make]> = {
  Conv1D: [[[6, 3]], () => layers.conv1d({ filters: 2, kernelSize: 3, activation: 'relu' })],
  Conv2DTranspose: [
    [[4, 4, 2]],
    () => layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' }),
  ],
  Conv3D: [[[3, 4, 4, 2]], () => layers.conv3d({ filters: 3, kernelSize: 2 })],
  MaxPooling1D: [[[5, 3]], () => layers.maxPooling1d({ poolSize: 2, padding: 'same' })],
  AveragePooling1D: [[[6, 3]], () => layers.averagePooling1d({ poolSize: 2 })],
  MaxPooling3D: [[[4, 4, 4, 2]], () => layers.maxPooling3d(pool3d)],
  AveragePooling3D: [[[4, 4, 4, 2]], () => layers.averagePooling3d(pool3d)],
  UpSampling2D: [[[3, 3, 2]], () => layers.upSampling2d({ size: [2, 2] })],
  'UpSampling2D, bilinear': [
    [[3, 3, 2]],
    () => layers.upSampling2d({ size: [2, 2], interpolation: 'bilinear' }),
  ],
  Cropping2D: [
    [[5, 5, 2]],
    () =>
      layers.cropping2D({
        cropping: [
          [1, 1],
          [1, 0],
        ],
      }),
  ],
  Permute: [[[3, 4, 2]], () => layers.permute({ dims: [2, 1, 3] })],
  'Dot of sequences': [
    [
      [3, 4],
      [3, 4],
    ],
    () => layers.dot({ axes: 2 }) as tf.layers.Layer,
  ],
  'Dot, normalized': [[[4], [4]], () => layers.dot({ axes: 1, normalize: true }) as tf.layers.Layer],
  PReLU: [[[4]], () => layers.prelu()],
  ELU: [[[4]], () => layers.elu()],
  'LayerNormalization over two axes': [[[3, 4]], () => layers.layerNormalization({ axis: [1, 2] })],
  'TimeDistributed Dense': [[[3, 4]], () => layers.timeDistributed({ layer: layers.dense({ units: 2 }) })],
  'TimeDistributed Conv2D': [
    [[3, 5, 5, 2]],
    () => layers.timeDistributed({ layer: layers.conv2d({ filters: 2, kernelSize: 3 }) }),
  ],
  'RNN with a cell': [
    [[3, 2]],
    () => layers.rnn({ cell: layers.simpleRNNCell({ units: 2 }) as unknown as RecurrentCell }),
  ],
};

function modelOf([shapes, make]: [number[][], Make]): tf.LayersModel {
  const inputs = shapes.map((shape) => tf.input({ shape }));
  const output = make().apply(inputs.length === 1 ? inputs[0]! : inputs) as tf.SymbolicTensor;
  return tf.model({ inputs, outputs: output });
}

describe("TF.js' other layers are compiled by tracing", () => {
  it.each(Object.keys(cases))('%s', async (name) => {
    const model = modelOf(cases[name]!);
    expect(await describeCompilation(model)).toMatchObject({ kind: 'graph' });
    await expectLayersEqualEager(model);
  });
});

describe('a layer that TF.js itself has no gradient for', () => {
  it('is compiled with one: Conv3DTranspose', async () => {
    const kernelInitializer = tf.initializers.glorotUniform({ seed: 3 });
    const model = modelOf([
      [[3, 4, 4, 2]],
      () => layers.conv3dTranspose({ filters: 3, kernelSize: 2, strides: 1, kernelInitializer }),
    ]);
    const x = tf.randomNormal([2, 3, 4, 4, 2], 0, 1, 'float32', 5);
    const loss = ({ x }: { x: tf.Tensor }) => tf.sum(tf.square(model.apply(x) as tf.Tensor));
    const step = compiledStep(model, loss, { optimizer: 'sgd' });
    const { gradients } = await step.gradients({ x });
    const kernel = model.weights[0]!;
    const found = gradients.find(({ name }) => name.endsWith('kernel'))!;
    // The loss is a parabola along each weight, of which the difference of two values is the slope.
    const values = kernel.read().dataSync().slice();
    for (const place of [0, 7, values.length - 1]) {
      const at = (by: number) => {
        const moved = values.slice();
        moved[place]! += by;
        kernel.write(tf.tensor(moved, kernel.shape as number[]));
        return loss({ x }).dataSync()[0]!;
      };
      const slope = (at(0.5) - at(-0.5)) / 1;
      expect(Math.abs(slope - found.values[place]!)).toBeLessThan(1e-3 * Math.max(1, Math.abs(slope)));
    }
    step.dispose();
  });
});

describe('layers that stay eager, with the reason', () => {
  const eager: Record<string, [[number[][], Make], string]> = {
    GaussianNoise: [[[[4]], () => layers.gaussianNoise({ stddev: 0.3 })], 'a random number'],
    AlphaDropout: [[[[4]], () => layers.alphaDropout({ rate: 0.3 })], 'a random number'],
    SpatialDropout1D: [[[[3, 4]], () => layers.spatialDropout1d({ rate: 0.4 })], 'a random number'],
    'BatchNormalization of another axis': [
      [[[3, 4]], () => layers.batchNormalization({ axis: 1 })],
      'it normalizes along axis 1, not the last',
    ],
  };
  it.each(Object.keys(eager))('%s', async (name) => {
    const [given, reason] = eager[name]!;
    const found = await describeCompilation(modelOf(given));
    expect(found.kind).toBe('plain');
    expect(found.reason).toContain(reason);
  });
});
