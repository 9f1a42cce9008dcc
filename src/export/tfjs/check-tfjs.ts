import * as tf from '@tensorflow/tfjs';
import type { ParityReport } from '../../contract/export';
import type { ModelMetadata } from '../../contract/metadata';
import { loadModel } from '../../model/load-model';
import type { HeldOutExamples } from '../held-out';
import { compareOutputs, type OutputTable } from '../parity';

const batchSize = 32;
const tolerance = 1e-4;

export interface CheckOptions {
  onProgress(done: number, total: number): void;
  signal?: AbortSignal;
}

/**
 * Runs the held-out examples through the trained model on this engine's back end, and through the exported files on
 * TensorFlow.js' own plain-JavaScript back end, which shares no kernel with it and is what a page falls back on.
 */
export async function checkTfjs(
  modelDirectory: string,
  exportDirectory: string,
  metadata: ModelMetadata,
  examples: HeldOutExamples,
  options: CheckOptions,
): Promise<ParityReport> {
  const engineBackend = tf.getBackend();
  const total = examples.names.length * 2;
  let done = 0;
  const advance = (count: number) => {
    done += count;
    options.onProgress(done, total);
  };
  const trained = await runModel(modelDirectory, examples, advance, options.signal);
  try {
    await tf.setBackend('cpu');
    const exported = await runModel(exportDirectory, examples, advance, options.signal);
    return compareOutputs(trained, exported, examples.names, {
      runtime: `TensorFlow.js ${tf.version.tfjs}, plain JavaScript`,
      tolerance,
      inputs: examples.origin,
      classification: metadata.task === 'classification',
    });
  } finally {
    await tf.setBackend(engineBackend);
  }
}

async function runModel(
  directory: string,
  examples: HeldOutExamples,
  advance: (count: number) => void,
  signal?: AbortSignal,
): Promise<OutputTable> {
  const { model } = await loadModel(directory);
  try {
    const count = examples.names.length;
    const width = examples.shape.reduce((product, size) => product * size, 1);
    const parts: Float32Array[] = [];
    for (let start = 0; start < count; start += batchSize) {
      signal?.throwIfAborted();
      const rows = Math.min(batchSize, count - start);
      const values = examples.values.subarray(start * width, (start + rows) * width);
      parts.push(
        tf.tidy(() =>
          (model.predict(tf.tensor(values, [rows, ...examples.shape], 'float32')) as tf.Tensor)
            .dataSync<'float32'>()
            .slice(),
        ),
      );
      advance(rows);
      // Lets a cancellation, or a frame for the studio, come between two batches.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const outputWidth = parts[0] ? parts[0].length / Math.min(batchSize, count) : 0;
    const values = new Float32Array(count * outputWidth);
    let offset = 0;
    for (const part of parts) {
      values.set(part, offset);
      offset += part.length;
    }
    return { values, width: outputWidth };
  } finally {
    model.dispose();
  }
}
