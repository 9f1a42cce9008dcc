import type * as tf from '@tensorflow/tfjs';
import type { BertConfig } from './bert-config';
import {
  BertEmbeddings,
  BertEncoderLayer,
  BertMeanPooling,
  BertPaddingMask,
  BertPooler,
  registerBertLayers,
} from './layers';

/** The name of the n-th block, from 0. */
export const encoderLayerName = (index: number) => `encoder_layer_${index}`;

/** How the pieces of a text become one vector. */
export type BertPooling = 'pooled' | 'mean';

/**
 * Puts a BERT encoder on ids int32 [batch, length] (and types of the same shape: 0 for the first text, 1 for the second).
 * @returns float32 [batch, length, hidden]
 * @throws Error when `length` is more than the positions that the encoder knows
 */
export function applyEncoder(
  config: BertConfig,
  ids: tf.SymbolicTensor,
  types?: tf.SymbolicTensor,
): tf.SymbolicTensor {
  registerBertLayers();
  const length = ids.shape[1] ?? 0;
  if (length > config.positions)
    throw new Error(
      `Texts of ${length} pieces are longer than the ${config.positions} that the encoder knows.`,
    );
  const { hiddenSize, epsilon, dropout } = config;
  const { vocabularySize, positions, types: kinds } = config;
  const embeddings = new BertEmbeddings({
    name: 'embeddings',
    vocabularySize,
    hiddenSize,
    positions,
    types: kinds,
    epsilon,
    dropout,
  });
  const mask = new BertPaddingMask({ name: 'padding_mask', paddingId: config.paddingId }).apply(ids);
  let current = embeddings.apply(types ? [ids, types] : ids) as tf.SymbolicTensor;
  for (let index = 0; index < config.layers; index++) {
    const layer = new BertEncoderLayer({
      name: encoderLayerName(index),
      hiddenSize,
      heads: config.heads,
      intermediateSize: config.intermediateSize,
      activation: config.activation,
      epsilon,
      dropout,
      attentionDropout: config.attentionDropout,
    });
    current = layer.apply([current, mask as tf.SymbolicTensor]) as tf.SymbolicTensor;
  }
  return current;
}

/** [batch, length, hidden] of `applyEncoder` -> [batch, hidden]. */
export function applyPooling(
  config: BertConfig,
  sequence: tf.SymbolicTensor,
  ids: tf.SymbolicTensor,
  pooling: BertPooling,
): tf.SymbolicTensor {
  if (pooling === 'pooled')
    return new BertPooler({ name: 'pooler', hiddenSize: config.hiddenSize }).apply(
      sequence,
    ) as tf.SymbolicTensor;
  const layer = new BertMeanPooling({ name: 'mean_pooling', paddingId: config.paddingId });
  return layer.apply([sequence, ids]) as tf.SymbolicTensor;
}
