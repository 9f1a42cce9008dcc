// Run as a program with a case's name: answers each line with the milliseconds of the steps of tfjs-node's own model.fit.
import * as tf from '@tensorflow/tfjs';
import { loadBackend } from '../../../src/engine/native/backend';
import { serve } from '../lib/contest';
import { caseNamed, modelOf } from './program';

async function main(): Promise<void> {
  await loadBackend('node');
  const given = caseNamed(process.argv[2]);
  const { shape, classes, words, batchSize, tfjsSteps } = given;
  const model = modelOf(given);
  model.compile({
    optimizer: tf.train.adam(1e-3),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  const count = tfjsSteps * batchSize;
  const x = words
    ? tf.randomUniform([count, ...shape], 1, words, 'int32')
    : tf.randomUniform([count, ...shape], 0, 255);
  const y = tf.tensor1d(Float32Array.from({ length: count }, (_, index) => index % classes));
  await serve(async (_: object) => {
    const milliseconds: number[] = [];
    const processor = process.cpuUsage();
    let before = performance.now();
    await model.fit(x, y, {
      batchSize,
      epochs: 1,
      shuffle: true,
      verbose: 0,
      yieldEvery: 'never',
      callbacks: {
        // Between the ends of two steps, as fit itself goes from one to the next.
        onBatchEnd: () => {
          const now = performance.now();
          milliseconds.push(now - before);
          before = now;
        },
      },
    });
    const { user, system } = process.cpuUsage(processor);
    return { milliseconds, processor: (user + system) / 1000 };
  });
}

void main();
