import * as tf from '@tensorflow/tfjs';
import { layerNumbers } from '../model/layer-numbers';
import { nativeBatchNormalization } from './native-batch-normalization';
import {
  biasGradient,
  relu6Gradient,
  reluGradient,
  sigmoidGradient,
  sparseCrossEntropy,
  tanhGradient,
} from './native-operations';

type GradientFunction = (dy: tf.Tensor, saved: tf.Tensor[]) => Record<string, () => tf.Tensor>;

const ofX =
  (gradient: (dy: tf.Tensor, saved: tf.Tensor) => tf.Tensor): GradientFunction =>
  (dy, [saved]) => ({ x: () => gradient(dy, saved!) });

/** The gradient of a broadcast operand: `dy` summed over the axes that the operand was repeated along. */
function reduced(dy: tf.Tensor, operand: tf.Tensor): tf.Tensor {
  if (tf.util.arraysEqual(dy.shape, operand.shape)) return dy.clone();
  const isBias = operand.rank === 1 && operand.shape[0] === dy.shape.at(-1);
  if (isBias && dy.rank >= 2 && dy.rank <= 5 && dy.dtype === 'float32') return biasGradient(dy);
  const axes = tf.broadcast_util.getReductionAxes(operand.shape, dy.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(dy, axes) : dy, operand.shape);
}

/** What tfjs puts together from several operations, where TensorFlow has one; saved inputs and outputs stay tfjs' own. */
const gradientFunctions: Readonly<Record<string, GradientFunction>> = {
  Relu: ofX((dy, x) => reluGradient(dy, x)),
  Relu6: ofX((dy, x) => relu6Gradient(dy, x)),
  Sigmoid: ofX((dy, y) => sigmoidGradient(y, dy)),
  Tanh: ofX((dy, y) => tanhGradient(y, dy)),
  Add: (dy, [a, b]) => ({ a: () => reduced(dy, a!), b: () => reduced(dy, b!) }),
};

/**
 * Runs a step with native operations for gradients and for training batch normalisation. They are in place only while it
 * runs, and are taken away also when it throws: other eager code sees tfjs as it is.
 */
export class NativeGradients {
  private readonly layers: readonly (readonly [tf.layers.Layer, tf.layers.Layer['call']])[];

  /** On the native back end only, and after `prepareForTraining`. */
  constructor(model: tf.LayersModel) {
    this.layers = [...layerNumbers(model)].flatMap(([layer]) => {
      const call = nativeCall(layer);
      return call ? [[layer, call] as const] : [];
    });
  }

  /** `run` has to be synchronous. */
  during<Result>(run: () => Result): Result {
    const replaced: tf.GradConfig[] = [];
    const calls = this.layers.map(([layer]) => Object.getOwnPropertyDescriptor(layer, 'call'));
    try {
      for (const [kernelName, gradFunc] of Object.entries(gradientFunctions)) {
        const original = tf.getGradient(kernelName);
        if (!original) continue;
        replaced.push(original);
        tf.unregisterGradient(kernelName);
        tf.registerGradient({ ...original, gradFunc: gradFunc as tf.GradFunc });
      }
      for (const [layer, call] of this.layers) layer.call = call;
      return run();
    } finally {
      for (const original of replaced) {
        tf.unregisterGradient(original.kernelName);
        tf.registerGradient(original);
      }
      this.layers.forEach(([layer], index) => {
        const own = calls[index];
        if (own) Object.defineProperty(layer, 'call', own);
        else Reflect.deleteProperty(layer, 'call');
      });
    }
  }
}

function nativeCall(layer: tf.layers.Layer): tf.layers.Layer['call'] | undefined {
  const className = layer.getClassName();
  if (className === 'ReLU' && layer.getConfig().maxValue === 6)
    return (inputs) => tf.relu6(Array.isArray(inputs) ? inputs[0]! : inputs);
  if (className === 'BatchNormalization' && layer.trainable) return nativeBatchNormalization(layer);
  return undefined;
}

/** Cross-entropy as `softmaxCrossEntropy` without smoothing has it, loss and gradient in one operation. */
export const nativeCrossEntropy = tf.customGrad((...given) => {
  const [logits, labels, save] = given as unknown as [tf.Tensor2D, tf.Tensor1D, tf.GradSaveFunc];
  const [losses, gradients] = sparseCrossEntropy(logits, labels);
  save([gradients]);
  return {
    value: losses,
    gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => [
      tf.mul(tf.expandDims(dy, 1), saved!),
      // Labels have none; tfjs asks for a tensor per input all the same.
      tf.zeros(dy.shape),
    ],
  };
}) as (logits: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor1D;
