import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { dropoutMask } from '../../../src/training/dropout-mask';
import type { NamedTensor } from '../../../src/training/named-tensor';
import { Optimizer } from '../../../src/training/optimizers';
import { type Batch, type CompiledStepOptions, compiledStep } from '../../../src/training/public';

beforeAll(async () => {
  await loadBackend('node');
});

function numbers(shape: number[], seed: number): tf.Tensor {
  return tf.randomNormal(shape, 0, 1, 'float32', seed);
}

function largestDifference(found: readonly NamedTensor[], wanted: readonly NamedTensor[]): number {
  expect(found.map(({ name, shape }) => ({ name, shape }))).toEqual(
    wanted.map(({ name, shape }) => ({ name, shape })),
  );
  return Math.max(
    ...found.flatMap(({ values }, index) =>
      Array.from(values, (value, place) => Math.abs(value - wanted[index]!.values[place]!)),
    ),
  );
}

interface EagerWeight {
  name: string;
  variable: tf.Variable;
}

/** The same steps by tf.variableGrads. */
function eagerSteps<B extends Batch>(
  weights: readonly EagerWeight[],
  loss: (batch: B) => tf.Tensor,
  batches: readonly B[],
  { optimizer = 'adam', learningRate = 0.001, weightDecay = 0 }: CompiledStepOptions,
): { losses: number[]; gradients: NamedTensor[]; weights: NamedTensor[] } {
  const rule = new Optimizer({ optimizer, momentum: 0.9, weightDecay }, weights);
  const losses: number[] = [];
  let gradients: NamedTensor[] = [];
  batches.forEach((batch, index) => {
    const { value, grads } = tf.variableGrads(
      () => loss(batch) as tf.Scalar,
      weights.map(({ variable }) => variable),
    );
    losses.push(value.dataSync()[0]!);
    const found = weights.map(({ variable }) => grads[variable.name]!);
    gradients = weights.map(({ name }, place) => named(name, found[place]!));
    rule.apply(found, learningRate, index + 1);
  });
  return { losses, gradients, weights: weights.map(({ name, variable }) => named(name, variable)) };
}

function named(name: string, tensor: tf.Tensor): NamedTensor {
  return {
    name,
    dtype: 'float32',
    shape: tensor.shape,
    values: Float32Array.from(tensor.dataSync<'float32'>()),
  };
}

function weightsOf(...models: tf.LayersModel[]): EagerWeight[] {
  return models.flatMap((model) =>
    model.layers.flatMap((layer) =>
      layer.trainableWeights.map((weight) => ({
        name: `${layer.name}/${weight.originalName.split('/').at(-1)}`,
        variable: weight.read() as tf.Variable,
      })),
    ),
  );
}

async function expectEagerSteps<B extends Batch>(
  models: tf.LayersModel[],
  loss: (batch: B) => tf.Tensor,
  batches: B[],
  options: CompiledStepOptions = {},
  tolerance = 2e-5,
): Promise<void> {
  const variables = Object.entries(options.variables ?? {}).map(([name, variable]) => ({ name, variable }));
  const step = compiledStep<B>(models, loss, options);
  const before = step.readWeights();
  const losses: number[] = [];
  for (const batch of batches.slice(0, -1)) losses.push((await step.run(batch)).loss);
  const { gradients } = await step.gradients(batches.at(-1)!);
  losses.push((await step.run(batches.at(-1)!)).loss);
  const eager = eagerSteps([...weightsOf(...models), ...variables], loss, batches, options);
  losses.forEach((found, index) => {
    expect(Math.abs(found - eager.losses[index]!), `loss of step ${index}`).toBeLessThan(
      tolerance * Math.max(1, Math.abs(found)),
    );
  });
  expect(largestDifference(gradients, eager.gradients)).toBeLessThan(tolerance * 10);
  const trained = step
    .readWeights()
    .filter(({ name }) => eager.weights.some((weight) => weight.name === name));
  expect(largestDifference(trained, eager.weights)).toBeLessThan(tolerance * 5);
  expect(largestDifference(before, step.readWeights())).toBeGreaterThan(1e-4);
  step.dispose();
}

function autoencoder(): { encoder: tf.Sequential; decoder: tf.Sequential } {
  const encoder = tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, activation: 'elu', inputShape: [6], name: 'e1' }),
      tf.layers.dense({ units: 3, name: 'code' }),
    ],
  });
  const decoder = tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, activation: 'elu', inputShape: [3], name: 'd1' }),
      tf.layers.dense({ units: 6, name: 'out' }),
    ],
  });
  return { encoder, decoder };
}

const sizes = [7, 4, 7, 1, 9];

describe('a compiled step of one’s own takes the steps of tf.variableGrads', () => {
  it.each(['adamw', 'nesterov', 'rmsprop'] as const)(
    'an autoencoder with two terms of loss (%s)',
    async (optimizer) => {
      const { encoder, decoder } = autoencoder();
      await expectEagerSteps(
        [encoder, decoder],
        ({ x }) => {
          const code = encoder.apply(x, { training: true }) as tf.Tensor;
          const back = decoder.predict(code) as tf.Tensor;
          const sparsity = tf.mean(tf.abs(code));
          return tf.add(tf.losses.meanSquaredError(x, back), tf.mul(0.05, sparsity));
        },
        sizes.map((size, index) => ({ x: numbers([size, 6], index) })),
        { optimizer, learningRate: 0.01 },
      );
    },
  );

  it('pairs through one model, with a trained variable and a tensor from outside', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 3, kernelSize: 3, activation: 'tanh', inputShape: [6, 6, 1] }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 4 }),
      ],
    });
    const temperature = tf.variable(tf.scalar(0.7));
    const margin = tf.scalar(0.3);
    await expectEagerSteps(
      [model],
      ({ anchor, other, same }) => {
        const [a, b] = [anchor, other].map((x) => {
          const y = model.apply(x!, { training: true }) as tf.Tensor;
          return tf.div(y, tf.add(tf.norm(y, 2, 1, true), 1e-3));
        }) as [tf.Tensor, tf.Tensor];
        const similarity = tf.matMul(a, b, false, true);
        const near = tf.div(tf.sum(tf.mul(similarity, tf.eye(anchor!.shape[0]!))), anchor!.shape[0]!);
        const distance = tf.sum(tf.squaredDifference(a, b), 1);
        const apart = tf.relu(tf.sub(margin, distance));
        const pairs = tf.mean(tf.where(tf.cast(same!, 'bool'), distance, tf.square(apart)));
        return tf.sub(tf.mul(pairs, tf.exp(temperature)), tf.mul(near, 0.1));
      },
      [5, 5, 2, 6].map((size, index) => ({
        anchor: numbers([size, 6, 6, 1], index),
        other: numbers([size, 6, 6, 1], 50 + index),
        same: tf.cast(tf.greater(numbers([size], 99 + index), 0), 'int32'),
      })),
      { learningRate: 0.01, variables: { temperature } },
    );
  });

  it('weights that the loss uses themselves, an embedding, and several outputs', async () => {
    const input = tf.input({ shape: [4], dtype: 'int32' });
    const words = tf.layers.embedding({ inputDim: 12, outputDim: 5, name: 'words' }).apply(input);
    const pooled = tf.layers.globalAveragePooling1d().apply(words) as tf.SymbolicTensor;
    const one = tf.layers.dense({ units: 3, name: 'classes' }).apply(pooled) as tf.SymbolicTensor;
    const two = tf.layers.dense({ units: 1, name: 'value' }).apply(pooled) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: [one, two] });
    await expectEagerSteps(
      [model],
      ({ ids, label, value }) => {
        const [logits, estimate] = model.apply(ids!, { training: true }) as tf.Tensor[];
        const [kernel] = model.getLayer('classes').getWeights();
        const penalty = tf.mul(tf.sum(tf.square(kernel!)), 0.01);
        const classes = tf.losses.softmaxCrossEntropy(tf.oneHot(tf.cast(label!, 'int32'), 3), logits!);
        return tf.addN([classes, tf.losses.huberLoss(value!, estimate!), penalty]);
      },
      [6, 3, 6].map((size, index) => ({
        ids: tf.randomUniform([size, 4], 0, 12, 'int32', index),
        label: tf.randomUniform([size], 0, 3, 'int32', index),
        value: numbers([size, 1], index),
      })),
      { learningRate: 0.01 },
    );
  });

  it('a layer called by itself, and a scalar in the batch', async () => {
    const layer = tf.layers.dense({ units: 2, activation: 'tanh', inputShape: [3], name: 'alone' });
    const model = tf.sequential({ layers: [layer] });
    await expectEagerSteps(
      [model],
      ({ share, x }) => tf.mul(tf.mean(tf.square(layer.apply(x!) as tf.Tensor)), share!),
      [1, 2, 3].map((size) => ({ share: tf.scalar(size), x: numbers([size + 1, 3], size) })),
      { optimizer: 'sgd', learningRate: 0.5 },
    );
  });

  it('with gradients added up over steps, and clipped', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'only' })] });
    const loss = ({ x }: { x: tf.Tensor }) => tf.mean(tf.square(tf.add(model.apply(x) as tf.Tensor, 3)));
    const clip = 0.8;
    const options = { optimizer: 'sgd', learningRate: 0.1, accumulateSteps: 2, clipValue: clip } as const;
    const step = compiledStep(model, loss, options);
    const batches = [4, 6].map((size, index) => ({ x: numbers([size, 3], index) }));
    const weights = weightsOf(model);
    const found = batches.map((batch) => tf.variableGrads(() => loss(batch) as tf.Scalar).grads);
    const wanted = weights.map(({ name, variable }) => {
      const mean = tf.div(tf.add(found[0]![variable.name]!, found[1]![variable.name]!), 2);
      return named(name, tf.sub(variable, tf.mul(tf.clipByValue(mean, -clip, clip), 0.1)));
    });
    const before = step.readWeights();
    await step.run(batches[0]!);
    expect(largestDifference(step.readWeights(), before)).toBe(0);
    await step.run(batches[1]!);
    expect(largestDifference(step.readWeights(), wanted)).toBeLessThan(1e-5);
    expect(largestDifference(step.readWeights(), before)).toBeGreaterThan(0.05);
    step.dispose();
  });

  it('compiled by XLA, too', async () => {
    const { encoder, decoder } = autoencoder();
    await expectEagerSteps(
      [encoder, decoder],
      ({ x }) => tf.losses.meanSquaredError(x, decoder.apply(encoder.apply(x)!) as tf.Tensor),
      [4, 3, 4].map((size, index) => ({ x: numbers([size, 6], index) })),
      { xla: true, learningRate: 0.01 },
    );
  });
});

describe('a loss that contains a gradient', () => {
  it('is differentiated through the layers: a gradient penalty', async () => {
    // Seeded: a slope is no judge where relu bends within its reach.
    const kernelInitializer = tf.initializers.glorotUniform({ seed: 7 });
    const critic = tf.sequential({
      layers: [
        tf.layers.conv2d({
          filters: 3,
          kernelSize: 3,
          activation: 'relu',
          kernelInitializer,
          inputShape: [5, 5, 1],
          name: 'conv',
        }),
        tf.layers.averagePooling2d({ poolSize: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 4, activation: 'tanh', kernelInitializer, name: 'hidden' }),
        tf.layers.dense({ units: 1, useBias: false, kernelInitializer, name: 'score' }),
      ],
    });
    const loss = ({ x }: { x: tf.Tensor }) => {
      const slope = tf.grad((input: tf.Tensor) => tf.sum(critic.apply(input) as tf.Tensor))(x);
      const size = tf.sqrt(tf.add(tf.sum(tf.square(slope), [1, 2, 3]), 1e-6));
      return tf.add(tf.mean(critic.apply(x) as tf.Tensor), tf.mul(tf.mean(tf.square(tf.sub(size, 1))), 10));
    };
    const batch = { x: numbers([3, 5, 5, 1], 1) };
    const step = compiledStep(critic, loss, { optimizer: 'sgd' });
    const { loss: value, gradients } = await step.gradients(batch);
    expect(Math.abs(value - loss(batch).dataSync()[0]!)).toBeLessThan(1e-4);
    // Eager tfjs has no second derivatives: slopes of the loss itself are the judge.
    for (const { name, variable } of weightsOf(critic)) {
      const gradient = gradients.find((entry) => entry.name === name)!;
      for (const place of [0, Math.floor(variable.size / 2), variable.size - 1]) {
        const at = (by: number) => {
          const original = variable.dataSync().slice() as Float32Array;
          const moved = original.slice();
          moved[place]! += by;
          variable.assign(tf.tensor(moved, variable.shape));
          const found = loss(batch).dataSync()[0]!;
          variable.assign(tf.tensor(original, variable.shape));
          return found;
        };
        const slope = (at(3e-3) - at(-3e-3)) / 6e-3;
        expect(Math.abs(slope - gradient.values[place]!), `${name}[${place}]`).toBeLessThan(
          0.03 * Math.max(1, Math.abs(slope)),
        );
      }
    }
    step.dispose();
  });

  it('is refused by the name of the operation that has no second gradient', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [5, 5, 1] }),
        tf.layers.batchNormalization(),
        tf.layers.flatten(),
        tf.layers.dense({ units: 1 }),
      ],
    });
    const step = compiledStep(model, ({ x }: { x: tf.Tensor }) =>
      tf.sum(
        tf.square(
          tf.grad((input: tf.Tensor) => tf.sum(model.apply(input, { training: true }) as tf.Tensor))(x),
        ),
      ),
    );
    await expect(step.run({ x: numbers([2, 5, 5, 1], 1) })).rejects.toThrow(
      /FusedBatchNormGradV3 "training\/.*has no gradient/,
    );
  });
});

describe('random numbers of a compiled step', () => {
  const model = () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ units: 5, inputShape: [4], name: 'before' }),
        tf.layers.dropout({ rate: 0.4 }),
        tf.layers.dense({ units: 1, name: 'after' }),
      ],
    });

  it('drop by the stateless masks of the step, and others in each call', async () => {
    const net = model();
    const batch = { x: numbers([6, 4], 3) };
    const step = compiledStep(
      net,
      ({ x }: { x: tf.Tensor }) => {
        const [one, two] = [0, 1].map(() => net.apply(x, { training: true }) as tf.Tensor) as [
          tf.Tensor,
          tf.Tensor,
        ];
        return { loss: tf.mean(tf.square(one)), one, two };
      },
      { seed: 11, optimizer: 'sgd', learningRate: 1e-9 },
    );
    for (const index of [0, 1]) {
      const { others } = await step.run(batch);
      const wanted = tf.tidy(() => {
        const mask = tf.tensor(dropoutMask(11, index, 1, [6, 5], 0.4), [6, 5]);
        const hidden = net.layers[0]!.apply(batch.x) as tf.Tensor;
        return [...(net.layers[2]!.apply(tf.mul(hidden, mask)) as tf.Tensor).dataSync<'float32'>()];
      });
      others.one!.floats().forEach((value, place) => {
        expect(value).toBeCloseTo(wanted[place]!, 5);
      });
      expect([...others.two!.floats()]).not.toEqual([...others.one!.floats()]);
    }
    step.dispose();
  });

  it('are the context’s, too: normal and uniform, others in each step, repeated after restore', async () => {
    const net = model();
    const step = compiledStep(net, ({ x }: { x: tf.Tensor }, { randomNormal, randomUniform, training }) => {
      const normal = randomNormal(x);
      const uniform = randomUniform(x);
      const noisy = training ? tf.add(x, tf.mul(normal, 0.1)) : x;
      return { loss: tf.mean(tf.square(net.apply(noisy, { training }) as tf.Tensor)), normal, uniform };
    });
    const batch = { x: tf.zeros([300, 4]) };
    const first = await step.run(batch);
    const saved = step.save();
    const second = await step.run(batch);
    const numbersOf = (result: typeof first) => [...result.others.normal!.floats()];
    expect(numbersOf(second)).not.toEqual(numbersOf(first));
    const mean = numbersOf(second).reduce((sum, value) => sum + value, 0) / 1200;
    const variance = numbersOf(second).reduce((sum, value) => sum + value * value, 0) / 1200;
    expect(Math.abs(mean)).toBeLessThan(0.1);
    expect(Math.abs(variance - 1)).toBeLessThan(0.15);
    const uniform = [...second.others.uniform!.floats()];
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...uniform)).toBeLessThan(1);
    const weights = step.readWeights();
    step.restore(saved);
    expect(step.step).toBe(1);
    const again = await step.run(batch);
    expect(numbersOf(again)).toEqual(numbersOf(second));
    expect(again.loss).toBe(second.loss);
    expect(largestDifference(step.readWeights(), weights)).toBe(0);
    step.dispose();
  });
});

describe('moving averages', () => {
  it('follow the batches of every call, in their order', async () => {
    const normalize = tf.layers.batchNormalization({ momentum: 0.8, inputShape: [3], name: 'normal' });
    const model = tf.sequential({ layers: [normalize, tf.layers.dense({ units: 1 })] });
    const step = compiledStep(model, ({ a, b }: { a: tf.Tensor; b: tf.Tensor }) => {
      const [one, two] = [a, b].map((x) => model.apply(x, { training: true }) as tf.Tensor) as [
        tf.Tensor,
        tf.Tensor,
      ];
      return tf.mean(tf.squaredDifference(one, two));
    });
    const batch = { a: numbers([8, 3], 1), b: tf.add(numbers([8, 3], 2), 5) };
    let mean = tf.zeros([3]);
    let variance = tf.ones([3]);
    for (let turn = 0; turn < 3; turn++) {
      await step.run(batch);
      for (const x of [batch.a, batch.b]) {
        const moments = tf.moments(x, 0);
        mean = tf.add(tf.mul(mean, 0.8), tf.mul(moments.mean, 0.2));
        variance = tf.add(tf.mul(variance, 0.8), tf.mul(moments.variance, 0.2));
      }
    }
    const weights = step.readWeights();
    const found = (name: string) => weights.find((weight) => weight.name === `normal/${name}`)!;
    expect(largestDifference([found('moving_mean')], [named('normal/moving_mean', mean)])).toBeLessThan(1e-4);
    const wanted = named('normal/moving_variance', variance);
    expect(largestDifference([found('moving_variance')], [wanted])).toBeLessThan(1e-4);
    // In the model itself nothing has changed yet, for all that was traced.
    expect([...normalize.getWeights()[2]!.dataSync<'float32'>()]).toEqual([0, 0, 0]);
    step.synchronize();
    expect(
      largestDifference([named('x', normalize.getWeights()[2]!)], [{ ...found('moving_mean'), name: 'x' }]),
    ).toBe(0);
    const evaluated = await step.evaluate(batch);
    expect((await step.evaluate(batch)).loss).toBe(evaluated.loss);
    step.dispose();
  });
});

describe('what can’t be compiled is said', () => {
  const model = tf.sequential;
  const net = () => model({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'only' })] });
  let given: tf.Variable | undefined;
  const mine = () => {
    given ??= tf.variable(tf.scalar(2), true, 'mine');
    return given;
  };
  const attempt = (
    loss: (batch: { x: tf.Tensor }, net: tf.LayersModel) => unknown,
    options: CompiledStepOptions = {},
  ) => {
    const own = net();
    const step = compiledStep(own, (batch: { x: tf.Tensor }) => loss(batch, own) as tf.Tensor, options);
    return step.run({ x: numbers([4, 3], 5) });
  };
  const square = (own: tf.LayersModel, x: tf.Tensor) => tf.square(own.apply(x) as tf.Tensor);

  it.each<[string, (batch: { x: tf.Tensor }, own: tf.LayersModel) => unknown, RegExp]>([
    [
      'random numbers of JavaScript',
      ({ x }, own) => tf.mean(tf.mul(square(own, x), Math.random())),
      /random number \(Math\.random/,
    ],
    [
      'random numbers of tfjs',
      ({ x }, own) => tf.mean(square(own, tf.add(x, tf.randomNormal(x.shape)))),
      /random number/,
    ],
    [
      'control flow over values',
      ({ x }, own) => {
        const loss = tf.mean(square(own, x));
        return loss.dataSync()[0]! > 1 ? loss : tf.sqrt(loss);
      },
      /reads the values of a tensor/,
    ],
    ['another shape than a scalar’s', ({ x }, own) => square(own, x), /one number.*float32 of shape \[2,2\]/],
    ['another type', ({ x }, own) => tf.sum(tf.cast(square(own, x), 'int32')), /one number.*int32/],
    ['no loss', () => undefined, /gives back no loss/],
    ['no tensor', () => 3, /gives back no loss/],
    ['a promise', async ({ x }, own) => tf.mean(square(own, x)), /asynchronous/],
    [
      'a custom gradient',
      ({ x }, own) =>
        tf.mean(
          tf.customGrad((y) => ({ value: tf.abs(y as tf.Tensor), gradFunc: (dy: tf.Tensor) => dy }))(
            square(own, x),
          ),
        ),
      /tf\.customGrad/,
    ],
    [
      'a model that was not handed over',
      ({ x }) => tf.mean(square(net(), x)),
      /none of the models of the step/,
    ],
    [
      'a variable that was not handed over',
      ({ x }, own) => tf.mean(tf.mul(square(own, x), mine())),
      /variable "mine"/,
    ],
    [
      'numbers that follow the batch size in another way',
      ({ x }, own) => tf.mean(tf.mul(square(own, x), x.shape[0]! ** 2)),
      /batch size n/,
    ],
    [
      'a loss without any weight',
      ({ x }) => tf.mean(x),
      /does not depend on the weights "only\/kernel", "only\/bias"/,
    ],
  ])('%s', async (_, loss, message) => {
    await expect(attempt(loss)).rejects.toThrow(message);
  });

  it('a weight without gradient, by its name; unless it is to be left', async () => {
    const kernelAlone = ({ x }: { x: tf.Tensor }, own: tf.LayersModel) =>
      tf.mean(tf.square(tf.matMul(x as tf.Tensor2D, own.layers[0]!.getWeights()[0] as tf.Tensor2D)));
    await expect(attempt(kernelAlone)).rejects.toThrow('does not depend on the weight "only/bias".');
    expect((await attempt(kernelAlone, { unusedWeights: 'leave' })).loss).toBeGreaterThan(0);
  });

  it('other batches than the first', async () => {
    const own = net();
    const step = compiledStep(own, ({ x }: Batch) => tf.mean(square(own, x!)));
    await step.run({ x: numbers([4, 3], 5) });
    await expect(step.run({ x: numbers([4, 2], 5) })).rejects.toThrow(
      '"x" of the batch is float32 of shape [4,2]',
    );
    await expect(step.run({ y: numbers([4, 3], 5) })).rejects.toThrow('lacks "x"');
    await expect(step.run({ x: numbers([4, 3], 5), y: numbers([1], 1) })).rejects.toThrow('has "y"');
    step.dispose();
    await expect(step.run({ x: numbers([4, 3], 5) })).rejects.toThrow('disposed of');
  });

  it('and a loss that is not finite changes nothing', async () => {
    const own = net();
    const step = compiledStep(own, ({ x, by }: Batch) => tf.div(tf.mean(square(own, x!)), by!));
    await step.run({ x: numbers([4, 3], 5), by: tf.scalar(1) });
    const before = step.readWeights();
    expect((await step.run({ x: numbers([4, 3], 5), by: tf.scalar(0) })).loss).toBe(Number.POSITIVE_INFINITY);
    expect(largestDifference(step.readWeights(), before)).toBe(0);
    expect(step.step).toBe(1);
    step.dispose();
  });
});

it('leaves no tensors behind, and models as they were', async () => {
  const { encoder, decoder } = autoencoder();
  const batch = { x: numbers([5, 6], 1) };
  const loss = ({ x }: { x: tf.Tensor }) =>
    tf.losses.meanSquaredError(x, decoder.apply(encoder.apply(x)!) as tf.Tensor);
  await compiledStep([encoder, decoder], loss).run(batch);
  const { apply } = tf.layers.Layer.prototype;
  const before = tf.memory().numTensors;
  const step = compiledStep([encoder, decoder], loss);
  for (let turn = 0; turn < 5; turn++) await step.run(batch);
  step.synchronize();
  expect(tf.memory().numTensors).toBe(before);
  expect(tf.layers.Layer.prototype.apply).toBe(apply);
  step.dispose();
});
