import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';

/** Numbers that differ from place to place, the same on every back end. */
function sample(shape: number[], seed = 1): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, index) => Math.sin((index + 1) * 12.9898 * seed) * 0.9),
    shape,
  );
}

async function on<T>(backend: 'cpu' | 'wasm', work: () => T): Promise<T> {
  await tf.setBackend(backend);
  return work();
}

interface Plain {
  shape: number[];
  values: number[];
}

async function bothBackends(compute: () => tf.Tensor[]): Promise<[Plain[], Plain[]]> {
  const run = () =>
    tf.tidy(() =>
      compute().map((tensor) => ({ shape: tensor.shape as number[], values: [...tensor.dataSync()] })),
    );
  return [await on('cpu', run), await on('wasm', run)];
}

async function expectSame(compute: () => tf.Tensor[], digits = 4): Promise<void> {
  const [expected, actual] = await bothBackends(compute);
  expect(actual.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
  for (const [index, { values }] of expected.entries()) {
    const scale = Math.max(1, ...values.map(Math.abs));
    const difference = Math.max(
      ...values.map((value, place) => Math.abs(value - actual[index]!.values[place]!)),
    );
    expect(values.some((value) => value !== 0)).toBe(true);
    expect(difference / scale).toBeLessThan(10 ** -digits);
  }
}

beforeAll(async () => {
  const { kind } = await loadBackend('wasm');
  expect(kind).toBe('wasm');
});

describe('gradients of convolutions on WebAssembly equal those of the cpu back end', () => {
  const cases = [
    { input: [2, 7, 8, 3], filter: [3, 3, 3, 5], strides: 1, pad: 'same' },
    { input: [3, 7, 8, 2], filter: [3, 2, 2, 4], strides: 2, pad: 'valid' },
    { input: [1, 9, 6, 1], filter: [5, 5, 1, 2], strides: [2, 1], pad: 'same' },
    { input: [2, 6, 6, 4], filter: [1, 1, 4, 8], strides: 1, pad: 'valid' },
    { input: [2, 6, 5, 2], filter: [3, 3, 2, 3], strides: 1, pad: 2 },
  ] as const;
  it.each(cases)(
    'conv2d $input by $filter, strides $strides, $pad',
    async ({ input, filter, strides, pad }) => {
      await expectSame(() => {
        const gradient = tf.grads(
          (x, w) =>
            tf
              .conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides as number, pad)
              .square()
              .sum() as tf.Tensor,
        );
        return gradient([sample([...input]), sample([...filter], 2)]);
      });
    },
  );

  const depthwise = [
    { input: [2, 7, 8, 3], filter: [3, 3, 3, 1], strides: 1, pad: 'same', dilations: 1 },
    { input: [2, 8, 7, 3], filter: [3, 3, 3, 2], strides: 2, pad: 'same', dilations: 1 },
    { input: [1, 9, 9, 4], filter: [3, 3, 4, 1], strides: 2, pad: 'valid', dilations: 1 },
  ] as const;
  it.each(depthwise)(
    'depthwise $input by $filter, strides $strides, $pad, dilations $dilations',
    async ({ input, filter, strides, pad, dilations }) => {
      await expectSame(() => {
        const gradient = tf.grads(
          (x, w) =>
            tf
              .depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad, 'NHWC', dilations)
              .square()
              .sum() as tf.Tensor,
        );
        return gradient([sample([...input]), sample([...filter], 2)]);
      });
    },
  );

  it('splits a large batch into pieces without a seam', async () => {
    await expectSame(() => {
      const gradient = tf.grad(
        (w) =>
          tf
            .conv2d(sample([6, 64, 64, 8]) as tf.Tensor4D, w as tf.Tensor4D, 1, 'same')
            .square()
            .mean() as tf.Tensor,
      );
      return [gradient(sample([5, 5, 8, 4], 3))];
    });
  });
});

describe('sums over segments and named axes', () => {
  it('sums rows of a segment, leaves out negative ones and keeps empty ones at zero', async () => {
    await tf.setBackend('wasm');
    const rows = tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]);
    const sum = tf.unsortedSegmentSum(rows, tf.tensor1d([2, 0, 2, -1], 'int32'), 4);
    expect(sum.arraySync()).toEqual([
      [3, 4],
      [0, 0],
      [6, 8],
      [0, 0],
    ]);
  });

  it('refuses a segment that lies outside', async () => {
    await tf.setBackend('wasm');
    expect(() => tf.unsortedSegmentSum(tf.tensor1d([1, 2]), tf.tensor1d([0, 3], 'int32'), 3)).toThrow(
      /Segment 3 does not lie in/,
    );
  });

  it('differentiates gather along both axes', async () => {
    await expectSame(() => {
      const indices = tf.tensor2d([0, 3, 3, 1], [2, 2], 'int32');
      const first = tf.grad((x) => tf.gather(x, indices).square().sum() as tf.Tensor);
      const second = tf.grad((x) => tf.gather(x, indices, 1).square().sum() as tf.Tensor);
      return [first(sample([5, 3])), second(sample([3, 4, 2]))];
    });
  });

  it.each([
    ['ij,jk->ik', [3, 4], [4, 5]],
    ['bij,bjk->bik', [2, 3, 4], [2, 4, 5]],
    ['ij->ji', [3, 4], null],
    ['ij->', [3, 4], null],
    ['ij,kj->ki', [2, 3], [4, 3]],
    ['i,i->i', [4], [4]],
  ] as const)('einsum %s', async (equation, left, right) => {
    await expectSame(() => [
      right === null
        ? tf.einsum(equation, sample([...left]))
        : tf.einsum(equation, sample([...left]), sample([...right], 2)),
    ]);
  });
});

describe('kernels that replace slower ones', () => {
  it.each([
    [
      [2, 3],
      [2, 2],
    ],
    [[4], [3]],
    [
      [2, 1, 3],
      [1, 5, 1],
    ],
    [
      [1, 1, 2],
      [3, 2, 4],
    ],
    [
      [3, 2],
      [1, 1],
    ],
    [
      [2, 2, 2, 2],
      [1, 3, 2, 2],
    ],
  ])('tile %s by %s', async (shape, repeats) => {
    await expectSame(() => [
      tf.tile(sample(shape), repeats),
      tf.tile(tf.range(0, sample(shape).size, 1, 'int32').add(1).reshape(shape), repeats),
    ]);
  });

  it.each([
    [[2, 6, 6, 3], 2, 2, 'valid'],
    [[2, 7, 5, 2], 3, 2, 'same'],
    [[1, 6, 6, 2], 3, 1, 'same'],
    [[1, 8, 8, 1], 2, 3, 'valid'],
  ] as const)('max pooling of %s by %s, strides %s, %s', async (shape, size, strides, pad) => {
    await expectSame(() => {
      const gradient = tf.grad(
        (x) =>
          tf
            .maxPool(x as tf.Tensor4D, size, strides, pad)
            .square()
            .sum() as tf.Tensor,
      );
      // Ties, too: the first of equal inputs takes the gradient.
      return [
        gradient(sample([...shape])),
        gradient(
          sample([...shape])
            .mul(2)
            .round(),
        ),
      ];
    });
  });
});

describe('training steps on WebAssembly', () => {
  const models: [string, number[], () => tf.layers.Layer[]][] = [
    [
      'a table network',
      [6],
      () => [
        tf.layers.dense({ units: 8, activation: 'relu' }),
        tf.layers.batchNormalization(),
        tf.layers.dense({ units: 3, activation: 'softmax' }),
      ],
    ],
    [
      'a small CNN',
      [12, 12, 3],
      () => [
        tf.layers.conv2d({ filters: 6, kernelSize: 3, padding: 'same', activation: 'relu' }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.conv2d({ filters: 8, kernelSize: 3, activation: 'elu' }),
        tf.layers.averagePooling2d({ poolSize: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 3, activation: 'softmax' }),
      ],
    ],
    [
      'a network of separable convolutions',
      [12, 12, 3],
      () => [
        tf.layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', useBias: false }),
        tf.layers.batchNormalization(),
        tf.layers.reLU({ maxValue: 6 }),
        tf.layers.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: 'same', useBias: false }),
        tf.layers.batchNormalization(),
        tf.layers.reLU({ maxValue: 6 }),
        tf.layers.separableConv2d({ filters: 6, kernelSize: 3, padding: 'same' }),
        tf.layers.globalAveragePooling2d({}),
        tf.layers.dense({ units: 3, activation: 'softmax' }),
      ],
    ],
  ];

  /** Trains on one back end from weights that both share; returns the weights after three steps and the losses. */
  async function train(
    backend: 'cpu' | 'wasm',
    inputShape: number[],
    layers: () => tf.layers.Layer[],
    makeInput: () => tf.Tensor,
  ): Promise<Plain[]> {
    await tf.setBackend(backend);
    const model = tf.sequential();
    for (const [index, layer] of layers().entries()) {
      if (index === 0)
        (layer as unknown as { batchInputShape: unknown }).batchInputShape = [null, ...inputShape];
      model.add(layer);
    }
    model.setWeights(
      model.getWeights().map((weight, index) =>
        sample(weight.shape, index + 2)
          .abs()
          .add(0.1)
          .mul(0.4),
      ),
    );
    model.compile({ optimizer: tf.train.sgd(0.05), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
    const labels = tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2, 1, 0], 'int32'), 3);
    const losses: number[] = [];
    for (let step = 0; step < 3; step++) {
      const [loss] = (await model.trainOnBatch(makeInput(), labels)) as number[];
      losses.push(loss!);
    }
    const weights = model
      .getWeights()
      .map((weight) => ({ shape: weight.shape, values: [...weight.dataSync()] }));
    return [{ shape: [losses.length], values: losses }, ...weights];
  }

  function expectClose(actual: Plain[], expected: Plain[]): void {
    expect(actual.length).toBe(expected.length);
    for (const [index, { values }] of expected.entries())
      for (const [place, value] of values.entries())
        expect(Math.abs(actual[index]!.values[place]! - value)).toBeLessThan(2e-3);
  }

  it.each(models)('%s moves as on the cpu back end', async (_name, inputShape, layers) => {
    const makeInput = () => sample([8, ...inputShape], 5);
    const expected = await train('cpu', inputShape, layers, makeInput);
    const actual = await train('wasm', inputShape, layers, makeInput);
    expectClose(actual, expected);
    const [losses] = actual;
    expect(losses!.values[2]).not.toBeCloseTo(losses!.values[0]!, 6);
  });

  it('an embedding bag moves as on the cpu back end', async () => {
    const layers = () => [
      tf.layers.embedding({ inputDim: 20, outputDim: 4, inputLength: 6 }),
      tf.layers.globalAveragePooling1d({}),
      tf.layers.dense({ units: 3, activation: 'softmax' }),
    ];
    const makeInput = () =>
      tf.tensor2d(
        Array.from({ length: 48 }, (_, index) => (index * 7) % 20),
        [8, 6],
      );
    const expected = await train('cpu', [6], layers, makeInput);
    const actual = await train('wasm', [6], layers, makeInput);
    expectClose(actual, expected);
  });

  it.each(['adam', 'rmsprop', 'adagrad', 'momentum', 'adadelta', 'adamax'] as const)(
    'the optimizer %s makes the same step',
    async (name) => {
      const make = {
        adam: () => tf.train.adam(0.1),
        rmsprop: () => tf.train.rmsprop(0.1),
        adagrad: () => tf.train.adagrad(0.1),
        momentum: () => tf.train.momentum(0.1, 0.9),
        adadelta: () => tf.train.adadelta(0.1),
        adamax: () => tf.train.adamax(0.1),
      }[name];
      await expectSame(() => {
        const weight = tf.variable(sample([3, 2]));
        const optimizer = make();
        for (let step = 0; step < 2; step++)
          optimizer.minimize(
            () =>
              tf
                .matMul(sample([4, 3], 3), weight)
                .square()
                .mean() as tf.Scalar,
            false,
            [weight],
          );
        return [weight];
      });
    },
  );

  it('leaves no tensor behind', async () => {
    await tf.setBackend('wasm');
    const compute = () =>
      tf.tidy(() => {
        const gradient = tf.grads(
          (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same').sum() as tf.Tensor,
        );
        gradient([sample([2, 5, 5, 2]), sample([3, 3, 2, 2], 2)]);
        tf.einsum('ij,jk->ik', sample([3, 4]), sample([4, 2]));
      });
    compute();
    const before = tf.memory();
    const dataBefore = tf.engine().backend.numDataIds();
    for (let round = 0; round < 5; round++) compute();
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.engine().backend.numDataIds()).toBe(dataBefore);
  });
});
