import type { Tensor } from '../../../../graph/operation';
import * as ops from '../../../../graph/operations';
import type { LayerContext } from '../emitter';

/** The inputs of all steps times the kernel, plus the bias: one product, taken apart into [batch, width] a step. */
export function projectedSteps(context: LayerContext, x: Tensor): Tensor[] {
  const kernel = context.weight('kernel');
  const [inputs, width] = kernel.shape as [number, number];
  const product = ops.matMul(ops.reshape(x, [-1, inputs]), kernel);
  const biased = context.hasWeight('bias') ? ops.biasAdd(product, context.weight('bias')) : product;
  const time = x.shape![0]!;
  const shape = ops.concat([ops.slice(ops.shapeOf(x), [0], [2]), x.graph.constant([width], 'int32')], 0);
  return ops.unstack(ops.ensureShape(ops.reshape(biased, shape), [time, x.shape![1]!, width]), time);
}

export function masked(state: Tensor, mask: Tensor | undefined): Tensor {
  return mask ? ops.multiply(state, mask) : state;
}
