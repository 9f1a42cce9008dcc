import type { Tensor } from '../../../graph/operation';
import * as ops from '../../../graph/operations';

const convolutions: ReadonlySet<string> = new Set(['Conv2D', 'DepthwiseConv2dNative']);

/**
 * A normalization in inference of a convolution whose weights, as the normalization's, are constants of the graph: the same
 * convolution with other weights, which TensorFlow computes once, and a bias. Undefined for what is something else. The
 * convolution as it was is dropped when nobody else takes it.
 *
 * @param x what is normalized
 * @param factor [channels], by which it is multiplied
 * @param offset [channels], added then
 */
export function foldIntoConvolution(x: Tensor, factor: Tensor, offset: Tensor): Tensor | undefined {
  const { operation } = x;
  if (!convolutions.has(operation.type)) return undefined;
  const [input, kernel] = [operation.input(0), operation.input(1)];
  if (!isConstant(kernel)) return undefined;
  // [rows, columns, channels in, channels out], or of depthwise ones [rows, columns, channels, multiplier].
  const shape = kernel.shape as readonly number[];
  const scale = operation.type === 'Conv2D' ? factor : ops.reshape(factor, shape.slice(2));
  const folded = x.graph.op(operation.type, [input, ops.multiply(kernel, scale)], operation.attributes);
  return ops.biasAdd(folded.output, offset);
}

export const isConstant = ({ operation }: Tensor): boolean => operation.type === 'Const';
