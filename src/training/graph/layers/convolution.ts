import type { Tensor } from '../../../graph/operation';
import * as ops from '../../../graph/operations';
import { constantNumbers } from '../../../graph/shapes/constants';
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

type Window = ReturnType<typeof windowOf>;

/** What padding SAME adds before and after an axis. */
function samePadding(size: number, kernel: number, stride: number): [number, number] {
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/**
 * Zeros that the layer before puts around, where they are those that SAME adds, become the convolution's own: nothing is copied,
 * forward or backward.
 */
function withoutPadding(
  { inputs, plain }: LayerContext,
  filter: Tensor,
  window: Window,
): { x: Tensor; window: Window } {
  const x = inputs[0]!;
  const { operation } = x;
  if (plain || operation.type !== 'Pad' || window.padding !== 'VALID') return { x, window };
  const start = operation.input(0);
  const added = constantNumbers(operation.input(1));
  const same = [0, 1].every((axis) => {
    const size = start.shape?.[axis + 1];
    if (typeof size !== 'number' || window.dilations[axis] !== 1) return false;
    const [before, after] = samePadding(size, filter.shape![axis]!, window.strides[axis]!);
    return added?.[2 * axis + 2] === before && added[2 * axis + 3] === after;
  });
  return same ? { x: start, window: { ...window, padding: 'SAME' } } : { x, window };
}

/**
 * A kernel of one pixel multiplies matrices. Said so, TensorFlow spends less on laying out the operands: a tenth of the
 * processor time of MobileNet's step.
 */
function isMatrixProduct({ inputs, plain }: LayerContext, filter: Tensor, { strides }: Window): boolean {
  const [height, width] = filter.shape!;
  const sizes = inputs[0]!.shape?.slice(1, 3) ?? [null];
  return !plain && [height, width, ...strides].every((size) => size === 1) && !sizes.includes(null);
}

export const conv2d: LayerEmitter = (context) => {
  const filter = context.weight('kernel');
  const given = windowOf(context);
  if (!isMatrixProduct(context, filter, given)) {
    const { x, window } = withoutPadding(context, filter, given);
    return finish(context, ops.conv2d(x, filter, window));
  }
  const x = context.inputs[0]!;
  const [, , channels, filters] = filter.shape as number[];
  const product = ops.matMul(ops.reshape(x, [-1, channels!]), ops.reshape(filter, [channels!, filters!]));
  return ops.reshape(finish(context, product), [-1, ...(x.shape!.slice(1, 3) as number[]), filters!]);
};

/** TensorFlow's kernel knows equal strides alone. */
function requireEqualStrides(context: LayerContext, [vertical, horizontal]: [number, number]): void {
  if (vertical !== horizontal) throw unsupportedLayer(context.name, 'its strides differ');
}

export const depthwiseConv2d: LayerEmitter = (context) => {
  const given = windowOf(context);
  requireEqualStrides(context, given.strides);
  // tfjs' layer leaves its dilation out of account.
  const filter = context.weight('depthwise_kernel');
  const { x, window } = withoutPadding(context, filter, { ...given, dilations: [1, 1] });
  return finish(context, ops.depthwiseConv2d(x, filter, window));
};

export const separableConv2d: LayerEmitter = (context) => {
  const window = windowOf(context);
  requireEqualStrides(context, window.strides);
  const spread = ops.depthwiseConv2d(context.inputs[0]!, context.weight('depthwise_kernel'), window);
  return finish(context, ops.conv2d(spread, context.weight('pointwise_kernel'), { padding: 'VALID' }));
};
