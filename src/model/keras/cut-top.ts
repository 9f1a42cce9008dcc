import { badKerasFile } from './damaged';
import type { KerasLayer, TensorReference } from './model-config';
import type { KerasArchitecture } from './read-model';

export interface Cut {
  /** Where the features come from. */
  features: TensorReference;
  /** Names of the layers behind it that were left out, the first one first. */
  left: readonly string[];
}

const ends = ['softmax', 'sigmoid'];

/** Softmax and the like: gives classes out of what a dense layer gives. */
function isAnswer({ className, config }: KerasLayer): boolean {
  return className === 'Softmax' || (className === 'Activation' && ends.includes(String(config.activation)));
}

/**
 * Where a model's features are: before its last dense layer, with the activation behind it and the dropout before it; at its
 * end when it does not end so.
 * @param layer the layer whose output the features are instead
 * @throws DescentError `bad-input` for a layer that the model does not have, or a model with several inputs or outputs
 */
export function cutTop({ model, file }: KerasArchitecture, layer: string): Cut {
  const layers = new Map(model.layers.map((candidate) => [candidate.name, candidate]));
  if (layer !== '') {
    if (!layers.has(layer)) {
      const names = model.layers.map(({ name }) => name);
      throw badKerasFile(
        file,
        `the model has no layer ${layer} for baseOutput`,
        `Its last ones are ${names.slice(-8).join(', ')}.`,
      );
    }
    return { features: { layer, call: 0, tensor: 0 }, left: leftAfter(layer, model.layers) };
  }
  const [output, ...more] = model.outputs;
  if (!output || more.length > 0)
    throw badKerasFile(
      file,
      `the model has ${model.outputs.length} outputs`,
      'Say with baseOutput which layer gives the features.',
    );
  const left: string[] = [];
  const step = (
    reference: TensorReference,
    isCut: (layer: KerasLayer) => boolean,
  ): TensorReference | undefined => {
    const candidate = layers.get(reference.layer);
    const [input, ...others] = candidate?.calls[reference.call] ?? [];
    if (!candidate || !input || others.length > 0 || !isCut(candidate)) return undefined;
    left.unshift(candidate.name);
    return input;
  };
  const beforeAnswer = step(output, isAnswer) ?? output;
  const beforeDense = step(beforeAnswer, ({ className }) => className === 'Dense');
  if (!beforeDense) return { features: output, left: [] };
  let features = beforeDense;
  for (let next = step(features, isDropout); next; next = step(features, isDropout)) features = next;
  return { features, left };
}

const isDropout = ({ className }: KerasLayer) => className === 'Dropout';

/** Layers that come from a layer's output, in Keras' order. */
function leftAfter(layer: string, layers: readonly KerasLayer[]): string[] {
  const after = new Set([layer]);
  for (const { name, calls } of layers)
    if (calls.flat().some((reference) => after.has(reference.layer))) after.add(name);
  after.delete(layer);
  return [...after];
}
