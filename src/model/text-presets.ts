import * as tf from '@tensorflow/tfjs';
import { applyBase, layersBefore } from './bases/apply-base';
import { gloveVectorsLayer } from './bases/glove';
import type { LayerFactory } from './layer-factory';
import type { ModelSpecification } from './specification';

/** Word vectors averaged, and a head on them; the vectors are trained, too, when `trainEmbedding` says so. */
export function gloveBody(
  layers: LayerFactory,
  input: tf.SymbolicTensor,
  specification: ModelSpecification,
): tf.SymbolicTensor {
  const features = applyBase(layers, input, specification);
  if (specification.hyperparameters.trainEmbedding)
    for (const layer of layersBefore(features)) if (layer.name === gloveVectorsLayer) layer.trainable = true;
  return features;
}

/**
 * A linear map of TF-IDF weights, [batch, places, 2] -> [batch, outputs], as a sum of rows of a table [terms, outputs], each
 * times its term's weight: only the terms that a text has are looked at. It begins with zeros, as linear models do.
 */
export function tfIdfBody(
  _: LayerFactory,
  input: tf.SymbolicTensor,
  { input: texts, task, labels }: ModelSpecification,
): tf.SymbolicTensor {
  if (texts.kind !== 'texts') throw new Error('Terms are for texts.');
  const places = texts.sequenceLength;
  const pairs = tf.layers.reshape({ targetShape: [places, 2, 1], name: 'pairs' }).apply(input);
  const column = (index: 0 | 1, name: string) => {
    const layer = tf.layers.cropping2D({
      cropping: [
        [0, 0],
        [index, 1 - index],
      ],
      name: `only_${name}`,
    });
    return tf.layers.reshape({ targetShape: [places], name }).apply(layer.apply(pairs)) as tf.SymbolicTensor;
  };
  const rows = tf.layers
    .embedding({
      inputDim: texts.vocabulary.length + 2,
      outputDim: task === 'classification' ? labels.length : 1,
      embeddingsInitializer: 'zeros',
      name: 'term_weights',
    })
    .apply(column(0, 'terms')) as tf.SymbolicTensor;
  return tf.layers
    .dot({ axes: 1, name: 'weighted_sum' })
    .apply([column(1, 'weights'), rows]) as tf.SymbolicTensor;
}
