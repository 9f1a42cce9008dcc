import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import type { NamedTensor } from '../../../src/training/named-tensor';
import { type Batch, compiledStep, type LossFunction } from '../../../src/training/public';

beforeAll(async () => {
  await loadBackend('node');
});

const losses = (batch: { x: tf.Tensor; y: tf.Tensor }, model: tf.LayersModel) => {
  const output = model.apply(batch.x, { training: true }) as tf.Tensor;
  const error = tf.losses.meanSquaredError(batch.y, output);
  return { loss: tf.add(error, tf.mul(0.1, tf.mean(tf.abs(output)))), error };
};

it('x', async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 8, activation: 'tanh', inputShape: [3] }), tf.layers.dropout({rate: 0.5}), tf.layers.dense({ units: 2 })] });
  const step = compiledStep(model, (batch: { x: tf.Tensor; y: tf.Tensor }) => losses(batch, model));
  const batch = { x: tf.randomNormal([6, 3]), y: tf.randomNormal([6, 2]) };
  for (let i = 0; i < 5; i++) console.log((await step.run(batch)).loss, (await step.evaluate(batch)).loss);
  console.log(tf.losses.meanSquaredError(batch.y, model.predict(batch.x) as tf.Tensor).dataSync());
  step.synchronize();
  console.log(losses(batch, model).loss.dataSync(), (await step.evaluate(batch)).loss);
});
