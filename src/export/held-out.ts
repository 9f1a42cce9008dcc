import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SplitName } from '../contract/dataset';
import { DescentError } from '../contract/errors';
import type { ModelInput } from '../contract/metadata';
import { run as runSchema } from '../contract/run';
import { rowWidth } from '../dataset/common/table';
import { idCount, textEncoder } from '../dataset/common/text-encoder';
import { openDataset } from '../dataset/node/open';
import { openSource } from '../pipeline/dataset-sources';
import type { ExampleSource } from '../pipeline/example-source';
import { RandomStream, randomPurpose } from '../pipeline/random';

/** Inputs of held-out examples, encoded as the model takes them: row-major [names.length, ...shape]. */
export interface HeldOutExamples {
  origin: 'held-out' | 'made-up';
  names: string[];
  shape: readonly number[];
  values: Float32Array;
}

/** Splits by how well they suit a proof: what training never saw comes first. */
const preference: readonly SplitName[] = ['test', 'validation', 'train'];

/**
 * Up to `limit` examples of the run's data set, evenly spread over the best split there is; files that can't be read are
 * passed over. When the data set is gone, made-up inputs: a model can be carried away without the data it came from.
 */
export async function readProofInputs(
  runDirectory: string,
  input: ModelInput,
  options: { limit: number; cacheDirectory: string; signal?: AbortSignal },
): Promise<HeldOutExamples> {
  try {
    const examples = await readHeldOut(runDirectory, input, options);
    if (examples.names.length > 0) return examples;
  } catch (error) {
    if (!(error instanceof DescentError) || error.code === 'cancelled') throw error;
  }
  return makeUp(input, Math.min(options.limit, 64));
}

/** @throws DescentError when the folder is gone or holds no example */
async function readHeldOut(
  runDirectory: string,
  input: ModelInput,
  options: { limit: number; cacheDirectory: string; signal?: AbortSignal },
): Promise<HeldOutExamples> {
  const path = join(runDirectory, 'run.json');
  const { configuration } = runSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  const { examples } = await openDataset(configuration.dataset.path, configuration.dataset.options, {
    cacheDirectory: options.cacheDirectory,
    signal: options.signal,
  });
  const split = preference.find((name) => examples.indices(name).length > 0);
  if (!split) {
    throw new DescentError(
      'bad-input',
      `${configuration.dataset.path} has no example to prove the export with.`,
      {
        subject: configuration.dataset.path,
        remedy: 'Put the data set back where it was when the run was trained.',
      },
    );
  }
  return collect(await openSource(examples, split, input, { signal: options.signal }), options.limit);
}

async function collect(source: ExampleSource, limit: number): Promise<HeldOutExamples> {
  const count = Math.min(limit, source.count);
  const rows: Float32Array[] = [];
  const names: string[] = [];
  for (let place = 0; place < count; place++) {
    const index = Math.floor((place * source.count) / count);
    const values = await Promise.resolve(source.load(index)).catch((error: unknown) => {
      if (error instanceof DescentError && error.code !== 'cancelled') return null;
      throw error;
    });
    if (!values) continue;
    rows.push(Float32Array.from(values));
    names.push(source.name(index));
  }
  const width = source.shape.reduce((product, size) => product * size, 1);
  const values = new Float32Array(rows.length * width);
  for (const [row, example] of rows.entries()) values.set(example, row * width);
  return { origin: 'held-out', names, shape: source.shape, values };
}

/** Inputs over the range that the model's own preprocessing gives; the same ones every time. */
function makeUp(input: ModelInput, count: number): HeldOutExamples {
  const shape = shapeOf(input);
  const width = shape.reduce((product, size) => product * size, 1);
  const values = new Float32Array(count * width);
  const random = new RandomStream(1, randomPurpose.proof);
  for (let place = 0; place < values.length; place++) {
    values[place] = valueAt(input, place % width, random.nextUniform());
  }
  return {
    origin: 'made-up',
    names: Array.from({ length: count }, (_, index) => `made-up ${index + 1}`),
    shape,
    values,
  };
}

function shapeOf(input: ModelInput): readonly number[] {
  switch (input.kind) {
    case 'images':
      return [input.height, input.width, input.channels];
    case 'table':
      return [rowWidth(input.columns)];
    case 'texts':
      return textEncoder(input).shape;
  }
}

/** `share` in 0..1: a byte of a picture, a number within two standard deviations of its mean, a word's id. */
function valueAt(input: ModelInput, place: number, share: number): number {
  if (input.kind === 'images') return Math.floor(share * 256);
  // Every second value is a term's weight.
  if (input.kind === 'texts' && input.weighting && place % 2 === 1) return share;
  if (input.kind === 'texts') return Math.floor(share * idCount(input));
  let start = 0;
  for (const column of input.columns) {
    const end = start + (column.role === 'numeric' ? 1 : column.values.length);
    if (place < end) {
      return column.role === 'numeric'
        ? column.mean + (share * 4 - 2) * column.standardDeviation
        : Number(share > 0.5);
    }
    start = end;
  }
  return 0;
}
