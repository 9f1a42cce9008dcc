import type { Tensor } from '../../../graph/operation';
import * as ops from '../../../graph/operations';
import { activate } from './activations';
import {
  type LayerContext,
  type LayerEmitter,
  paddingOf,
  pairOf,
  requireChannelsLast,
  unsupportedLayer,
} from './emitter';

function windowOf(context: LayerContext) {
  requireChannelsLast(context);
  const { strides, dilationRate } = context.config;
  return {
    strides: pairOf(strides ?? 1),
    dilations: pairOf(dilationRate ?? 1),
    padding: paddingOf(context),
  };
}

function finish(context: LayerContext, result: Tensor): Tensor {
  const biased = context.hasWeight('bias') ? ops.biasAdd(result, context.weight('bias')) : result;
  return activate(biased, context.config.activation, context.name);
}

export const conv2d: LayerEmitter = (context) =>
  finish(context, ops.conv2d(context.inputs[0]!, context.weight('kernel'), windowOf(context)));

/** TensorFlow's kernel knows equal strides alone. */
function requireEqualStrides(context: LayerContext, [vertical, horizontal]: [number, number]): void {
  if (vertical !== horizontal) throw unsupportedLayer(context.name, 'its strides differ');
}

export const depthwiseConv2d: LayerEmitter = (context) => {
  const window = windowOf(context);
  requireEqualStrides(context, window.strides);
  // tfjs' layer leaves its dilation out of account.
  const filter = context.weight('depthwise_kernel');
  return finish(context, ops.depthwiseConv2d(context.inputs[0]!, filter, { ...window, dilations: 1 }));
};

export const separableConv2d: LayerEmitter = (context) => {
  const window = windowOf(context);
  requireEqualStrides(context, window.strides);
  const spread = ops.depthwiseConv2d(context.inputs[0]!, context.weight('depthwise_kernel'), window);
  return finish(context, ops.conv2d(spread, context.weight('pointwise_kernel'), { padding: 'VALID' }));
};
