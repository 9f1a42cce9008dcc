import * as tf from '@tensorflow/tfjs';
import { floats, type KernelArguments } from './access';

interface Attributes {
  strides: number | [number, number];
  dilations: number | [number, number];
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Shape4D = [number, number, number, number];

function convolutionInfo(
  inputShape: number[],
  filterShape: number[],
  attrs: Attributes,
): tf.backend_util.Conv2DInfo {
  return tf.backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    attrs.strides,
    attrs.dilations,
    attrs.pad,
    attrs.dimRoundingMode,
    true,
  );
}

/**
 * Calls `visit` once for every pair of an output position and a filter position whose input lies inside the image, with
 * the offsets of their first channel in input, output gradient and filter.
 */
function forEachTap(
  info: tf.backend_util.Conv2DInfo,
  visit: (input: number, output: number, filter: number) => void,
): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = info;
  const { filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo } =
    info;
  for (let example = 0; example < batchSize; example++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      for (let filterRow = 0; filterRow < filterHeight; filterRow++) {
        const row = outRow * strideHeight + filterRow * dilationHeight - padInfo.top;
        if (row < 0 || row >= inHeight) continue;
        for (let outColumn = 0; outColumn < outWidth; outColumn++) {
          const output = ((example * outHeight + outRow) * outWidth + outColumn) * outChannels;
          for (let filterColumn = 0; filterColumn < filterWidth; filterColumn++) {
            const column = outColumn * strideWidth + filterColumn * dilationWidth - padInfo.left;
            if (column < 0 || column >= inWidth) continue;
            const input = ((example * inHeight + row) * inWidth + column) * inChannels;
            visit(input, output, (filterRow * filterWidth + filterColumn) * outChannels);
          }
        }
      }
    }
  }
}

/**
 * Gradient of a depthwise convolution with respect to its filter: x [batch, height, width, in] and
 * dy [batch, y, x, in * multiplier] give [filterHeight, filterWidth, in, multiplier], float32.
 */
export function depthwiseFilterGradient({
  inputs,
  attrs,
  backend,
}: KernelArguments<
  { x: tf.TensorInfo; dy: tf.TensorInfo },
  Attributes & { filterShape: Shape4D }
>): tf.TensorInfo {
  const info = convolutionInfo(inputs.x.shape, attrs.filterShape, attrs);
  const multiplier = info.outChannels / info.inChannels;
  const result = backend.makeOutput(attrs.filterShape, 'float32');
  const x = floats(backend, inputs.x);
  const dy = floats(backend, inputs.dy);
  // Sums over a whole batch: float64 costs nothing here and keeps the small terms.
  const sum = new Float64Array(attrs.filterShape.reduce((product, size) => product * size, 1));
  const { inChannels } = info;
  if (multiplier === 1)
    forEachTap(info, (input, output, filter) => {
      for (let channel = 0; channel < inChannels; channel++)
        sum[filter + channel]! += x[input + channel]! * dy[output + channel]!;
    });
  else
    forEachTap(info, (input, output, filter) => {
      for (let channel = 0; channel < inChannels; channel++) {
        const value = x[input + channel]!;
        for (let copy = 0; copy < multiplier; copy++) {
          const offset = channel * multiplier + copy;
          sum[filter + offset]! += value * dy[output + offset]!;
        }
      }
    });
  floats(backend, result).set(sum);
  return result;
}

/**
 * Gradient of a depthwise convolution with respect to its input: dy [batch, y, x, in * multiplier] and
 * filter [filterHeight, filterWidth, in, multiplier] give [batch, height, width, in], float32.
 */
export function depthwiseInputGradient({
  inputs,
  attrs,
  backend,
}: KernelArguments<
  { dy: tf.TensorInfo; filter: tf.TensorInfo },
  Attributes & { inputShape: Shape4D }
>): tf.TensorInfo {
  const info = convolutionInfo(attrs.inputShape, inputs.filter.shape, attrs);
  const multiplier = info.outChannels / info.inChannels;
  const result = backend.makeOutput(attrs.inputShape, 'float32');
  const dx = floats(backend, result).fill(0);
  const dy = floats(backend, inputs.dy);
  const weights = floats(backend, inputs.filter);
  const { inChannels } = info;
  if (multiplier === 1)
    forEachTap(info, (input, output, filter) => {
      for (let channel = 0; channel < inChannels; channel++)
        dx[input + channel]! += dy[output + channel]! * weights[filter + channel]!;
    });
  else
    forEachTap(info, (input, output, filter) => {
      for (let channel = 0; channel < inChannels; channel++) {
        let value = 0;
        for (let copy = 0; copy < multiplier; copy++) {
          const offset = channel * multiplier + copy;
          value += dy[output + offset]! * weights[filter + offset]!;
        }
        dx[input + channel]! += value;
      }
    });
  return result;
}
