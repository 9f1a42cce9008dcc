import * as tf from '@tensorflow/tfjs';
import type { LayerFactory } from '../layer-factory';
import type { ModelSpecification } from '../specification';
import { markBaseLayers } from './base-layers';
import { SavedModelBase } from './saved-model/saved-model-base';

/** Layers that turn plain pixels into what a base was trained on; they are never trained. */
export const preprocessingLayerNames: readonly string[] = ['grey_to_rgb', 'rescaling', 'preprocess_input'];

/**
 * The frozen base and the head as Keras users put it: GlobalAveragePooling2D (of maps), Dense with relu (`headUnits`), Dropout;
 * the last dense layer is the task's.
 */
export function applyBase(
  layers: LayerFactory,
  input: tf.SymbolicTensor,
  specification: ModelSpecification,
): tf.SymbolicTensor {
  const { base, hyperparameters } = specification;
  if (!base)
    throw new Error(`The base of "${hyperparameters.model}" was not loaded before the model is built.`);
  const features = base.apply(coloured(input, base.pictures?.channels), specification, layers);
  const frozen = layersBefore(features);
  for (const layer of frozen) {
    const isInput = layer.getClassName() === 'InputLayer' || preprocessingLayerNames.includes(layer.name);
    layer.trainable = !isInput && hyperparameters.trainBase === true;
    // It is no layers: there is nothing in it that could be fine-tuned.
    if (!isInput && !(layer instanceof SavedModelBase)) markBaseLayers([layer]);
  }
  layers.reserve(frozen.map(({ name }) => name));
  let current = features;
  const add = (layer: tf.layers.Layer) => {
    current = layer.apply(current) as tf.SymbolicTensor;
  };
  if (features.shape.length === 4)
    add(tf.layers.globalAveragePooling2d({ name: layers.nextName('global_average_pooling2d') }));
  if (hyperparameters.headUnits) add(layers.dense(hyperparameters.headUnits, 'relu'));
  if (hyperparameters.dropout > 0) add(layers.dropout(hyperparameters.dropout));
  return current;
}

/** Grey pictures for a base that takes coloured ones: the same values three times. */
function coloured(input: tf.SymbolicTensor, wanted: 1 | 3 = 3): tf.SymbolicTensor {
  if (input.shape.length !== 4 || input.shape[3] !== 1 || wanted !== 3) return input;
  const layer = tf.layers.conv2d({
    filters: 3,
    kernelSize: 1,
    useBias: false,
    trainable: false,
    kernelInitializer: 'ones',
    name: 'grey_to_rgb',
  });
  return layer.apply(input) as tf.SymbolicTensor;
}

/** Every layer through which a tensor came, the input's included. */
export function layersBefore(tensor: tf.SymbolicTensor): tf.layers.Layer[] {
  const found = new Set<tf.layers.Layer>();
  const waiting = [tensor];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const layer = next.sourceLayer;
    if (found.has(layer)) continue;
    found.add(layer);
    for (const node of layer.inboundNodes) waiting.push(...node.inputTensors);
  }
  return [...found];
}
