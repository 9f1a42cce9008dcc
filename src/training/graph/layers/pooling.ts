import * as ops from '../../../graph/operations';
import { type LayerContext, type LayerEmitter, paddingOf, pairOf, requireChannelsLast } from './emitter';

function windowOf(context: LayerContext) {
  requireChannelsLast(context);
  const size = pairOf(context.config.poolSize);
  return { size, options: { strides: pairOf(context.config.strides ?? size), padding: paddingOf(context) } };
}

export const maxPooling2d: LayerEmitter = (context) => {
  const { size, options } = windowOf(context);
  return ops.maxPool(context.inputs[0]!, size, options);
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
