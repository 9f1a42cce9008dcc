import type * as tf from '@tensorflow/tfjs';
import type { LayerSummary } from '../contract/run';

/** A weight with the name that it has in files and tags: `<layer>/<weight>`, as Keras writes it. */
export interface NamedVariable {
  name: string;
  layer: string;
  trainable: boolean;
  variable: tf.Variable;
}

/** Every weight of a model in the order of its layers, the fixed ones included. */
export function namedVariables(model: tf.LayersModel): NamedVariable[] {
  return model.layers.flatMap((layer) =>
    layer.weights.map((weight) => ({
      name: `${layer.name}/${shortName(weight.originalName)}`,
      layer: layer.name,
      trainable: layer.trainable && layer.trainableWeights.includes(weight),
      // LayerVariable.read() gives the variable itself.
      variable: weight.read() as tf.Variable,
    })),
  );
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

export function summarizeLayers(model: tf.LayersModel): LayerSummary[] {
  return model.layers.map((layer) => ({
    name: layer.name,
    className: layer.getClassName(),
    outputShape: [...(layer.outputShape as (number | null)[])],
    parameters: layer.countParams(),
    trainable: layer.trainable,
    weights: layer.weights.map((weight) => ({
      name: shortName(weight.originalName),
      shape: [...(weight.shape as number[])],
      dtype: weight.dtype,
    })),
  }));
}
