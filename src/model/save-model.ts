import * as tf from '@tensorflow/tfjs';
import type { ModelMetadata } from '../contract/metadata';
import { type ModelFiles, weightsFileName, writeModelFiles } from './model-files';

export { modelFileName, weightsFileName } from './model-files';

/** A model with its weights of now, and `metadata` in userDefinedMetadata.descent. The files share nothing with it. */
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
  await writeModelFiles(directory, await serializeModel(model, metadata));
}
