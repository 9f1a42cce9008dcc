import type { Tensor } from '../../../graph/operation';
import * as ops from '../../../graph/operations';
import { type LayerContext, type LayerEmitter, unsupportedLayer } from './emitter';
import { foldIntoConvolution, isConstant } from './fold-normalization';

interface Parameters {
  scale: Tensor;
  offset: Tensor;
}

/** [channels] each; TensorFlow's operation wants them even when the layer has none. */
function parametersOf(context: LayerContext): Parameters {
  const mean = context.weight('moving_mean');
  const { graph } = mean;
  const shape = mean.shape as readonly number[];
  return {
    scale: context.hasWeight('gamma') ? context.weight('gamma') : graph.constant(1, 'float32', { shape }),
    offset: context.hasWeight('beta') ? context.weight('beta') : graph.constant(0, 'float32', { shape }),
  };
}

/** FusedBatchNormV3 takes pictures: other tensors become pictures of one column. */
function asPicture(x: Tensor): Tensor {
  return x.rank === 4 ? x : ops.reshape(x, [-1, 1, 1, x.shape!.at(-1)!]);
}

function backFromPicture(context: LayerContext, y: Tensor, x: Tensor): Tensor {
  if (x.rank === 4) return y;
  return x.rank === 2 ? ops.reshape(y, [-1, x.shape!.at(-1)!]) : ops.reshape(y, ops.shapeOf(x), context.name);
}

/** In inference a multiplication and an addition, which TensorFlow folds into the convolution before where it can. */
function inferred(context: LayerContext, epsilon: number): Tensor {
  const x = context.inputs[0]!;
  const { scale, offset } = parametersOf(context);
  const mean = context.weight('moving_mean');
  const variance = context.weight('moving_variance');
  if (x.rank === 4 && isConstant(variance)) {
    const factor = ops.multiply(ops.rsqrt(ops.add(variance, epsilon)), scale);
    const folded = foldIntoConvolution(x, factor, ops.subtract(offset, ops.multiply(mean, factor)));
    if (folded) return folded;
  }
  if (x.rank === 4)
    return ops.batchNormalization(x, scale, offset, { training: false, epsilon, mean, variance }).y;
  const factor = ops.multiply(ops.rsqrt(ops.add(variance, epsilon)), scale);
  return ops.add(ops.multiply(ops.subtract(x, mean), factor), offset);
}

/**
 * Moving averages take the variance of the batch with n in the denominator, as tfjs-layers does (Keras' fused layer takes
 * n - 1).
 */
export const batchNormalization: LayerEmitter = (context) => {
  const x = context.inputs[0]!;
  const axis = Number(context.config.axis ?? -1);
  if (axis !== -1 && axis !== x.rank - 1)
    throw unsupportedLayer(context.name, `it normalizes along axis ${axis}, not the last`);
  const epsilon = Number(context.config.epsilon ?? 1e-3);
  if (!context.training) return inferred(context, epsilon);
  const { scale, offset } = parametersOf(context);
  const picture = asPicture(x);
  const { y, mean, variance } = ops.batchNormalization(picture, scale, offset, { training: true, epsilon });
  const channels = x.shape!.at(-1)!;
  const count = ops.divide(
    ops.cast(picture.graph.op('Size', [picture]).output, 'float32'),
    picture.graph.constant(channels),
  );
  const population = ops.multiply(variance, ops.divide(ops.maximum(ops.subtract(count, 1), 1), count));
  const decay = 1 - Number(context.config.momentum ?? 0.99);
  const delta = (average: string, value: Tensor) =>
    ops.multiply(ops.subtract(context.weight(average), value), decay);
  context.subtractLater('moving_mean', delta('moving_mean', mean));
  context.subtractLater('moving_variance', delta('moving_variance', population));
  return backFromPicture(context, y, x);
};

/** Over the last axes, as tfjs-layers and Keras do it. */
export const layerNormalization: LayerEmitter = (context) => {
  const x = context.inputs[0]!;
  const axes = [context.config.axis ?? -1].flat().map((axis) => (Number(axis) + x.rank) % x.rank);
  if (axes.length !== 1 || axes[0] !== x.rank - 1)
    throw unsupportedLayer(context.name, 'it normalizes along other axes than the last');
  const epsilon = Number(context.config.epsilon ?? 1e-3);
  const mean = ops.mean(x, axes, { keepDimensions: true });
  const centred = ops.subtract(x, mean);
  const variance = ops.mean(ops.square(centred), axes, { keepDimensions: true });
  let result = ops.multiply(centred, ops.rsqrt(ops.add(variance, epsilon)));
  if (context.hasWeight('gamma')) result = ops.multiply(result, context.weight('gamma'));
  if (context.hasWeight('beta')) result = ops.add(result, context.weight('beta'));
  return result;
};
