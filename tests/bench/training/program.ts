import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { type Hyperparameters, hyperparameters } from '../../../src/contract/hyperparameters';
import { buildModel } from '../../../src/model/build-model';
import { type ModelSpecification, metadataOf } from '../../../src/model/specification';
import type { ExampleSource } from '../../../src/pipeline/example-source';
import { createPlainPipeline } from '../../../src/pipeline/plain-pipeline';
import { feedSplits } from '../../../src/training/graph/fed-data';
import { GraphProgram } from '../../../src/training/graph/graph-program';
import type { TrainingProgram } from '../../../src/training/program';
import { type Case, cases } from './cases';

/** Random examples in memory, as Keras gets them too: nothing is decoded. */
function sourceOf({ shape, classes, words }: Case, count: number): ExampleSource {
  const elements = shape.reduce((product, size) => product * size, 1);
  const values = words
    ? Int32Array.from({ length: count * elements }, () => 1 + Math.random() * (words - 1))
    : Float32Array.from({ length: count * elements }, () => Math.random() * 255);
  return {
    count,
    shape,
    dtype: words ? 'int32' : 'float32',
    resident: true,
    rows: values,
    loading: 'random',
    name: String,
    answer: (index) => index % classes,
    load: (index) => values.subarray(index * elements, (index + 1) * elements),
  };
}

function specificationOf({ name, shape, classes, words, settings }: Case): ModelSpecification {
  const [height, width, channels] = shape as [number, number, 1 | 3];
  return {
    name,
    task: 'classification',
    input: words
      ? {
          kind: 'texts',
          sequenceLength: shape[0]!,
          // Beside the numbers of padding and of the unknown word.
          vocabulary: Array.from({ length: words - 2 }, (_, index) => `word ${index}`),
        }
      : shape.length === 3
        ? { kind: 'images', height, width, channels }
        : {
            kind: 'table',
            columns: Array.from({ length: shape[0]! }, (_, index) => ({
              name: `column ${index}`,
              role: 'numeric' as const,
              mean: 127.5,
              standardDeviation: 73.9,
            })),
          },
    labels: Array.from({ length: classes }, (_, index) => `class ${index}`),
    hyperparameters: hyperparameters.parse(settings ?? {}) as Hyperparameters,
  } as ModelSpecification;
}

export function caseNamed(name: string | undefined): Case {
  const found = cases.find((one) => one.name === name);
  if (!found) throw new Error(`There is no case "${name}".`);
  return found;
}

/** The model of a case, ending in probabilities. */
export function modelOf(given: Case): tf.LayersModel {
  return given.model?.(given.shape, given.classes) ?? buildModel(specificationOf(given));
}

/** The compiled program on a case. */
export async function openProgram(given: Case, steps = given.steps): Promise<TrainingProgram> {
  const source = sourceOf(given, steps * given.batchSize);
  const pipeline = await createPlainPipeline(source, {
    seed: 1,
    batchSize: given.batchSize,
    cache: 'none',
    cacheDirectory: join(tmpdir(), 'descent-bench'),
    prefetch: 1,
    shuffleBuffer: source.count,
  });
  return GraphProgram.create({
    model: modelOf(given),
    metadata: metadataOf(specificationOf(given)),
    hyperparameters: hyperparameters.parse({ ...given.settings, batchSize: given.batchSize }),
    data: (graph) => feedSplits(graph, { train: { source, pipeline }, heldOut: {} }),
  });
}

/** Milliseconds of each of the next `steps` steps. */
export async function timeSteps(program: TrainingProgram, steps: number): Promise<number[]> {
  const times: number[] = [];
  while (times.length < steps) {
    const before = performance.now();
    const report = await program.next();
    if (report.type === 'step') times.push(performance.now() - before);
  }
  return times;
}
