import * as tf from '@tensorflow/tfjs';
import { weightDecayOf } from '../contract/hyperparameters';
import type { UpdateSettings } from './update-settings';

export type OptimizerSettings = Pick<UpdateSettings, 'optimizer' | 'momentum' | 'weightDecay'>;

/** Keras' defaults. */
export const optimizerConstants = {
  adamBeta1: 0.9,
  adamBeta2: 0.999,
  rmspropDecay: 0.9,
  epsilon: 1e-7,
  adagradStart: 0.1,
} as const;
const { adamBeta1, adamBeta2, rmspropDecay, epsilon, adagradStart } = optimizerConstants;

interface Rule {
  /** Names of what is kept for each weight, with its first value. */
  slots: readonly { name: string; start: number }[];
  /** `step` counts from 1. Assigns the weight and its slots. */
  update(
    weight: tf.Variable,
    gradient: tf.Tensor,
    slots: tf.Variable[],
    learningRate: number,
    step: number,
  ): void;
}

/** Formulas of TensorFlow's ResourceApply* kernels (tensorflow/core/kernels/training_ops.cc), which Keras runs. */
function ruleOf({ optimizer, momentum }: OptimizerSettings): Rule {
  switch (optimizer) {
    case 'sgd':
      return {
        slots: [],
        update: (weight, gradient, _, learningRate) =>
          weight.assign(tf.sub(weight, tf.mul(gradient, learningRate))),
      };
    case 'momentum':
    case 'nesterov':
      return {
        slots: [{ name: 'momentum', start: 0 }],
        update: (weight, gradient, [accumulated], learningRate) => {
          accumulated!.assign(tf.add(tf.mul(accumulated!, momentum), gradient));
          const direction =
            optimizer === 'nesterov' ? tf.add(gradient, tf.mul(accumulated!, momentum)) : accumulated!;
          weight.assign(tf.sub(weight, tf.mul(direction, learningRate)));
        },
      };
    case 'adam':
    case 'adamw':
      return {
        slots: [
          { name: 'm', start: 0 },
          { name: 'v', start: 0 },
        ],
        update: (weight, gradient, [first, second], learningRate, step) => {
          const rate = (learningRate * Math.sqrt(1 - adamBeta2 ** step)) / (1 - adamBeta1 ** step);
          first!.assign(tf.add(first!, tf.mul(tf.sub(gradient, first!), 1 - adamBeta1)));
          second!.assign(tf.add(second!, tf.mul(tf.sub(tf.square(gradient), second!), 1 - adamBeta2)));
          weight.assign(tf.sub(weight, tf.div(tf.mul(first!, rate), tf.add(tf.sqrt(second!), epsilon))));
        },
      };
    case 'rmsprop':
      return {
        slots: [{ name: 'rms', start: 0 }],
        update: (weight, gradient, [meanSquare], learningRate) => {
          meanSquare!.assign(
            tf.add(meanSquare!, tf.mul(tf.sub(tf.square(gradient), meanSquare!), 1 - rmspropDecay)),
          );
          const scaled = tf.div(tf.mul(gradient, learningRate), tf.sqrt(tf.add(meanSquare!, epsilon)));
          weight.assign(tf.sub(weight, scaled));
        },
      };
    case 'adagrad':
      return {
        slots: [{ name: 'accumulator', start: adagradStart }],
        update: (weight, gradient, [sum], learningRate) => {
          sum!.assign(tf.add(sum!, tf.square(gradient)));
          weight.assign(
            tf.sub(weight, tf.div(tf.mul(gradient, learningRate), tf.add(tf.sqrt(sum!), epsilon))),
          );
        },
      };
  }
}

/** A weight that is trained. */
export interface OptimizedWeight<Variable> {
  /** `<layer>/<weight>`. */
  name: string;
  variable: Variable;
  /** On the learning rate; default 1. */
  factor?: number;
}

interface Slotted extends OptimizedWeight<tf.Variable> {
  factor: number;
  slots: tf.Variable[];
}

export interface OptimizerSlot {
  /** `<slot>/<layer>/<weight>`. */
  name: string;
  variable: tf.Variable;
}

/** Changes weights by their gradients, on eager ops. */
export class Optimizer {
  private readonly rule: Rule;
  private readonly weightDecay: number;
  private readonly weights: Slotted[];

  constructor(settings: OptimizerSettings, weights: readonly OptimizedWeight<tf.Variable>[]) {
    this.rule = ruleOf(settings);
    this.weightDecay = weightDecayOf(settings);
    this.weights = weights.map(({ name, variable, factor = 1 }) => ({
      name,
      variable,
      factor,
      slots: this.rule.slots.map(({ start }) =>
        tf.tidy(() => tf.variable(tf.fill(variable.shape, start), false)),
      ),
    }));
  }

  /** `gradients` in the order of the weights; `step` counts from 1. Weights decay first, as in Keras. */
  apply(gradients: readonly tf.Tensor[], learningRate: number, step: number): void {
    tf.tidy(() => {
      this.weights.forEach(({ variable, factor, slots }, index) => {
        const rate = learningRate * factor;
        if (this.weightDecay > 0)
          variable.assign(tf.sub(variable, tf.mul(variable, rate * this.weightDecay)));
        this.rule.update(variable, gradients[index]!, slots, rate, step);
      });
    });
  }

  get slots(): OptimizerSlot[] {
    return this.weights.flatMap(({ name, slots }) =>
      slots.map((variable, index) => ({ name: `${this.rule.slots[index]!.name}/${name}`, variable })),
    );
  }

  dispose(): void {
    for (const { slots } of this.weights) tf.dispose(slots);
  }
}
