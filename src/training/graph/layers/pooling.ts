import * as ops from '../../../graph/operations';
import { type LayerContext, type LayerEmitter, paddingOf, pairOf, requireChannelsLast } from './emitter';

function windowOf(context: LayerContext) {
  requireChannelsLast(context);
  const size = pairOf(context.config.poolSize);
  return { size, options: { strides: pairOf(context.config.strides ?? size), padding: paddingOf(context) } };
}

/**
 * The largest of values to which one number was added, and that were rectified, is the largest value with the number added,
 * rectified: after the pooling, bias and activation and both their gradients run over a quarter of the elements. What stood
 * before is left to whoever else takes it; TensorFlow drops it when nobody does.
 */
export const maxPooling2d: LayerEmitter = (context) => {
  const { size, options } = windowOf(context);
  const x = context.inputs[0]!;
  const biased = x.operation.type === 'Relu' ? x.operation.input(0).operation : undefined;
  if (context.plain || biased?.type !== 'BiasAdd') return ops.maxPool(x, size, options);
  return ops.relu(ops.biasAdd(ops.maxPool(biased.input(0), size, options), biased.input(1)));
};

export const averagePooling2d: LayerEmitter = (context) => {
  const { size, options } = windowOf(context);
  return ops.averagePool(context.inputs[0]!, size, options);
};

export const globalAveragePooling1d: LayerEmitter = ({ inputs }) => ops.mean(inputs[0]!, [1]);

export const globalAveragePooling2d: LayerEmitter = (context) => {
  requireChannelsLast(context);
  return ops.mean(context.inputs[0]!, [1, 2]);
};

export const globalMaxPooling1d: LayerEmitter = ({ inputs }) => ops.max(inputs[0]!, [1]);

export const globalMaxPooling2d: LayerEmitter = (context) => {
  requireChannelsLast(context);
  return ops.max(context.inputs[0]!, [1, 2]);
};
