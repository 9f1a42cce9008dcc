import * as tf from '@tensorflow/tfjs';
import { chooseLoss } from '../contract/losses';
import type { TableColumn } from '../contract/metadata';
import { textEncoder } from '../dataset/common/text-encoder';
import { LayerFactory } from './layer-factory';
import { freezeLayers } from './layer-learning-rates';
import { presetBody } from './presets';
import type { ModelSpecification } from './specification';

/** Names of the layers after which a saved model gives answers; training works on what goes into them. */
export const outputLayerNames = {
  classification: 'softmax',
  binary: 'sigmoid',
  regression: 'denormalize',
} as const;

/**
 * Builds a preset as a layers model that takes raw inputs (pictures float32 0..255 [batch, height, width, channels];
 * rows float32 [batch, columns] as `encodeRow` gives them; texts int32 [batch, words], or float32 [batch, places, 2] of weighted terms) and gives probabilities
 * [batch, labels] or the target in its own unit [batch, 1]. Scaling and standardisation are layers of it, all of them
 * TF.js' own. The same seed gives the same weights.
 * @throws DescentError `wrong-use` when the preset does not fit the kind of data, the loss the task, or `layerLearningRates`
 *   the layers
 */
export function buildModel(specification: ModelSpecification): tf.LayersModel {
  const body = presetBody(specification);
  chooseLoss(specification.task, specification.hyperparameters.loss);
  const layers = new LayerFactory(specification.hyperparameters.seed);
  const { input, start } = inputOf(specification, layers);
  const features = body(layers, start, specification);
  const output =
    specification.task === 'classification'
      ? classes(layers, features, specification)
      : value(layers, features, specification);
  const model = tf.model({ inputs: input, outputs: output, name: specification.hyperparameters.model });
  try {
    freezeLayers(model, specification.hyperparameters.layerLearningRates ?? '');
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

interface Start {
  input: tf.SymbolicTensor;
  start: tf.SymbolicTensor;
}

function inputOf({ input, base }: ModelSpecification, layers: LayerFactory): Start {
  switch (input.kind) {
    case 'images': {
      const tensor = tf.input({ shape: [input.height, input.width, input.channels], name: 'input_1' });
      // A base has its own preprocessing.
      if (base) return { input: tensor, start: tensor };
      return { input: tensor, start: layers.rescaling(1 / 255).apply(tensor) as tf.SymbolicTensor };
    }
    case 'table':
      return standardized(input.columns);
    case 'texts': {
      const { shape, dtype } = textEncoder(input);
      const tensor = tf.input({ shape: [...shape], dtype, name: 'input_1' });
      return { input: tensor, start: tensor };
    }
  }
}

/** A spread below this can't be told from rounding; the column is only centred then. */
const smallestDeviation = 1e-12;

/**
 * Standardisation as a frozen BatchNormalization with given mean and variance: the one layer of TF.js and Keras that
 * does it and that every reader of the format knows. (Keras, too, runs a frozen one in inference mode.)
 */
function standardized(columns: readonly TableColumn[]): Start {
  const means: number[] = [];
  const variances: number[] = [];
  for (const column of columns) {
    if (column.role === 'numeric') {
      means.push(column.mean);
      variances.push(column.standardDeviation > smallestDeviation ? column.standardDeviation ** 2 : 1);
    } else {
      means.push(...column.values.map(() => 0));
      variances.push(...column.values.map(() => 1));
    }
  }
  const input = tf.input({ shape: [means.length], name: 'input_1' });
  const layer = tf.layers.batchNormalization({
    epsilon: 0,
    trainable: false,
    name: 'standardize',
  });
  const start = layer.apply(input) as tf.SymbolicTensor;
  // With a scale of 1 and an offset of 0: TF.js' gradient of batch normalization fails without them.
  const width = means.length;
  setWeights(layer, [tf.ones([width]), tf.zeros([width]), tf.tensor1d(means), tf.tensor1d(variances)]);
  return { input, start };
}

function classes(
  layers: LayerFactory,
  features: tf.SymbolicTensor,
  { labels, task, input, hyperparameters }: ModelSpecification,
): tf.SymbolicTensor {
  const logits = linearMap(layers, features, labels.length, input);
  const binary = chooseLoss(task, hyperparameters.loss) === 'binary-crossentropy';
  const activation = outputLayerNames[binary ? 'binary' : 'classification'];
  return tf.layers.activation({ activation, name: activation }).apply(logits) as tf.SymbolicTensor;
}

/** What stands before the output: weighted terms come as a linear map already. */
function linearMap(
  layers: LayerFactory,
  features: tf.SymbolicTensor,
  units: number,
  input: ModelSpecification['input'],
): tf.SymbolicTensor {
  if (input.kind === 'texts' && input.weighting) return features;
  return layers.dense(units).apply(features) as tf.SymbolicTensor;
}

function value(
  layers: LayerFactory,
  features: tf.SymbolicTensor,
  { input, target }: ModelSpecification,
): tf.SymbolicTensor {
  const standard = linearMap(layers, features, 1, input);
  const layer = tf.layers.dense({ units: 1, trainable: false, name: outputLayerNames.regression });
  const output = layer.apply(standard) as tf.SymbolicTensor;
  const deviation = target && target.standardDeviation > smallestDeviation ? target.standardDeviation : 1;
  setWeights(layer, [tf.tensor2d([[deviation]]), tf.tensor1d([target?.mean ?? 0])]);
  return output;
}

function setWeights(layer: tf.layers.Layer, values: tf.Tensor[]): void {
  layer.setWeights(values);
  tf.dispose(values);
}
