import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { ModelMetadata } from '../contract/metadata';
import { writeDirectoryAtomically } from '../files/node/atomic';

export const modelFileName = 'model.json';
export const weightsFileName = 'weights.bin';

export interface ModelFiles {
  /** model.json's content. */
  json: Record<string, unknown>;
  weights: Uint8Array;
}

/** A model as the two files of TF.js' layers format, with `metadata` in userDefinedMetadata.descent. */
export async function serializeModel(model: tf.LayersModel, metadata: ModelMetadata): Promise<ModelFiles> {
  let files: ModelFiles | undefined;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      files = {
        json: {
          format: 'layers-model',
          generatedBy: artifacts.generatedBy,
          convertedBy: artifacts.convertedBy ?? null,
          modelTopology: artifacts.modelTopology,
          userDefinedMetadata: { descent: metadata },
          weightsManifest: [{ paths: [weightsFileName], weights: artifacts.weightSpecs }],
        },
        weights: new Uint8Array(tf.io.CompositeArrayBuffer.join(artifacts.weightData)),
      };
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    }),
  );
  return files!;
}

/** Writes model.json and weights.bin; a reader finds the old model or the new one whole. */
export async function saveModel(
  model: tf.LayersModel,
  directory: string,
  metadata: ModelMetadata,
): Promise<void> {
  const { json, weights } = await serializeModel(model, metadata);
  await writeDirectoryAtomically(directory, async (temporary) => {
    await writeFile(join(temporary, weightsFileName), weights);
    await writeFile(join(temporary, modelFileName), JSON.stringify(json));
  });
}
