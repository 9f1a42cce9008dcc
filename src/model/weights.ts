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
  return model.layers.flatMap((layer) => {
    const names = weightNames(layer);
    return layer.weights.map((weight, index) => ({
      name: `${layer.name}/${names[index]}`,
      layer: layer.name,
      trainable: layer.trainable && layer.trainableWeights.includes(weight),
      // LayerVariable.read() gives the variable itself.
      variable: weight.read() as tf.Variable,
    }));
  });
}

/** A weight's name within its layer: its last part, or as much as sets apart what wrappers and nested models hold twice. */
export function weightNames(layer: tf.layers.Layer): string[] {
  const long = layer.weights.map(({ originalName }) =>
    originalName.startsWith(`${layer.name}/`) ? originalName.slice(layer.name.length + 1) : originalName,
  );
  const short = long.map(shortName);
  const repeated = (name: string, names: readonly string[]) =>
    names.indexOf(name) !== names.lastIndexOf(name);
  return short.map((name, index) => {
    if (!repeated(name, short)) return name;
    const whole = long[index]!;
    return repeated(whole, long) ? `${whole}_${index}` : whole;
  });
}

/** A layer's weight by its name or the last part of it; of any layer, those of wrappers and nested models included. */
export function weightNamed(layer: tf.layers.Layer, name: string): tf.Variable | undefined {
  const found =
    layer.weights.find(({ originalName }) => originalName === name) ??
    layer.weights.find(({ originalName }) => shortName(originalName) === name);
  return found?.read() as tf.Variable | undefined;
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
    weights: layer.weights.map((weight, index) => ({
      name: weightNames(layer)[index]!,
      shape: [...(weight.shape as number[])],
      dtype: weight.dtype,
    })),
  }));
}
