import type { Hyperparameters } from '../../contract/hyperparameters';
import type { Graph } from '../../graph/graph';
import type { Operation, Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import type { Variable } from '../../graph/variable';
import { type OptimizedWeight, type OptimizerSettings, optimizerConstants } from '../optimizers';

const { adamBeta1, adamBeta2, rmspropDecay, epsilon, adagradStart } = optimizerConstants;

interface SlotDefinition {
  name: string;
  start: number;
  /** Holds nothing from one step to the next, and isn't saved. */
  scratch?: true;
}

interface Rule {
  slots: readonly SlotDefinition[];
  apply(weight: Variable, slots: readonly Variable[], rate: Tensor, gradient: Tensor): Operation;
}

/** TensorFlow's own update operations, by which ../optimizers.ts goes. */
function ruleOf({ optimizer, momentum }: OptimizerSettings): Rule {
  switch (optimizer) {
    case 'sgd':
      return {
        slots: [],
        apply: (weight, _, rate, gradient) => ops.applyGradientDescent(weight, rate, gradient),
      };
    case 'momentum':
    case 'nesterov':
      return {
        slots: [{ name: 'momentum', start: 0 }],
        apply: (weight, [slot], learningRate, gradient) =>
          ops.applyMomentum(
            weight,
            slot!,
            { learningRate, momentum, nesterov: optimizer === 'nesterov' },
            gradient,
          ),
      };
    case 'adam':
      return {
        slots: [
          { name: 'm', start: 0 },
          { name: 'v', start: 0 },
        ],
        // The corrections of the step are in the fed rate already.
        apply: (weight, [first, second], learningRate, gradient) =>
          ops.applyAdam(
            weight,
            first!,
            second!,
            {
              learningRate,
              beta1: adamBeta1,
              beta2: adamBeta2,
              epsilon,
              beta1Power: 0,
              beta2Power: 0,
            },
            gradient,
          ),
      };
    case 'rmsprop':
      return {
        slots: [
          { name: 'rms', start: 0 },
          { name: 'update', start: 0, scratch: true },
        ],
        apply: (weight, [meanSquare, update], learningRate, gradient) =>
          ops.applyRmsProp(
            weight,
            meanSquare!,
            update!,
            { learningRate, decay: rmspropDecay, momentum: 0, epsilon },
            gradient,
          ),
      };
    case 'adagrad':
      return {
        slots: [{ name: 'accumulator', start: adagradStart }],
        apply: (weight, [sum], learningRate, gradient) =>
          ops.applyAdagrad(weight, sum!, { learningRate, epsilon }, gradient),
      };
  }
}

/** What is fed as the learning rate of a step (counted from 1). */
export function effectiveRate(
  optimizer: Hyperparameters['optimizer'],
  learningRate: number,
  step: number,
): number {
  if (optimizer !== 'adam') return learningRate;
  return (learningRate * Math.sqrt(1 - adamBeta2 ** step)) / (1 - adamBeta1 ** step);
}

export interface SlotVariable {
  /** `<slot>/<layer>/<weight>`. */
  name: string;
  variable: Variable;
  start: number;
  saved: boolean;
}

/** The optimizer's variables and operations in a graph. */
export class Updates {
  readonly slots: SlotVariable[] = [];
  private readonly rule: Rule;
  private readonly weights: { variable: Variable; factor: number; slots: Variable[] }[];

  constructor(graph: Graph, settings: OptimizerSettings, weights: readonly OptimizedWeight<Variable>[]) {
    this.rule = ruleOf(settings);
    this.weights = weights.map(({ name, variable, factor = 1 }) => ({
      variable,
      factor,
      slots: this.rule.slots.map((slot) => {
        const made = graph.variable(`optimizer/${slot.name}/${variable.name}`, 'float32', variable.shape, {
          trainable: false,
          initial: slot.start,
        });
        this.slots.push({
          name: `${slot.name}/${name}`,
          variable: made,
          start: slot.start,
          saved: slot.scratch !== true,
        });
        return made;
      }),
    }));
  }

  /** One operation a weight; `gradients` in the order of the weights. */
  apply(gradients: readonly Tensor[], rate: Tensor): Operation[] {
    const rates = new Map([[1, rate]]);
    const rateOf = (factor: number) => {
      const known = rates.get(factor) ?? ops.multiply(rate, factor);
      rates.set(factor, known);
      return known;
    };
    return this.weights.map(({ variable, factor, slots }, index) =>
      this.rule.apply(variable, slots, rateOf(factor), gradients[index]!),
    );
  }
}
