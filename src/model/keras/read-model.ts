import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import { type BuiltGraph, buildGraph, uniqueNames } from './build-graph';
import { badKerasFile } from './damaged';
import { isObject } from './json-object';
import { openKerasFile } from './keras-file';
import { assignWeights } from './load-weights';
import { type KerasModel, parseModelConfig, type TensorReference } from './model-config';

/** What an input of a Keras model takes; null: any size. */
export interface KerasInput {
  name: string;
  shape: (number | null)[];
  dtype: 'float32' | 'int32';
}

/** A whole model's file: its architecture. */
export interface KerasArchitecture {
  file: string;
  kerasVersion: 2 | 3;
  model: KerasModel;
  /** The configuration as it stands in the file. */
  json: string;
}

/** @throws DescentError `bad-input` when the file holds weights only, or a model of another kind */
export function architectureOf(
  file: string,
  json: string | undefined,
  kerasVersion: 2 | 3,
): KerasArchitecture {
  if (json === undefined) {
    throw badKerasFile(
      file,
      'it holds weights only, and no model',
      'Save the whole model in Keras: model.save("model.keras").',
    );
  }
  return { file, kerasVersion, json, model: parseModelConfig(json, file) };
}

/** The inputs of a model, as its file describes them. */
export function inputsOf({ model, file }: KerasArchitecture): KerasInput[] {
  return model.inputs.map(({ layer: name }) => {
    const { config } = model.layers.find((layer) => layer.name === name)!;
    const shape = config.batch_shape ?? config.batch_input_shape;
    const isSide = (side: unknown) => side === null || (Number.isInteger(side) && (side as number) > 0);
    if (!Array.isArray(shape) || shape.length < 2 || !shape.every(isSide))
      throw badKerasFile(
        file,
        `its input ${name} has no shape`,
        'Build the model on an input with a shape (keras.Input) before it is saved.',
      );
    const dtype = isObject(config.dtype) ? undefined : config.dtype;
    return {
      name,
      shape: shape.slice(1),
      dtype: typeof dtype === 'string' && dtype.startsWith('int') ? 'int32' : 'float32',
    };
  });
}

/**
 * The model's layers on given inputs, without their weights.
 * @param outputs what is wanted; the model's own outputs by default
 * @param taken names that layers must not have
 */
export function buildArchitecture(
  { file, kerasVersion, model }: KerasArchitecture,
  inputs: readonly tf.SymbolicTensor[],
  taken: Iterable<string>,
  outputs?: readonly TensorReference[],
): BuiltGraph {
  try {
    return buildGraph(model, inputs, { file, kerasVersion, nameOf: uniqueNames(taken) }, outputs);
  } catch (error) {
    if (error instanceof DescentError) throw error;
    throw badKerasFile(file, `its model can’t be built: ${(error as Error).message}`, undefined, error);
  }
}

/**
 * Reads a whole Keras model, `.h5` or `.keras` of Keras 2 and 3, functional or sequential, as a TF.js layers model that
 * gives the same answers. Nested models are laid out flat; layers keep Keras' names where these are unlike each other.
 * @throws DescentError `not-found` without the file; `bad-input` naming file and layer for what is damaged, unknown or does
 *   not fit
 */
export async function readKerasModel(file: string): Promise<tf.LayersModel> {
  const { weights, config, kerasVersion } = await openKerasFile(file);
  try {
    const architecture = architectureOf(file, config, kerasVersion);
    const inputs = inputsOf(architecture).map((input) => tf.input(input));
    const built = buildArchitecture(
      architecture,
      inputs,
      inputs.map(({ name }) => name),
    );
    const model = tf.model({ inputs, outputs: built.outputs, name: architecture.model.name });
    try {
      assignWeights(weights, built.owners, true);
    } catch (error) {
      model.dispose();
      throw error;
    }
    return model;
  } finally {
    weights.close();
  }
}
