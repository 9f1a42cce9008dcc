import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { DescentError } from '../../contract/errors';
import { applicationDirectory } from '../../files/node/application-directory';
import type { BaseTensor, BaseWeights } from './base-weights';

/** What stands in resources/bases: TF.js' description of weights, beside one file of their bytes. */
const manifest = z.object({
  weightsManifest: z.tuple([
    z.object({
      paths: z.tuple([z.string()]),
      weights: z.array(
        z.object({
          name: z.string(),
          shape: z.array(z.number().int().positive()),
          dtype: z.literal('float32'),
          quantization: z.object({ dtype: z.literal('float16') }).optional(),
        }),
      ),
    }),
  ]),
});

/** The folder of the bases that come with Descent. */
export function embeddedBasesDirectory(): string {
  return join(applicationDirectory(), 'resources', 'bases');
}

/**
 * Reads the weights of a base that comes with Descent; float16 becomes float32.
 * @throws DescentError `bad-input` when the files are damaged, `not-found` when they are missing
 */
export async function readEmbeddedWeights(
  name: string,
  directory = embeddedBasesDirectory(),
): Promise<BaseWeights> {
  const path = join(directory, `${name}.json`);
  try {
    const [entry] = manifest.parse(JSON.parse(await readFile(path, 'utf8'))).weightsManifest;
    const bytes = await readFile(join(directory, entry.paths[0]));
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const tensors = tf.io.decodeWeights(buffer, entry.weights);
    const weights = new Map<string, BaseTensor>(
      entry.weights.map(({ name: weight, shape }) => [
        weight,
        { shape, values: tensors[weight]!.dataSync() as Float32Array },
      ]),
    );
    tf.dispose(tensors);
    return weights;
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new DescentError(
      missing ? 'not-found' : 'bad-input',
      `The weights of ${name} that come with Descent ${missing ? 'are missing' : 'are damaged'}: ${path}.`,
      { subject: path, remedy: 'Install Descent anew, or choose another model.', cause },
    );
  }
}
