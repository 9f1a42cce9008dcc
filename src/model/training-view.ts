import * as tf from '@tensorflow/tfjs';
import { BertLayer } from './bert/layers';
import { outputLayerNames } from './build-model';
import { hasKnownCell, layerNumbers } from './layer-numbers';

/** A model as training sees it: the same layers and weights, up to logits or the standardised target. */
export interface TrainingView {
  core: tf.LayersModel;
  /** What makes the core's outputs the model's. */
  activation: 'softmax' | 'sigmoid' | 'linear';
  /** Regression: what the standardised output is scaled and shifted by. */
  targetScale: number;
  targetShift: number;
}

/** @throws Error when the model is none that `buildModel` made */
export function trainingView(model: tf.LayersModel): TrainingView {
  const last = model.layers.at(-1);
  const known: readonly string[] = Object.values(outputLayerNames);
  if (!last || !known.includes(last.name))
    throw new Error(`The model ends in "${last?.name}", which is no output layer of Descent's.`);
  const core = tf.model({ inputs: model.inputs, outputs: last.input as tf.SymbolicTensor, name: 'core' });
  if (last.name === outputLayerNames.classification || last.name === outputLayerNames.binary)
    return { core, activation: last.name, targetScale: 1, targetShift: 0 };
  const [scale, shift] = last.getWeights().map((tensor) => tensor.dataSync()[0]!);
  return { core, activation: 'linear', targetScale: scale!, targetShift: shift! };
}

/** Which mask of a layer: its number (`layerNumbers`), and a count from 0 for layers that have several. */
export interface MaskKey {
  layer: number;
  use: number;
}

export type MaskSource = (key: MaskKey, shape: number[], rate: number) => tf.Tensor;

/**
 * Makes dropout draw its masks by `mask` and keeps frozen batch normalisation in inference mode while
 * training, as Keras does. TF.js' own dropout repeats one mask when it has a seed, and can't be repeated when it has none;
 * its batch normalisation looks at no `trainable`.
 */
export function prepareForTraining(model: tf.LayersModel, mask: MaskSource): void {
  for (const [layer, number] of layerNumbers(model)) {
    const className = layer.getClassName();
    if (className === 'Dropout') {
      const { rate } = layer.getConfig() as { rate: number };
      layer.call = (inputs, kwargs) => {
        const input = Array.isArray(inputs) ? inputs[0]! : inputs;
        if (kwargs.training !== true || rate === 0) return input;
        return tf.tidy(() => tf.mul(input, mask({ layer: number, use: 0 }, input.shape, rate)));
      };
    } else if (className === 'BatchNormalization' && !layer.trainable) {
      const call = layer.call.bind(layer);
      layer.call = (inputs, kwargs) => call(inputs, { ...kwargs, training: false });
    } else if (layer instanceof BertLayer) {
      layer.drawMask = (use, shape, rate) => mask({ layer: number, use }, shape, rate);
    } else if (hasKnownCell(layer)) prepareCell((layer as RecurrentLayer).cell, number, mask);
  }
}

/** A cell makes its masks at the first step of a sequence, keeps them for the others and lets the layer dispose of them. */
interface RecurrentCell {
  call(inputs: tf.Tensor[], kwargs: { training?: boolean }): tf.Tensor[];
  dropout: number;
  recurrentDropout: number;
  dropoutMask: tf.Tensor | tf.Tensor[] | null;
  recurrentDropoutMask: tf.Tensor | tf.Tensor[] | null;
}

type RecurrentLayer = tf.layers.Layer & { cell: RecurrentCell };

function prepareCell(cell: RecurrentCell, layer: number, mask: MaskSource): void {
  const call = cell.call.bind(cell);
  const single = (cell as unknown as tf.layers.Layer).getClassName() === 'SimpleRNNCell';
  const drawn = (use: number, like: tf.Tensor, rate: number) => {
    const made = tf.keep(mask({ layer, use }, like.shape, rate));
    return single ? made : [made];
  };
  cell.call = (inputs, kwargs) => {
    const [x, state] = inputs as [tf.Tensor, tf.Tensor];
    if (kwargs.training === true) {
      const { dropout, recurrentDropout } = cell;
      if (dropout > 0 && dropout < 1) cell.dropoutMask ??= drawn(0, x, dropout);
      if (recurrentDropout > 0 && recurrentDropout < 1)
        cell.recurrentDropoutMask ??= drawn(1, state, recurrentDropout);
    }
    return call(inputs, kwargs);
  };
}
