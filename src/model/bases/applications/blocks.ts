import * as tf from '@tensorflow/tfjs';

/** Puts a layer on a tensor; its weights begin as zeros, for those that are set then. */
export function put(
  layer: tf.layers.Layer,
  input: tf.SymbolicTensor | tf.SymbolicTensor[],
): tf.SymbolicTensor {
  layer.setFastWeightInitDuringBuild(true);
  return layer.apply(input) as tf.SymbolicTensor;
}

export interface ConvolutionSettings {
  filters: number;
  kernelSize: number;
  strides?: number;
  padding?: 'same' | 'valid';
  useBias?: boolean;
}

export function convolution(
  input: tf.SymbolicTensor,
  name: string,
  { strides = 1, padding = 'same', useBias = false, ...others }: ConvolutionSettings,
): tf.SymbolicTensor {
  return put(tf.layers.conv2d({ ...others, strides, padding, useBias, name }), input);
}

/** A depthwise convolution, as Keras' applications pad it: with strides of 2 by a layer of its own. */
export function depthwise(
  input: tf.SymbolicTensor,
  name: string,
  { kernelSize, strides, padName }: { kernelSize: number; strides: number; padName: string },
): tf.SymbolicTensor {
  const padding = strides === 1 ? 'same' : 'valid';
  const padded = strides === 1 ? input : zeroPadding(input, padName, stridePadding(input, kernelSize));
  return put(tf.layers.depthwiseConv2d({ kernelSize, strides, padding, useBias: false, name }), padded);
}

export function batchNormalization(
  input: tf.SymbolicTensor,
  name: string,
  settings: { epsilon: number; momentum: number },
): tf.SymbolicTensor {
  return put(tf.layers.batchNormalization({ ...settings, name }), input);
}

type Padding = [[top: number, bottom: number], [left: number, right: number]];

export function zeroPadding(input: tf.SymbolicTensor, name: string, padding: Padding): tf.SymbolicTensor {
  return put(tf.layers.zeroPadding2d({ padding, name }), input);
}

/** Zeros around pictures for convolutions with strides of 2: `keras.applications.imagenet_utils.correct_pad`. */
export function stridePadding(input: tf.SymbolicTensor, kernelSize: number): Padding {
  const half = Math.floor(kernelSize / 2);
  const [rows, columns] = [input.shape[1]!, input.shape[2]!].map((size): [number, number] => [
    half - (1 - (size % 2)),
    half,
  ]);
  return [rows!, columns!];
}

export function relu6(input: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
  return put(tf.layers.reLU({ maxValue: 6, name }), input);
}

export function relu(input: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
  return put(tf.layers.activation({ activation: 'relu', name }), input);
}

export function sum(inputs: tf.SymbolicTensor[], name: string): tf.SymbolicTensor {
  return put(tf.layers.add({ name }), inputs);
}

/** Pixels 0..255 to -1..1: the preprocess_input of MobileNetV2 and EfficientNet-Lite. */
export function toUnitRange(input: tf.SymbolicTensor): tf.SymbolicTensor {
  return put(tf.layers.rescaling({ scale: 1 / 127.5, offset: -1, name: 'rescaling' }), input);
}
