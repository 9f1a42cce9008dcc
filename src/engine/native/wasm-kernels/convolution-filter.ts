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
 * Unrolls the patches of examples [from, to) of an NHWC image batch:
 * patches[(example, y, x) of the output][(row, column, channel) of the filter], zero in the padding.
 */
function unrollPatches(
  x: Float32Array,
  patches: Float32Array,
  info: tf.backend_util.Conv2DInfo,
  from: number,
  to: number,
): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, strideHeight, strideWidth } = info;
  const { filterHeight, filterWidth, padInfo } = info;
  const run = filterWidth * inChannels;
  let target = 0;
  for (let example = from; example < to; example++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      for (let outColumn = 0; outColumn < outWidth; outColumn++) {
        const firstColumn = outColumn * strideWidth - padInfo.left;
        const skipped = Math.max(0, -firstColumn) * inChannels;
        const kept = Math.min(filterWidth, inWidth - firstColumn) * inChannels;
        for (let filterRow = 0; filterRow < filterHeight; filterRow++, target += run) {
          const row = outRow * strideHeight + filterRow - padInfo.top;
          if (row < 0 || row >= inHeight || kept <= skipped) {
            patches.fill(0, target, target + run);
            continue;
          }
          const source = ((example * inHeight + row) * inWidth + firstColumn) * inChannels;
          for (let index = 0; index < skipped; index++) patches[target + index] = 0;
          for (let index = skipped; index < kept; index++) patches[target + index] = x[source + index]!;
          for (let index = kept; index < run; index++) patches[target + index] = 0;
        }
      }
    }
  }
}

/** Product of the transposed gradient [out, positions] with the patches [positions, patch] of some examples. */
function multiplyPatches(
  backend: WasmBackend,
  { x, dy }: Inputs,
  info: tf.backend_util.Conv2DInfo,
  from: number,
  to: number,
): tf.TensorInfo {
  const positions = (to - from) * info.outHeight * info.outWidth;
  const patchSize = info.filterHeight * info.filterWidth * info.inChannels;
  const patches = backend.makeOutput([1, positions, patchSize], 'float32');
  const gradient = backend.makeOutput([1, positions, info.outChannels], 'float32');
  const start = from * info.outHeight * info.outWidth * info.outChannels;
  unrollPatches(floats(backend, x), floats(backend, patches), info, from, to);
  floats(backend, gradient).set(floats(backend, dy).subarray(start, start + positions * info.outChannels));
  const product = callKernel(
    'BatchMatMul',
    backend,
    { a: gradient, b: patches },
    { transposeA: true, transposeB: false },
  );
  backend.disposeData(patches.dataId);
  backend.disposeData(gradient.dataId);
  return product;
}

/**
 * Gradient of a 2-D convolution with respect to its filter: x [batch, height, width, in], dy [batch, y, x, out] give
 * [filterHeight, filterWidth, in, out]. It is the product of the transposed dy with the patches of x, transposed (Chellapilla et al.
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
  const filter = floats(backend, result);
  for (let channel = 0; channel < info.outChannels; channel++)
    for (let place = 0; place < patchSize; place++)
      filter[place * info.outChannels + channel] = sum[channel * patchSize + place]!;
  return result;
}
