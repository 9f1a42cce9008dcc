// Answers questions, one JSON a line: trains a head on a frozen base, from the files to the end of the last epoch.
import * as tf from '@tensorflow/tfjs';
import { hyperparameters } from '../../../src/contract/hyperparameters';
import { openDataset } from '../../../src/dataset/node/open';
import { loadBackend } from '../../../src/engine/native/backend';
import { createProgram } from '../../../src/training/create-program';
import { serve } from '../lib/contest';
import { mobileNetV2 } from './mobilenet-v2';
import { type Answer, type Question, task } from './task';

const { batchSize, classes, dropout, epochs, learningRate, size } = task;

/** Rescaling, the base (frozen), mean over the places, dropout, dense. */
function model(): tf.LayersModel {
  const input = tf.input({ shape: [size, size, 3], name: 'input_1' });
  const scaled = tf.layers.rescaling({ scale: 1 / 127.5, offset: -1, name: 'rescaling' }).apply(input);
  const base = mobileNetV2(scaled as tf.SymbolicTensor);
  const head = [
    tf.layers.globalAveragePooling2d({ name: 'global_average_pooling2d' }),
    tf.layers.dropout({ rate: dropout, name: 'dropout' }),
    tf.layers.dense({ units: classes, name: 'dense' }),
    tf.layers.activation({ activation: 'softmax', name: 'softmax' }),
  ];
  const output = head.reduce((tensor, layer) => layer.apply(tensor) as tf.SymbolicTensor, base);
  const made = tf.model({ inputs: input, outputs: output });
  for (const layer of made.layers) layer.trainable = layer.name === 'dense';
  return made;
}

async function train({ folder, scan, cache }: Question): Promise<Answer> {
  const began = performance.now();
  const processor = process.cpuUsage();
  await loadBackend('node');
  const { examples, summary } = await openDataset(
    folder,
    { validationFraction: 0 },
    { cacheDirectory: scan },
  );
  const settings = hyperparameters.parse({ batchSize, epochs, learningRate });
  const input = { kind: 'images', height: size, width: size, channels: 3 } as const;
  const none = (): never => {
    throw new Error('The features of the base are not cached.');
  };
  const { program } = await createProgram(
    {
      model: model(),
      metadata: {
        version: 1,
        name: 'transfer',
        preset: 'mobilenet-like',
        kind: 'images',
        task: 'classification',
        input,
        labels: examples.labels,
        outputs: 'probabilities',
      },
      hyperparameters: settings,
      openSplits: none,
      emitSplits: none,
      features: {
        examples,
        fingerprint: summary.fingerprint,
        input,
        settings: {
          seed: 1,
          batchSize,
          cache: 'auto',
          cacheDirectory: cache,
          prefetch: 2,
          shuffleBuffer: task.pictures,
        },
        epochs,
        options: () => ({}),
      },
    },
    () => {},
  );
  let firstEpoch = 0;
  let loss = Number.NaN;
  for (let epoch = 0; epoch < epochs; ) {
    const report = await program.next();
    if (report.type === 'step') loss = report.metrics.loss!;
    else if (report.type === 'end-of-epoch' && ++epoch === 1) firstEpoch = performance.now() - began;
  }
  const milliseconds = performance.now() - began;
  const used = process.cpuUsage(processor);
  await program.dispose();
  return { milliseconds, processor: (used.user + used.system) / 1000, firstEpoch, loss };
}

await serve<Question>(train);
