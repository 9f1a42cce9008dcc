import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import { openKerasFile } from '../keras/keras-file';
import { findKerasFile, kerasModelsDirectory } from '../keras/known-files';
import { assignWeights } from '../keras/load-weights';
import { ownersOf } from '../keras/weight-owners';
import { namedVariables } from '../weights';
import { preprocessingLayerNames } from './apply-base';
import type { BaseWeights } from './base-weights';

/** Files of tf.keras.applications that hold the weights of one model. */
export interface KnownWeights {
  /** For people: ResNet50. */
  model: string;
  /** File names, the best one first. */
  files: readonly string[];
  /** The folder of the address from which Keras downloads them. */
  address: string;
  /** What downloads them in Python. */
  keras: string;
}

/**
 * The first of the files that stands in Keras' folder.
 * @throws DescentError `not-found` naming the file and where to put it
 */
export function findKerasWeights({ model, files, address, keras }: KnownWeights): string {
  for (const file of files) {
    const path = findKerasFile(file);
    if (path) return path;
  }
  const [wanted] = files;
  const directory = kerasModelsDirectory();
  throw new DescentError(
    'not-found',
    `The pretrained weights of ${model} are not on this computer: ${directory} has no ${wanted}.`,
    {
      subject: wanted,
      remedy: `Put it there: it is at ${address}${wanted}, and ${keras} in Python downloads it to that place. Or choose efficientnet-lite0, whose weights come with Descent.`,
    },
  );
}

/**
 * Reads the weights that a Keras file has for the layers that `build` makes.
 * @throws DescentError `bad-input` naming file, layer, expected and found shape
 */
export async function readKerasWeights(
  file: string,
  build: (pixels: tf.SymbolicTensor) => tf.SymbolicTensor,
): Promise<BaseWeights> {
  const input = tf.input({ shape: [32, 32, 3] });
  const model = tf.model({ inputs: input, outputs: build(input) });
  try {
    const { weights } = await openKerasFile(file);
    try {
      const layers = model.layers.filter(({ name }) => !preprocessingLayerNames.includes(name));
      assignWeights(weights, ownersOf({ layers }), false);
    } finally {
      weights.close();
    }
    return new Map(
      namedVariables(model).map(({ name, variable }) => [
        name,
        { shape: variable.shape, values: variable.dataSync() as Float32Array },
      ]),
    );
  } finally {
    model.dispose();
  }
}
