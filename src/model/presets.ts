import * as tf from '@tensorflow/tfjs';
import type { DatasetKind } from '../contract/dataset';
import { DescentError } from '../contract/errors';
import { type PresetName, presetsByKind } from '../contract/hyperparameters';
import { idCount } from '../dataset/common/text-encoder';
import { applyBase } from './bases/apply-base';
import type { LayerFactory } from './layer-factory';
import type { ModelSpecification } from './specification';
import { gloveBody, tfIdfBody } from './text-presets';

export type Body = (
  layers: LayerFactory,
  input: tf.SymbolicTensor,
  specification: ModelSpecification,
) => tf.SymbolicTensor;

function apply(tensor: tf.SymbolicTensor, ...layers: tf.layers.Layer[]): tf.SymbolicTensor {
  return layers.reduce((current, layer) => layer.apply(current) as tf.SymbolicTensor, tensor);
}

/** Pictures as a vector; rows and word ids as they are. */
function flat(layers: LayerFactory, input: tf.SymbolicTensor): tf.SymbolicTensor {
  return input.shape.length > 2 ? apply(input, layers.flatten()) : input;
}

/** The mean of the words' vectors: [batch, words] int32 -> [batch, dimension]. */
function bagOfWords(
  layers: LayerFactory,
  input: tf.SymbolicTensor,
  words: number,
  dimension: number,
): tf.SymbolicTensor {
  return apply(
    input,
    layers.embedding(words, dimension),
    tf.layers.globalAveragePooling1d({ name: 'global_average_pooling1d' }),
  );
}

function wordCount(specification: ModelSpecification): number {
  return specification.input.kind === 'texts' ? idCount(specification.input) : 0;
}

const linear: Body = (layers, input, specification) => {
  if (specification.input.kind !== 'texts') return flat(layers, input);
  // A vector as long as the outputs: with the last dense layer this is one linear map of the word frequencies.
  return bagOfWords(layers, input, wordCount(specification), Math.max(1, specification.labels.length));
};

const mlp: Body = (layers, input, { hyperparameters }) => {
  let current = flat(layers, input);
  for (let layer = 0; layer < hyperparameters.hiddenLayers; layer++) {
    current = apply(current, layers.dense(hyperparameters.hiddenUnits, 'relu'));
    if (hyperparameters.dropout > 0) current = apply(current, layers.dropout(hyperparameters.dropout));
  }
  return current;
};

/** Larger maps would make the first dense layer hold nearly all weights of the network. */
const largestFlattenedSide = 16;

/** conv32 - pool - conv64 - pool - (conv64 - pool, until 16 × 16) - dense - dropout. */
const smallCnn: Body = (layers, input, { hyperparameters }) => {
  const filters = (count: number) => Math.max(1, Math.round(count * hyperparameters.width));
  const block = (tensor: tf.SymbolicTensor, count: number) =>
    apply(
      tensor,
      layers.convolution({ filters: filters(count), kernelSize: 3, activation: 'relu' }),
      layers.maxPooling(),
    );
  let current = block(block(input, 32), 64);
  while (Math.max(current.shape[1] ?? 1, current.shape[2] ?? 1) > largestFlattenedSide)
    current = block(current, 64);
  current = apply(current, layers.flatten(), layers.dense(hyperparameters.hiddenUnits, 'relu'));
  return hyperparameters.dropout > 0 ? apply(current, layers.dropout(hyperparameters.dropout)) : current;
};

/** Filters at width 1 (half of MobileNet's) and strides of the depthwise separable blocks. */
const separableBlocks: readonly (readonly [filters: number, strides: number])[] = [
  [32, 1],
  [64, 2],
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
];

/**
 * A. G. Howard et al., "MobileNets: Efficient convolutional neural networks for mobile vision applications", 2017, with
 * fewer blocks; small pictures are not halved below 4 × 4. Names as in tf.keras.applications.
 */
const mobileNetLike: Body = (layers, input, { hyperparameters }) => {
  const filters = (count: number) => Math.max(8, Math.round(count * hyperparameters.width));
  const side = (tensor: tf.SymbolicTensor) => Math.min(tensor.shape[1] ?? 1, tensor.shape[2] ?? 1);
  const normalized = (tensor: tf.SymbolicTensor, name: string) =>
    apply(
      tensor,
      layers.batchNormalization(`${name}_bn`),
      tf.layers.reLU({ maxValue: 6, name: `${name}_relu` }),
    );
  let current = normalized(
    apply(
      input,
      layers.convolution({
        filters: filters(16),
        kernelSize: 3,
        strides: side(input) >= 64 ? 2 : 1,
        useBias: false,
        name: 'conv1',
      }),
    ),
    'conv1',
  );
  separableBlocks.forEach(([count, strides], block) => {
    const stride = side(current) >= 8 ? strides : 1;
    const depthwise = `conv_dw_${block + 1}`;
    const pointwise = `conv_pw_${block + 1}`;
    current = normalized(apply(current, layers.depthwiseConvolution(3, stride, depthwise)), depthwise);
    current = normalized(
      apply(
        current,
        layers.convolution({ filters: filters(count), kernelSize: 1, useBias: false, name: pointwise }),
      ),
      pointwise,
    );
  });
  current = apply(
    current,
    tf.layers.globalAveragePooling2d({
      name: 'global_average_pooling2d',
    }),
  );
  return hyperparameters.dropout > 0 ? apply(current, layers.dropout(hyperparameters.dropout)) : current;
};

const textBag: Body = (layers, input, specification) => {
  const { hyperparameters } = specification;
  const current = apply(
    bagOfWords(layers, input, wordCount(specification), hyperparameters.embeddingDimension),
    layers.dense(hyperparameters.hiddenUnits, 'relu'),
  );
  return hyperparameters.dropout > 0 ? apply(current, layers.dropout(hyperparameters.dropout)) : current;
};

/** The words one after the other; places that no word fills are left out. */
const textLstm: Body = (layers, input, specification) => {
  const { hiddenUnits, embeddingDimension, dropout, bidirectional } = specification.hyperparameters;
  const words = apply(input, layers.embedding(wordCount(specification), embeddingDimension, true));
  const current = layers.applyLstm(words, hiddenUnits, bidirectional);
  return dropout > 0 ? apply(current, layers.dropout(dropout)) : current;
};

const bodies: Record<PresetName, Body> = {
  linear,
  mlp,
  'small-cnn': smallCnn,
  'mobilenet-like': mobileNetLike,
  'efficientnet-lite0': applyBase,
  'mobilenet-v2': applyBase,
  resnet50: applyBase,
  keras: applyBase,
  'saved-model': applyBase,
  hub: applyBase,
  'text-bag': textBag,
  'text-lstm': textLstm,
  glove: gloveBody,
  tfidf: tfIdfBody,
  bert: applyBase,
};

/** @throws DescentError `wrong-use` when the preset does not fit the kind of data */
export function presetBody(specification: ModelSpecification): Body {
  const preset = specification.hyperparameters.model;
  assertFits(specification.input.kind, preset);
  return bodies[preset];
}

/** @throws DescentError `wrong-use` when the preset does not fit the kind of data */
export function assertFits(kind: DatasetKind, preset: PresetName): void {
  if (presetsByKind[kind].includes(preset)) return;
  throw new DescentError('wrong-use', `The model "${preset}" can't be trained on ${kind}.`, {
    subject: preset,
    remedy: `Choose one of: ${presetsByKind[kind].join(', ')}.`,
  });
}
