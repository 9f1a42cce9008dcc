import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { CompiledPrediction } from '../../../src/training/graph/compiled-prediction';
import { mobileNet } from '../../bench/training/models';

beforeAll(async () => {
  await loadBackend('node');
});

/** A model whose moving averages are those of no fresh one. */
function trainedLike(): tf.LayersModel {
  const model = mobileNet([32, 32, 3], 5, 0.25);
  model.setWeights(model.getWeights().map((weight) => tf.add(tf.mul(tf.abs(weight), 0.9), 0.05)));
  return model;
}

describe('compiled prediction', () => {
  it.each([1, 3, 7])('gives what the layers model gives, %i examples at once', async (count) => {
    const model = trainedLike();
    const values = Float32Array.from({ length: count * 32 * 32 * 3 }, (_, index) => (index * 37) % 256);
    const compiled = (await CompiledPrediction.create(model))!;
    const wanted = tf.tidy(() =>
      (model.predict(tf.tensor(values, [count, 32, 32, 3])) as tf.Tensor).dataSync(),
    );
    const found = compiled.predict(values, count);
    expect(found.length).toBe(wanted.length);
    expect(Math.max(...wanted) - Math.min(...wanted)).toBeGreaterThan(0.01);
    found.forEach((value, index) => {
      expect(value).toBeCloseTo(wanted[index]!, 5);
    });
    compiled.dispose();
    model.dispose();
  });

  it('takes the weights of a large model as variables', async () => {
    const kernelInitializer = tf.initializers.glorotUniform({ seed: 1 });
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 4300, inputShape: [4000], kernelInitializer }),
        tf.layers.dense({ units: 3, kernelInitializer }),
      ],
    });
    const compiled = (await CompiledPrediction.create(model))!;
    const values = Float32Array.from({ length: 2 * 4000 }, (_, index) => Math.sin(index));
    const wanted = tf.tidy(() => (model.predict(tf.tensor(values, [2, 4000])) as tf.Tensor).dataSync());
    compiled.predict(values, 2).forEach((value, index) => {
      expect(Math.abs(value - wanted[index]!)).toBeLessThan(1e-4);
    });
    compiled.dispose();
    model.dispose();
  });

  it('keeps the weights that the model had, and frees what it took', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
    const compiled = (await CompiledPrediction.create(model))!;
    const before = tf.memory().numTensors;
    const first = compiled.predict(Float32Array.of(1, 2, 3), 1);
    model.setWeights(model.getWeights().map((weight) => tf.add(weight, 1)));
    for (let call = 0; call < 100; call++)
      expect(compiled.predict(Float32Array.of(1, 2, 3), 1)).toEqual(first);
    expect(tf.memory().numTensors).toBeLessThanOrEqual(before + 2);
    compiled.dispose();
  });
});
