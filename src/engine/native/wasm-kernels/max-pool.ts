import * as tf from '@tensorflow/tfjs';
import { floats, type KernelArguments } from './access';

interface Attributes {
  filterSize: number | [number, number];
  strides: number | [number, number];
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/**
 * Gradient of max pooling: every dy [batch, y, x, channel] goes to the first largest input of its window. It visits each
 * window once, where the back end's own kernel visits each input's windows.
 */
export function maxPoolGradient({
  inputs,
  attrs,
  backend,
}: KernelArguments<{ dy: tf.TensorInfo; input: tf.TensorInfo }, Attributes>): tf.TensorInfo {
  const { dy, input } = inputs;
  const info = tf.backend_util.computePool2DInfo(
    input.shape as [number, number, number, number],
    attrs.filterSize,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  const result = backend.makeOutput(input.shape, 'float32');
  const dx = floats(backend, result).fill(0);
  const x = floats(backend, input);
  const gradient = floats(backend, dy);
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, strideHeight, strideWidth } = info;
  const { top, left } = info.padInfo;
  let output = 0;
  for (let example = 0; example < batchSize; example++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      const firstRow = Math.max(0, outRow * strideHeight - top);
      const endRow = Math.min(inHeight, outRow * strideHeight - top + info.filterHeight);
      for (let outColumn = 0; outColumn < outWidth; outColumn++) {
        const firstColumn = Math.max(0, outColumn * strideWidth - left);
        const endColumn = Math.min(inWidth, outColumn * strideWidth - left + info.filterWidth);
        for (let channel = 0; channel < inChannels; channel++, output++) {
          let best = Number.NEGATIVE_INFINITY;
          let place = -1;
          for (let row = firstRow; row < endRow; row++) {
            let at = ((example * inHeight + row) * inWidth + firstColumn) * inChannels + channel;
            for (let column = firstColumn; column < endColumn; column++, at += inChannels) {
              const value = x[at]!;
              if (value > best || place < 0) {
                best = value;
                place = at;
              }
            }
          }
          if (place >= 0) dx[place]! += gradient[output]!;
        }
      }
    }
  }
  return result;
}
