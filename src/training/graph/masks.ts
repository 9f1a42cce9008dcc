import type * as tf from '@tensorflow/tfjs';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import { configOf, unsupportedLayer } from './layers/emitter';

/** bool [batch, time]: which steps count; undefined: all. */
export type LayerMask = Tensor | undefined;

const recurrent: ReadonlySet<string> = new Set([
  'LSTM',
  'GRU',
  'SimpleRNN',
  'RNN',
  'Bidirectional',
  'ConvLSTM2D',
]);
/** Layers whose numbers a mask changes. */
const listening: ReadonlySet<string> = new Set([...recurrent, 'Softmax', 'MultiHeadAttention']);
const merging: ReadonlySet<string> = new Set([
  'Add',
  'Average',
  'Concatenate',
  'Maximum',
  'Minimum',
  'Multiply',
]);

export function isRecurrent(layer: tf.layers.Layer): boolean {
  return recurrent.has(layer.getClassName());
}

/** Whether a mask of steps begins at the layer. */
export function createsMask(layer: tf.layers.Layer): boolean {
  const className = layer.getClassName();
  return className === 'Masking' || (className === 'Embedding' && configOf(layer).maskZero === true);
}

/** Whether a mask changes what the layer computes. */
export function listensToMasks(layer: tf.layers.Layer): boolean {
  return listening.has(layer.getClassName());
}

/**
 * The mask of a layer's outputs, as tfjs-layers' `computeMask` gives it.
 * @throws DescentError `unsupported` where masks meet
 */
export function outputMask(
  layer: tf.layers.Layer,
  inputs: readonly Tensor[],
  masks: readonly LayerMask[],
): LayerMask {
  const className = layer.getClassName();
  const config = configOf(layer);
  const [x] = inputs as [Tensor];
  if (className === 'Embedding') return createsMask(layer) ? ops.notEqual(x, ops.zerosLike(x)) : undefined;
  if (className === 'Masking') return countingSteps(x, Number(config.maskValue ?? 0));
  const [mask] = masks;
  if (masks.every((found) => found === undefined)) return undefined;
  if (merging.has(className)) throw unsupportedLayer(layer.name, 'it merges masked sequences');
  if (!layer.supportsMasking) return undefined;
  if (isRecurrent(layer)) return returnsSequences(layer) ? mask : undefined;
  return mask;
}

/** bool [batch, time]: steps of which some value differs from `value`. */
export function countingSteps(x: Tensor, value: number): Tensor {
  return ops.any(ops.notEqual(x, value), [-1]);
}

function returnsSequences(layer: tf.layers.Layer): boolean {
  return (layer as unknown as { returnSequences?: boolean }).returnSequences === true;
}
