import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../contract/errors';
import { type ModelMetadata, modelMetadata } from '../contract/metadata';
import { recoverDirectory } from '../files/node/atomic';
import { openSavedModels } from './bases/saved-model/keep';
import { registerBertLayers } from './bert/layers';
import { modelFileName } from './save-model';

export interface LoadedModel {
  model: tf.LayersModel;
  metadata: ModelMetadata;
}

interface ModelJson {
  modelTopology: tf.io.ModelJSON['modelTopology'];
  weightsManifest: { paths: string[]; weights: tf.io.WeightsManifestEntry[] }[];
  userDefinedMetadata?: { descent?: unknown };
}

/**
 * Reads a layers model that Descent saved.
 * @throws DescentError `not-found` without one, `bad-input` when the files are damaged or another program's
 */
export async function loadModel(directory: string): Promise<LoadedModel> {
  await recoverDirectory(directory);
  const { json, weights } = await readFiles(directory);
  const parsed = modelMetadata.safeParse(json.userDefinedMetadata?.descent);
  if (!parsed.success)
    throw new DescentError('bad-input', `${join(directory, modelFileName)} was not written by Descent.`, {
      subject: directory,
      remedy: 'Choose the model folder of a run.',
      cause: parsed.error,
    });
  await openSavedModels(json.modelTopology, directory);
  registerBertLayers();
  try {
    const model = await tf.loadLayersModel(
      tf.io.fromMemory({
        modelTopology: json.modelTopology,
        weightSpecs: json.weightsManifest.flatMap((group) => group.weights),
        weightData: weights,
      }),
    );
    return { model, metadata: parsed.data };
  } catch (cause) {
    throw damaged(directory, cause);
  }
}

async function readFiles(directory: string): Promise<{ json: ModelJson; weights: ArrayBuffer }> {
  let text: string;
  try {
    text = await readFile(join(directory, modelFileName), 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new DescentError('not-found', `There is no trained model in ${directory}.`, {
      subject: directory,
      remedy: 'Train for at least one epoch: the model is saved at the end of the first.',
      cause,
    });
  }
  try {
    const json = JSON.parse(text) as ModelJson;
    const paths = json.weightsManifest.flatMap((group) => group.paths);
    const parts = await Promise.all(paths.map((path) => readFile(join(directory, path))));
    const weights = Buffer.concat(parts);
    return {
      json,
      weights: weights.buffer.slice(
        weights.byteOffset,
        weights.byteOffset + weights.byteLength,
      ) as ArrayBuffer,
    };
  } catch (cause) {
    throw damaged(directory, cause);
  }
}

function damaged(directory: string, cause: unknown): DescentError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DescentError('bad-input', `The model in ${directory} can't be read: ${reason}.`, {
    subject: directory,
    remedy: 'Train again, or resume the run from a checkpoint: its end saves the model anew.',
    cause,
  });
}
