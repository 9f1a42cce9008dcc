import type * as tf from '@tensorflow/tfjs';
import * as bert from './bert';
import * as convolution from './convolution';
import * as core from './core';
import type { LayerEmitter } from './emitter';
import * as normalization from './normalization';
import * as pooling from './pooling';
import { bidirectional } from './recurrent/bidirectional';
import { gru } from './recurrent/gru';
import { lstm } from './recurrent/lstm';
import { simpleRnn } from './recurrent/simple-rnn';
import { savedModelBase } from './saved-model';
import * as slicing from './slicing';

/** Layers that can be compiled, by tfjs-layers' and Keras' class names. */
export const layerEmitters: ReadonlyMap<string, LayerEmitter> = new Map<string, LayerEmitter>([
  ['Activation', core.activation],
  ['Add', core.add],
  ['Average', core.average],
  ['AveragePooling2D', pooling.averagePooling2d],
  ['BatchNormalization', normalization.batchNormalization],
  ['BertEmbeddings', bert.bertEmbeddings],
  ['BertEncoderLayer', bert.bertEncoderLayer],
  ['BertMeanPooling', bert.bertMeanPooling],
  ['BertPaddingMask', bert.bertPaddingMask],
  ['BertPooler', bert.bertPooler],
  ['Bidirectional', bidirectional],
  ['Concatenate', core.concatenate],
  ['Conv2D', convolution.conv2d],
  ['Cropping2D', slicing.cropping2d],
  ['Dense', core.dense],
  ['DepthwiseConv2D', convolution.depthwiseConv2d],
  ['Dot', slicing.dot],
  ['Dropout', core.dropout],
  ['Embedding', core.embedding],
  ['Flatten', core.flatten],
  ['GRU', gru],
  ['GlobalAveragePooling1D', pooling.globalAveragePooling1d],
  ['GlobalAveragePooling2D', pooling.globalAveragePooling2d],
  ['GlobalMaxPooling1D', pooling.globalMaxPooling1d],
  ['GlobalMaxPooling2D', pooling.globalMaxPooling2d],
  ['LSTM', lstm],
  ['LayerNormalization', normalization.layerNormalization],
  ['LeakyReLU', core.leakyRelu],
  ['Masking', core.masking],
  ['MaxPooling2D', pooling.maxPooling2d],
  ['Maximum', core.maximum],
  ['Minimum', core.minimum],
  ['Multiply', core.multiply],
  ['ReLU', core.relu],
  ['RepeatVector', core.repeatVector],
  ['Rescaling', core.rescaling],
  ['Reshape', core.reshape],
  ['SavedModelBase', savedModelBase],
  ['SeparableConv2D', convolution.separableConv2d],
  ['SimpleRNN', simpleRnn],
  ['Softmax', core.softmax],
  ['ZeroPadding2D', core.zeroPadding2d],
]);

/** Whether the layer's class has operations; those of layers within a wrapper are another question. */
export function hasEmitter(layer: tf.layers.Layer): boolean {
  return layer.getClassName() === 'InputLayer' || layerEmitters.has(layer.getClassName());
}
