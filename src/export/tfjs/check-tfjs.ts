import * as tf from '@tensorflow/tfjs';
import type { ParityReport } from '../../contract/export';
import type { ModelMetadata } from '../../contract/metadata';
import { multiplicationsOf } from '../../model/layer-cost';
import { loadModel } from '../../model/load-model';
import type { HeldOutExamples } from '../held-out';
import { compareOutputs, type OutputTable } from '../parity';

const batchSize = 32;
/** Multiplications, of all examples and of a batch: plain JavaScript takes about 100 to 300 million a second. */
const mostMultiplications = 8e9;
const batchMultiplications = 1e9;
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
  given: HeldOutExamples,
  options: CheckOptions,
): Promise<ParityReport> {
  const engineBackend = tf.getBackend();
  const { model } = await loadModel(modelDirectory);
  const cost = Math.max(1, multiplicationsOf(model));
  model.dispose();
  const examples = fewer(given, Math.max(8, Math.floor(mostMultiplications / cost)));
  const batch = Math.max(1, Math.min(batchSize, Math.floor(batchMultiplications / cost)));
  const total = examples.names.length * 2;
  let done = 0;
  const advance = (count: number) => {
    done += count;
    options.onProgress(done, total);
  };
  const trained = await runModel(modelDirectory, examples, batch, advance, options.signal);
  try {
    await tf.setBackend('cpu');
    const exported = await runModel(exportDirectory, examples, batch, advance, options.signal);
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

/** At most `limit` of the examples, evenly spread. */
function fewer(examples: HeldOutExamples, limit: number): HeldOutExamples {
  const { names, shape, values } = examples;
  if (names.length <= limit) return examples;
  const width = shape.reduce((product, size) => product * size, 1);
  const places = Array.from({ length: limit }, (_, place) => Math.floor((place * names.length) / limit));
  const kept = new Float32Array(limit * width);
  for (const [to, from] of places.entries())
    kept.set(values.subarray(from * width, (from + 1) * width), to * width);
  return { ...examples, names: places.map((place) => names[place]!), values: kept };
}

async function runModel(
  directory: string,
  examples: HeldOutExamples,
  batch: number,
  advance: (count: number) => void,
  signal?: AbortSignal,
): Promise<OutputTable> {
  const { model } = await loadModel(directory);
  try {
    const count = examples.names.length;
    const width = examples.shape.reduce((product, size) => product * size, 1);
    const parts: Float32Array[] = [];
    for (let start = 0; start < count; start += batch) {
      signal?.throwIfAborted();
      const rows = Math.min(batch, count - start);
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
    const outputWidth = parts[0] ? parts[0].length / Math.min(batch, count) : 0;
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
