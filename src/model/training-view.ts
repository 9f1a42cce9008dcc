import * as tf from '@tensorflow/tfjs';
import { outputLayerNames } from './build-model';

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

/**
 * Makes dropout draw its mask by `mask(layerNumber, shape)` and keeps frozen batch normalisation in inference mode while
 * training, as Keras does. TF.js' own dropout repeats one mask when it has a seed, and can't be repeated when it has none;
 * its batch normalisation looks at no `trainable`.
 */
export function prepareForTraining(
  model: tf.LayersModel,
  mask: (layerNumber: number, shape: number[], rate: number) => tf.Tensor,
): void {
  model.layers.forEach((layer, number) => {
    const className = layer.getClassName();
    if (className === 'Dropout') {
      const { rate } = layer.getConfig() as { rate: number };
      layer.call = (inputs, kwargs) => {
        const input = Array.isArray(inputs) ? inputs[0]! : inputs;
        if (kwargs.training !== true || rate === 0) return input;
        return tf.tidy(() => tf.mul(input, mask(number, input.shape, rate)));
      };
    } else if (className === 'BatchNormalization' && !layer.trainable) {
      const call = layer.call.bind(layer);
      layer.call = (inputs, kwargs) => call(inputs, { ...kwargs, training: false });
    }
  });
}
