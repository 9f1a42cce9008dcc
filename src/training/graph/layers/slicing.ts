import * as ops from '../../../graph/operations';
import { type LayerEmitter, requireChannelsLast, unsupportedLayer } from './emitter';

export const cropping2d: LayerEmitter = (context) => {
  requireChannelsLast(context);
  const [[top], [left]] = context.config.cropping as [[number, number], [number, number]];
  const [, height, width] = context.outputShape ?? [];
  if (!height || !width) throw unsupportedLayer(context.name, 'the size of its output is not known');
  return ops.slice(context.inputs[0]!, [0, top, left, 0], [-1, height, width, -1]);
};

/** Of a vector and the rows of a matrix: [batch, n] and [batch, n, m] -> [batch, m]. */
export const dot: LayerEmitter = ({ inputs, config, name }) => {
  const [vector, matrix] = inputs;
  const { axes, normalize } = config;
  if (vector?.rank !== 2 || matrix?.rank !== 3 || axes !== 1 || normalize === true)
    throw unsupportedLayer(name, 'it is no product of a vector and a matrix over their first axis');
  return ops.squeeze(ops.batchMatMul(ops.expandDims(vector, 1), matrix), [1]);
};
