import { weightDecayOf } from '../../contract/hyperparameters';
import type { Graph } from '../../graph/graph';
import type { Operation, Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import type { Variable } from '../../graph/variable';
import { type OptimizedWeight, type OptimizerSettings, optimizerConstants } from '../optimizers';
import {
  accumulatedSlot,
  averageSlot,
  isUpdateDue,
  type UpdateSettings,
  updateNumber,
} from '../update-settings';
import { clipGradients } from './gradient-clipping';

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
    case 'adamw':
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

/** What is fed as the learning rate of an update (counted from 1). */
function effectiveRate(
  optimizer: OptimizerSettings['optimizer'],
  learningRate: number,
  update: number,
): number {
  if (optimizer !== 'adam' && optimizer !== 'adamw') return learningRate;
  return (learningRate * Math.sqrt(1 - adamBeta2 ** update)) / (1 - adamBeta1 ** update);
}

export interface SlotVariable {
  /** `<slot>/<layer>/<weight>`. */
  name: string;
  variable: Variable;
  saved: boolean;
}

interface Updated {
  variable: Variable;
  /** On the learning rate. */
  factor: number;
  /** The optimizer's own. */
  slots: Variable[];
  /** Sum of the gradients of the steps since the last update. */
  accumulated: Variable | undefined;
  /** Moving average, which begins as the weight itself. */
  average: Variable | undefined;
}

/**
 * From gradients to weights, in a graph: accumulation over steps, clipping of their mean, weight decay and the optimizer's
 * rule, and the moving average of the weights. What isn't asked for leaves no operation.
 */
export class Updates {
  /** What a step is fed, beside its batch: the rate of the rule, and with weight decay the share that decays. */
  readonly feeds: readonly Tensor[];
  readonly slots: readonly SlotVariable[];
  private readonly rule: Rule;
  private readonly weightDecay: number;
  private readonly weights: readonly Updated[];

  constructor(
    graph: Graph,
    private readonly settings: UpdateSettings,
    weights: readonly OptimizedWeight<Variable>[],
  ) {
    this.rule = ruleOf(settings);
    this.weightDecay = weightDecayOf(settings);
    const scalar = (name: string) => graph.placeholder('float32', [], name);
    this.feeds = [scalar('learning_rate'), ...(this.weightDecay > 0 ? [scalar('weight_decay')] : [])];
    const { accumulateSteps, emaMomentum } = settings;
    const beside = (slot: string, { name, shape }: Variable, initial?: number) =>
      graph.variable(`optimizer/${slot}/${name}`, 'float32', shape, { trainable: false, initial });
    this.weights = weights.map(({ variable, factor = 1 }) => ({
      variable,
      factor,
      slots: this.rule.slots.map(({ name, start }) => beside(name, variable, start)),
      accumulated: accumulateSteps > 1 ? beside(accumulatedSlot, variable, 0) : undefined,
      average: emaMomentum > 0 ? beside(averageSlot, variable) : undefined,
    }));
    const kept = (slot: string, of: (weight: Updated) => Variable | undefined): SlotVariable[] =>
      this.weights.flatMap((weight, index) => {
        const variable = of(weight);
        return variable ? [{ name: `${slot}/${weights[index]!.name}`, variable, saved: true }] : [];
      });
    this.slots = [
      ...this.weights.flatMap(({ slots }, index) =>
        slots.map((variable, place) => {
          const { name, scratch } = this.rule.slots[place]!;
          return { name: `${name}/${weights[index]!.name}`, variable, saved: scratch !== true };
        }),
      ),
      ...kept(accumulatedSlot, ({ accumulated }) => accumulated),
      ...kept(averageSlot, ({ average }) => average),
    ];
  }

  /** Values of `feeds` for the step after `steps` steps. */
  feedValues(learningRate: number, steps: number): number[] {
    const rate = effectiveRate(this.settings.optimizer, learningRate, updateNumber(this.settings, steps));
    return this.weightDecay > 0 ? [rate, learningRate * this.weightDecay] : [rate];
  }

  /** Whether some steps do no more than lay their gradients by. */
  get accumulates(): boolean {
    return this.settings.accumulateSteps > 1;
  }

  /** Whether the step after `steps` steps updates the weights. */
  isDue(steps: number): boolean {
    return isUpdateDue(this.settings, steps);
  }

  /** Where the moving average of a weight stands. */
  averageOf(weight: Variable): Variable | undefined {
    return this.weights.find(({ variable }) => variable === weight)?.average;
  }

  /** Lays gradients by, in the order of the weights, for a later update. */
  accumulate(gradients: readonly Tensor[]): Operation[] {
    return this.weights.map(({ accumulated }, index) => {
      const gradient = gradients[index]!;
      return gradient.graph.op('AssignAddVariableOp', [accumulated!.handle, gradient], { dtype: 'float32' });
    });
  }

  /** Updates the weights by gradients in their order. */
  apply(gradients: readonly Tensor[]): Operation[] {
    const [rateOf, decayOf] = this.feeds.map(multiples);
    const done: Operation[] = [];
    const means = this.weights.map(({ accumulated }, index) =>
      accumulated ? this.mean(accumulated, gradients[index]!, done) : gradients[index]!,
    );
    const clipped = clipGradients(means, this.settings);
    this.weights.forEach(({ variable, factor, slots, average }, index) => {
      const gradient = clipped[index]!;
      const { graph } = gradient;
      const rate = rateOf!(factor);
      // Weights decay first, as in Keras.
      const decayed = decayOf
        ? [ops.applyGradientDescent(variable, decayOf(factor), graph.read(variable))]
        : [];
      const applied = graph.after(decayed, () => this.rule.apply(variable, slots, rate, gradient));
      done.push(applied);
      if (average) done.push(this.follow(average, variable, applied));
    });
    return done;
  }

  /** Over all steps since the last update; the sum begins anew. */
  private mean(accumulated: Variable, gradient: Tensor, done: Operation[]): Tensor {
    const { graph } = gradient;
    const sum = ops.add(graph.read(accumulated), gradient);
    done.push(
      graph.op(
        'AssignVariableOp',
        [accumulated.handle, ops.zerosLike(sum)],
        { dtype: 'float32' },
        { control: [sum] },
      ),
    );
    return ops.multiply(sum, 1 / this.settings.accumulateSteps);
  }

  /** average -= (1 - momentum) × (average - weight), once the weight has changed. */
  private follow(average: Variable, weight: Variable, changed: Operation): Operation {
    const { graph } = average.handle;
    const away = ops.subtract(graph.read(average), graph.read(weight, [changed]));
    return ops.applyGradientDescent(average, 1 - this.settings.emaMomentum, away);
  }
}

/** Products of a scalar; each is made once. */
function multiples(scalar: Tensor): (factor: number) => Tensor {
  const made = new Map([[1, scalar]]);
  return (factor) => {
    const known = made.get(factor) ?? ops.multiply(scalar, factor);
    made.set(factor, known);
    return known;
  };
}
