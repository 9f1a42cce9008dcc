import * as tf from '@tensorflow/tfjs';
import { callKernel, floats, type KernelArguments, type WasmBackend } from './access';

interface Inputs {
  x: tf.TensorInfo;
  dy: tf.TensorInfo;
}

interface Attributes {
  strides: number | [number, number];
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dataFormat: 'NHWC' | 'NCHW';
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  filterShape: [number, number, number, number];
}

/** Patches are unrolled for a few examples at a time: at most this many values. */
const PATCH_VALUES = 4_000_000;

/**
 * Unrolls the patches of examples [from, to) of an NHWC image batch, transposed:
 * columns[(row, column, channel) of the filter][(example, y, x) of the output], zero in the padding.
 */
function unrollPatches(
  x: Float32Array,
  columns: Float32Array,
  info: tf.backend_util.Conv2DInfo,
  from: number,
  to: number,
): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, strideHeight, strideWidth } = info;
  const { filterHeight, filterWidth, padInfo } = info;
  const positions = (to - from) * outHeight * outWidth;
  for (let filterRow = 0; filterRow < filterHeight; filterRow++) {
    for (let filterColumn = 0; filterColumn < filterWidth; filterColumn++) {
      const first = (filterRow * filterWidth + filterColumn) * inChannels;
      let position = 0;
      for (let example = from; example < to; example++) {
        for (let outRow = 0; outRow < outHeight; outRow++) {
          const row = outRow * strideHeight + filterRow - padInfo.top;
          for (let outColumn = 0; outColumn < outWidth; outColumn++, position++) {
            const column = outColumn * strideWidth + filterColumn - padInfo.left;
            const inside = row >= 0 && row < inHeight && column >= 0 && column < inWidth;
            const source = ((example * inHeight + row) * inWidth + column) * inChannels;
            let target = first * positions + position;
            for (let channel = 0; channel < inChannels; channel++, target += positions)
              columns[target] = inside ? x[source + channel]! : 0;
          }
        }
      }
    }
  }
}

function multiplyPatches(
  backend: WasmBackend,
  { x, dy }: Inputs,
  info: tf.backend_util.Conv2DInfo,
  from: number,
  to: number,
): tf.TensorInfo {
  const positions = (to - from) * info.outHeight * info.outWidth;
  const patchSize = info.filterHeight * info.filterWidth * info.inChannels;
  const columns = backend.makeOutput([1, patchSize, positions], 'float32');
  const gradient = backend.makeOutput([1, positions, info.outChannels], 'float32');
  const start = from * info.outHeight * info.outWidth * info.outChannels;
  unrollPatches(floats(backend, x), floats(backend, columns), info, from, to);
  floats(backend, gradient).set(floats(backend, dy).subarray(start, start + positions * info.outChannels));
  const product = callKernel(
    'BatchMatMul',
    backend,
    { a: columns, b: gradient },
    { transposeA: false, transposeB: false },
  );
  backend.disposeData(columns.dataId);
  backend.disposeData(gradient.dataId);
  return product;
}

/**
 * Gradient of a 2-D convolution with respect to its filter: x [batch, height, width, in], dy [batch, y, x, out] give
 * [filterHeight, filterWidth, in, out]. It is the product of the transposed patches of x with dy (Chellapilla et al.
 * 2006, "High Performance Convolutional Neural Networks for Document Processing"), so the work lies in XNNPACK.
 */
export function convolutionFilterGradient({
  inputs,
  attrs,
  backend,
}: KernelArguments<Inputs, Attributes>): tf.TensorInfo {
  if (attrs.dataFormat === 'NCHW')
    throw new Error('The WebAssembly engine convolves channels-last images only');
  const info = tf.backend_util.computeConv2DInfo(
    inputs.x.shape as [number, number, number, number],
    attrs.filterShape,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
    false,
    'channelsLast',
  );
  const patchSize = info.filterHeight * info.filterWidth * info.inChannels;
  const valuesPerExample = Math.max(1, info.outHeight * info.outWidth * patchSize);
  const examples = Math.max(1, Math.floor(PATCH_VALUES / valuesPerExample));
  const sum = new Float32Array(patchSize * info.outChannels);
  for (let from = 0; from < info.batchSize; from += examples) {
    const product = multiplyPatches(backend, inputs, info, from, Math.min(info.batchSize, from + examples));
    const values = floats(backend, product);
    for (let index = 0; index < sum.length; index++) sum[index]! += values[index]!;
    backend.disposeData(product.dataId);
  }
  const result = backend.makeOutput(attrs.filterShape, 'float32');
  floats(backend, result).set(sum);
  return result;
}
