import type { Tensor } from '../../../graph/operation';
import * as ops from '../../../graph/operations';
import { countingSteps } from '../masks';
import { activate } from './activations';
import {
  type LayerContext,
  type LayerEmitter,
  openBatch,
  requireChannelsLast,
  unsupportedLayer,
} from './emitter';

export const dense: LayerEmitter = (context) => {
  const x = context.inputs[0]!;
  const kernel = context.weight('kernel');
  const rows = x.rank === 2 ? x : ops.reshape(x, [-1, kernel.shape![0]!]);
  const product = ops.matMul(rows, kernel);
  const biased = context.hasWeight('bias') ? ops.biasAdd(product, context.weight('bias')) : product;
  const shaped = x.rank === 2 ? biased : ops.reshape(biased, openBatch(context));
  return activate(shaped, context.config.activation, context.name);
};

export const activation: LayerEmitter = ({ inputs, config, name }) =>
  activate(inputs[0]!, config.activation, name);

export const relu: LayerEmitter = ({ inputs, config }) => {
  const { maxValue } = config;
  if (maxValue === undefined || maxValue === null) return ops.relu(inputs[0]!);
  return maxValue === 6 ? ops.relu6(inputs[0]!) : ops.clip(inputs[0]!, 0, Number(maxValue));
};

export const leakyRelu: LayerEmitter = ({ inputs, config }) =>
  ops.leakyRelu(inputs[0]!, Number(config.alpha ?? 0.3));

export const softmax: LayerEmitter = ({ inputs, config, name }) => {
  const axis = Number(config.axis ?? -1);
  if (axis !== -1 && axis !== inputs[0]!.rank - 1)
    throw unsupportedLayer(name, 'its softmax is not along the last axis');
  return ops.softmax(inputs[0]!);
};

export const dropout: LayerEmitter = (context) => {
  const x = context.inputs[0]!;
  const rate = Number(context.config.rate);
  if (!context.training || rate === 0) return x;
  if (context.config.noiseShape) throw unsupportedLayer(context.name, 'it has a noise shape');
  return ops.multiply(x, context.dropoutMask(x, rate));
};

/** Flatten and Reshape: the layer says what comes out. */
export const reshape: LayerEmitter = (context) => ops.reshape(context.inputs[0]!, openBatch(context));

export const flatten: LayerEmitter = (context) => {
  requireChannelsLast(context);
  return reshape(context);
};

export const zeroPadding2d: LayerEmitter = (context) => {
  requireChannelsLast(context);
  const [rows, columns] = context.config.padding as [[number, number], [number, number]];
  return ops.pad(context.inputs[0]!, [[0, 0], rows, columns, [0, 0]]);
};

export const embedding: LayerEmitter = (context) => {
  return ops.gather(context.weight('embeddings'), ops.cast(context.inputs[0]!, 'int32'));
};

export const rescaling: LayerEmitter = ({ inputs, config }) => {
  const scaled = ops.multiply(ops.cast(inputs[0]!, 'float32'), Number(config.scale));
  const offset = Number(config.offset ?? 0);
  return offset === 0 ? scaled : ops.add(scaled, offset);
};

function folded(combine: (a: Tensor, b: Tensor) => Tensor): (context: LayerContext) => Tensor {
  return ({ inputs }) => inputs.reduce((left, right) => combine(left, right));
}

export const add = folded(ops.add);
export const multiply = folded(ops.multiply);
export const maximum = folded(ops.maximum);
export const minimum = folded(ops.minimum);
export const average: LayerEmitter = (context: LayerContext) =>
  ops.multiply(add(context), 1 / context.inputs.length);

export const concatenate: LayerEmitter = ({ inputs, config }) => {
  const axis = Number(config.axis ?? -1);
  return ops.concat(inputs, axis < 0 ? axis + inputs[0]!.rank : axis);
};

/** Steps of which all values are `maskValue` become 0; what follows gets the mask. */
export const masking: LayerEmitter = ({ inputs, config }) => {
  const [x] = inputs as [Tensor];
  const counting = countingSteps(x, Number(config.maskValue ?? 0));
  return ops.multiply(x, ops.cast(ops.expandDims(counting, -1), 'float32'));
};

export const repeatVector: LayerEmitter = ({ inputs, config }) =>
  ops.tile(ops.expandDims(inputs[0]!, 1), [1, Number(config.n), 1]);
