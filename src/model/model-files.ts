import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDirectoryAtomically } from '../files/node/atomic';
import { keepBesideModel, savedModelsIn } from './bases/saved-model/keep';

export const modelFileName = 'model.json';
export const weightsFileName = 'weights.bin';

/** A model as the two files of TF.js' layers format. */
export interface ModelFiles {
  /** model.json's content. */
  json: Record<string, unknown>;
  weights: Uint8Array;
}

/** Writes model.json and weights.bin, and the SavedModels that the model is built on; a reader finds the old model or the new one whole. */
export async function writeModelFiles(directory: string, { json, weights }: ModelFiles): Promise<void> {
  await writeDirectoryAtomically(directory, async (temporary) => {
    await writeFile(join(temporary, weightsFileName), weights);
    await writeFile(join(temporary, modelFileName), JSON.stringify(json));
    for (const { sha256 } of savedModelsIn(json.modelTopology)) await keepBesideModel(temporary, sha256);
  });
}
