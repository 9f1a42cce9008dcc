import * as tf from '@tensorflow/tfjs';
import { callKernel, type KernelArguments } from './access';

function isIdentity(permutation: number[]): boolean {
  return permutation.every((axis, index) => axis === index);
}

/**
 * Sum of products over named axes ("ij,jk->ik"), for two operands at most, float32: permute, broadcast-multiply, sum, in
 * the order that tfjs-core's `decodeEinsumEquation` and `getEinsumComputePath` plan.
 */
export function einsum({
  inputs,
  attrs,
  backend,
}: KernelArguments<Record<string, tf.TensorInfo>, { equation: string }>): tf.TensorInfo {
  const operands = Object.values(inputs);
  const { allDims, summedDims, idDims } = tf.backend_util.decodeEinsumEquation(
    attrs.equation,
    operands.length,
  );
  tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, operands as tf.Tensor[]);
  const { path, steps } = tf.backend_util.getEinsumComputePath(summedDims, idDims);
  const temporary: tf.TensorInfo[] = [];
  const keep = (info: tf.TensorInfo): tf.TensorInfo => {
    temporary.push(info);
    return info;
  };
  let product: tf.TensorInfo | null = null;
  let dimensions = allDims.length;
  for (const [step, ids] of steps.entries()) {
    for (const id of ids) {
      const { permutationIndices, expandDims } = tf.backend_util.getEinsumPermutation(
        dimensions,
        idDims[id]!,
      );
      let operand = operands[id]!;
      if (!isIdentity(permutationIndices))
        operand = keep(callKernel('Transpose', backend, { x: operand }, { perm: permutationIndices }));
      const shape = [...operand.shape];
      for (const axis of expandDims) shape.splice(axis, 0, 1);
      if (shape.length !== operand.shape.length)
        operand = keep(callKernel('Reshape', backend, { x: operand }, { shape }));
      product =
        product === null ? operand : keep(callKernel('Multiply', backend, { a: operand, b: product }));
    }
    if (step < steps.length - 1 && product !== null) {
      const summed = path[step]!;
      if (summed >= 0) {
        const axis = summed - (allDims.length - dimensions);
        product = keep(callKernel('Sum', backend, { x: product }, { axis, keepDims: false }));
      }
      dimensions--;
    }
  }
  if (product === null) throw new Error(`The equation ${attrs.equation} names no operand`);
  // An operand may come out as it went in; the result has to be data of its own.
  const result = callKernel('Identity', backend, { x: product });
  for (const info of temporary) backend.disposeData(info.dataId);
  return result;
}
