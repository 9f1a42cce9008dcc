import * as tf from '@tensorflow/tfjs';
import type { Hyperparameters } from '../../contract/hyperparameters';
import type { KerasModel } from './model-config';

export type PixelMode = Exclude<Hyperparameters['basePixels'], 'auto'>;

/** Means and standard deviations of ImageNet's red, green and blue values, of 1. */
const torch = { means: [0.485, 0.456, 0.406], deviations: [0.229, 0.224, 0.225] };
/** Means of its blue, green and red values, of 255. */
const caffeMeans = [103.939, 116.779, 123.68];

/** What keras.applications.*.preprocess_input does, by the beginning of the model's name; the first that fits. */
const knownModels: readonly (readonly [name: RegExp, mode: PixelMode])[] = [
  [/^(efficientnet|convnext|regnet|mobilenetv3)/i, 'none'],
  [/^(resnet\d+v2|mobilenet|xception|inception|nasnet)/i, 'tf'],
  [/^(resnet|vgg)\d+/i, 'caffe'],
  [/^densenet/i, 'torch'],
];

const preprocessing = new Set(['Rescaling', 'Normalization']);

/** The first layer that scales what comes from the input, with at most changes of pictures before it. */
function scalingLayer(model: KerasModel): string | undefined {
  const plain = new Set(model.inputs.map(({ layer }) => layer));
  for (const { className, name, calls, model: nested } of model.layers) {
    if (!calls[0]?.every(({ layer }) => plain.has(layer))) continue;
    if (preprocessing.has(className)) return name;
    if (nested) return scalingLayer(nested);
    if (/^(Random|Resizing|CenterCrop)/.test(className)) plain.add(name);
  }
  return undefined;
}

/** How a model wants its pixels, and why that is thought, as the end of a sentence. */
export function pixelModeOf(model: KerasModel): { mode: PixelMode; reason: string } {
  const scales = scalingLayer(model);
  if (scales) return { mode: 'none', reason: `its layer ${scales} scales them` };
  for (const { name } of namesWithin(model)) {
    const known = knownModels.find(([pattern]) => pattern.test(name));
    if (known) return { mode: known[1], reason: `as Keras does for ${name}` };
  }
  return { mode: 'unit', reason: 'the file does not say what it wants' };
}

function namesWithin(model: KerasModel): KerasModel[] {
  return [model, ...model.layers.flatMap((layer) => (layer.model ? namesWithin(layer.model) : []))];
}

export const pixelWords: Record<PixelMode, string> = {
  none: '0 to 255, as they are',
  unit: 'scaled to 0 to 1',
  tf: 'scaled to -1 to 1',
  caffe: 'blue first, less the means of ImageNet',
  torch: 'scaled to 0 to 1, then by the means and deviations of ImageNet',
};

/**
 * Pixels 0..255 [batch, height, width, channels], red first, as the modes of keras.applications' `preprocess_input` make
 * them, in layers that every format has. Source: keras/src/applications/imagenet_utils.py.
 */
export function preprocessPixels(pixels: tf.SymbolicTensor, mode: PixelMode): tf.SymbolicTensor {
  const put = (layer: tf.layers.Layer) => layer.apply(pixels) as tf.SymbolicTensor;
  switch (mode) {
    case 'none':
      return pixels;
    case 'unit':
      return put(tf.layers.rescaling({ scale: 1 / 255, name: 'rescaling' }));
    case 'tf':
      return put(tf.layers.rescaling({ scale: 1 / 127.5, offset: -1, name: 'rescaling' }));
    case 'caffe':
      return perPixel(
        pixels,
        (kernel) => kernel.reverse(0),
        caffeMeans.map((mean) => -mean),
      );
    case 'torch':
      return perPixel(
        pixels,
        (kernel) => kernel.div(tf.tensor1d(torch.deviations).mul(255)),
        torch.means.map((mean, channel) => -mean / torch.deviations[channel]!),
      );
  }
}

/** The name of the layer that `preprocessPixels` makes. */
export function preprocessingName(mode: PixelMode): string | undefined {
  if (mode === 'none') return undefined;
  return mode === 'unit' || mode === 'tf' ? 'rescaling' : 'preprocess_input';
}

/** A convolution of one pixel. */
function perPixel(
  pixels: tf.SymbolicTensor,
  kernel: (identity: tf.Tensor2D) => tf.Tensor,
  bias: number[],
): tf.SymbolicTensor {
  const layer = tf.layers.conv2d({ filters: 3, kernelSize: 1, trainable: false, name: 'preprocess_input' });
  const output = layer.apply(pixels) as tf.SymbolicTensor;
  tf.tidy(() => layer.setWeights([kernel(tf.eye(3)).reshape([1, 1, 3, 3]), tf.tensor1d(bias)]));
  return output;
}
