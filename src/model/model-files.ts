import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDirectoryAtomically } from '../files/node/atomic';

export const modelFileName = 'model.json';
export const weightsFileName = 'weights.bin';

/** A model as the two files of TF.js' layers format. */
export interface ModelFiles {
  /** model.json's content. */
  json: Record<string, unknown>;
  weights: Uint8Array;
}

/** Writes model.json and weights.bin; a reader finds the old model or the new one whole. */
export async function writeModelFiles(directory: string, { json, weights }: ModelFiles): Promise<void> {
  await writeDirectoryAtomically(directory, async (temporary) => {
    await writeFile(join(temporary, weightsFileName), weights);
    await writeFile(join(temporary, modelFileName), JSON.stringify(json));
  });
}
