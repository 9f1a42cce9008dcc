import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { compiledStep } from '../../../src/training/public';
import { pythonJudge, runPython } from '../../support/python-judge';

const judge = await pythonJudge();
beforeAll(async () => {
  await loadBackend('node');
});

const program = `
import json, sys
import tensorflow as tf
given = json.load(open(sys.argv[1]))
encoder = tf.keras.Sequential([tf.keras.layers.Dense(8, "tanh"), tf.keras.layers.Dense(3)])
decoder = tf.keras.Sequential([tf.keras.layers.Dense(8, "elu"), tf.keras.layers.Dense(6)])
encoder.build((None, 6)); decoder.build((None, 3))
weights = encoder.trainable_variables + decoder.trainable_variables
for weight, value in zip(weights, given["weights"]):
    weight.assign(tf.reshape(tf.constant(value, tf.float32), weight.shape))
optimizer = tf.keras.optimizers.Adam(0.01)
losses = []
for rows in given["batches"]:
    x = tf.constant(rows)
    with tf.GradientTape() as tape:
        code = encoder(x, training=True)
        back = decoder(code, training=True)
        with tf.GradientTape() as inner:
            inner.watch(x)
            energy = tf.reduce_sum(tf.square(encoder(x, training=True)))
        slope = inner.gradient(energy, x)
        loss = (tf.reduce_mean(tf.square(x - back)) + 0.1 * tf.reduce_mean(tf.abs(code))
                + 0.5 * tf.reduce_mean(tf.square(tf.sqrt(tf.reduce_sum(slope ** 2, axis=1) + 1e-6) - 1.0)))
    gradients = tape.gradient(loss, weights)
    optimizer.apply_gradients(zip(gradients, weights))
    losses.append(float(loss))
print(json.dumps({"losses": losses, "gradients": [g.numpy().ravel().tolist() for g in gradients], "weights": [w.numpy().ravel().tolist() for w in weights]}))
`;

it.skipIf(typeof judge === 'string')(
  'takes the steps of tf.GradientTape in Python, with a gradient penalty in the loss',
  async () => {
    if (typeof judge === 'string') throw new Error(judge);
    const encoder = tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, activation: 'tanh', inputShape: [6] }),
        tf.layers.dense({ units: 3, name: 'code' }),
      ],
    });
    const decoder = tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, activation: 'elu', inputShape: [3] }),
        tf.layers.dense({ units: 6 }),
      ],
    });
    const step = compiledStep([encoder, decoder], ({ x }: { x: tf.Tensor }) => {
      const code = encoder.apply(x, { training: true }) as tf.Tensor;
      const back = decoder.apply(code, { training: true }) as tf.Tensor;
      const slope = tf.grad((input: tf.Tensor) =>
        tf.sum(tf.square(encoder.apply(input, { training: true }) as tf.Tensor)),
      )(x);
      const size = tf.sqrt(tf.add(tf.sum(tf.square(slope), 1), 1e-6));
      return tf.addN([
        tf.losses.meanSquaredError(x, back),
        tf.mul(0.1, tf.mean(tf.abs(code))),
        tf.mul(0.5, tf.mean(tf.square(tf.sub(size, 1)))),
      ]);
    });
    const batches = [5, 8, 3, 8, 8, 2].map((size, seed) => tf.randomNormal([size, 6], 0, 1, 'float32', seed));
    const values = () => step.readWeights().map((weight) => [...weight.values]);
    const directory = await mkdtemp(join(tmpdir(), 'descent-tape-'));
    try {
      const file = join(directory, 'given.json');
      await writeFile(
        file,
        JSON.stringify({ weights: values(), batches: batches.map((batch) => batch.arraySync()) }),
      );
      const { stdout } = await runPython(judge, program, [file]);
      const tape = JSON.parse(stdout) as { losses: number[]; gradients: number[][]; weights: number[][] };
      const losses: number[] = [];
      let gradients: number[][] = [];
      for (const x of batches) {
        gradients = (await step.gradients({ x })).gradients.map((gradient) => [...gradient.values]);
        losses.push((await step.run({ x }, { learningRate: 0.01 })).loss);
      }
      const furthest = (found: number[][], wanted: number[][]) =>
        Math.max(
          ...found.flatMap((row, index) => row.map((value, at) => Math.abs(value - wanted[index]![at]!))),
        );
      expect(furthest([losses], [tape.losses])).toBeLessThan(1e-4);
      expect(furthest(gradients, tape.gradients)).toBeLessThan(1e-4);
      expect(furthest(values(), tape.weights)).toBeLessThan(1e-4);
      expect(losses.at(-1)).not.toBeCloseTo(losses[0]!, 2);
    } finally {
      await rm(directory, { recursive: true, force: true });
      step.dispose();
    }
  },
);
