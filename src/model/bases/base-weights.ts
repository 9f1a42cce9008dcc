import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import { weightNames } from '../weights';
import { layersBefore } from './apply-base';

/** One weight of a file: float32 values in the layout that Keras keeps them in. */
export interface BaseTensor {
  shape: readonly number[];
  values: Float32Array;
}

/** Weights of a base by `<layer>/<weight>`, as `conv1_conv/kernel`. */
export type BaseWeights = ReadonlyMap<string, BaseTensor>;

/**
 * Gives the layers before `features` their weights; those in `except` (preprocessing) keep theirs.
 * @param source the file that they are from, for errors
 * @throws DescentError `bad-input` naming the layer whose weight is missing or has another shape, with both shapes
 */
export function setBaseWeights(
  features: tf.SymbolicTensor,
  weights: BaseWeights,
  source: string,
  except: readonly string[],
): void {
  for (const layer of layersBefore(features)) {
    if (layer.weights.length === 0 || except.includes(layer.name)) continue;
    const names = weightNames(layer);
    tf.tidy(() =>
      layer.setWeights(
        layer.weights.map((weight, index) => {
          const found = weights.get(`${layer.name}/${names[index]}`);
          const expected = weight.shape as number[];
          if (!found) throw missing(source, layer.name, names[index]!, expected);
          if (!sameShape(found.shape, expected))
            throw mismatch(source, layer.name, names[index]!, expected, found.shape);
          return tf.tensor(found.values, expected, 'float32');
        }),
      ),
    );
  }
}

function sameShape(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((size, axis) => size === other[axis]);
}

const written = (shape: readonly number[]) => `[${shape.join(', ')}]`;

function missing(source: string, layer: string, weight: string, expected: readonly number[]): DescentError {
  return new DescentError(
    'bad-input',
    `${source} has no ${weight} for the layer "${layer}", whose shape should be ${written(expected)}.`,
    { subject: source, remedy: 'Choose the weights that belong to this model and its settings.' },
  );
}

function mismatch(
  source: string,
  layer: string,
  weight: string,
  expected: readonly number[],
  found: readonly number[],
): DescentError {
  return new DescentError(
    'bad-input',
    `The ${weight} of the layer "${layer}" has the shape ${written(found)} in ${source}, but should have ${written(expected)}.`,
    { subject: source, remedy: 'Choose the weights that belong to this model and its settings.' },
  );
}
