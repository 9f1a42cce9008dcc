import type * as tf from '@tensorflow/tfjs';
import { badKerasFile } from './damaged';
import type { Hdf5File } from './hdf5-file';
import { openKerasFile } from './keras-file';
import { legacyRoot, planLegacyWeights } from './legacy-weights';
import { hasObjectWeights, planObjectWeights } from './object-weights';
import { ownersOf, type WeightOwner } from './weight-owners';
import { carryOut } from './weight-plan';

export interface LoadWeightsOptions {
  /**
   * Legacy files: layers are found by their names, else by their order (Keras' `by_name`). Layers that only the file has
   * are left out then; every layer of the model has to be there.
   */
  byName?: boolean;
}

export interface LoadedWeights {
  /** Weights that were read. */
  count: number;
  /** Layers that only the file has (`byName`). */
  unused: readonly string[];
}

/**
 * Gives a model the weights of a Keras file: legacy `.h5` (weights or whole model), `.weights.h5` of Keras 2.15 and 3, or
 * `.keras`. A file of keras.applications is checked against its published MD5. The model keeps its old weights when
 * something doesn't fit.
 * @throws DescentError `not-found` without the file; `bad-input` naming file, layer, expected and found shape
 */
export async function loadKerasWeights(
  model: tf.LayersModel,
  file: string,
  { byName = false }: LoadWeightsOptions = {},
): Promise<LoadedWeights> {
  const { weights } = await openKerasFile(file);
  try {
    return assignWeights(weights, ownersOf(model), byName);
  } finally {
    weights.close();
  }
}

/** @throws DescentError `bad-input` */
export function assignWeights(
  weights: Hdf5File,
  owners: readonly WeightOwner[],
  byName: boolean,
): LoadedWeights {
  const root = legacyRoot(weights);
  if (root === undefined && !hasObjectWeights(weights))
    throw badKerasFile(weights.file, 'it is HDF5, but holds no weights of a Keras model');
  const plan =
    root === undefined
      ? planObjectWeights(weights, owners, byName)
      : planLegacyWeights(weights, root, owners, byName);
  carryOut(plan);
  return { count: plan.assignments.length, unused: plan.unused };
}
