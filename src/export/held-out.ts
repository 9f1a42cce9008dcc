import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SplitName } from '../contract/dataset';
import { DescentError } from '../contract/errors';
import type { ModelInput } from '../contract/metadata';
import { run as runSchema } from '../contract/run';
import { openDataset } from '../dataset/node/open';
import { openSource } from '../pipeline/dataset-sources';
import type { ExampleSource } from '../pipeline/example-source';

/** Inputs of held-out examples, encoded as the model takes them: row-major [names.length, ...shape]. */
export interface HeldOutExamples {
  names: string[];
  shape: readonly number[];
  values: Float32Array;
}

/** Splits by how well they suit a proof: what training never saw comes first. */
const preference: readonly SplitName[] = ['test', 'validation', 'train'];

/**
 * Up to `limit` examples of the run's data set, evenly spread over the best split there is. Files that can't be read
 * are passed over.
 * @throws DescentError when the folder is gone or nothing in it can be read
 */
export async function readHeldOut(
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
  return { names, shape: source.shape, values };
}
