import type * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import { gradients } from '../../graph/gradients/gradients';
import { Graph } from '../../graph/graph';
import type { Operation, Tensor } from '../../graph/operation';
import { outline } from '../../graph/outline';
import { layersWithin } from '../../model/layer-numbers';
import { maskNumber } from '../dropout-mask';
import { scopeName } from '../graph/emit-model';
import type { LaterSubtraction } from '../graph/layers/emitter';
import { RandomMasks } from '../graph/random-masks';
import { whenFinite } from '../graph/training-step';
import { Updates } from '../graph/updates';
import type { UpdateSettings } from '../update-settings';
import { LayerCalls } from './layer-calls';
import { StepRandom } from './step-random';
import { type StepWeight, StepWeights } from './step-weights';
import { type Batch, type LossFunction, type TracedLoss, traceLoss } from './trace-loss';

export interface StepSettings<B extends Batch> extends UpdateSettings {
  models: readonly tf.LayersModel[];
  lossFunction: LossFunction<B>;
  example: B;
  seed: number;
  variables: Readonly<Record<string, tf.Variable>>;
  unusedWeights: 'refuse' | 'leave';
  xla: boolean;
}

export interface WeightGradient {
  weight: StepWeight;
  gradient: Tensor;
}

/** What a step computes before it changes anything. */
interface Computed extends TracedLoss {
  /** Of the moving averages. */
  later: readonly LaterSubtraction[];
  gradients: readonly WeightGradient[];
}

export interface BuiltStep {
  graph: Graph;
  weights: StepWeights;
  updates: Updates;
  /** The batch, by name. */
  placeholders: ReadonlyMap<string, Tensor>;
  /** int64 scalar: `randomCounter(step)`. */
  randomStep: Tensor;
  evaluation: TracedLoss;
  computed: Computed;
  /** Fetching it takes the step. */
  taken: Tensor;
  /** The same for a step that lays its gradients by for a later one; absent where none does. */
  laidBy: Tensor | undefined;
}

/** The graph of a custom step. @throws DescentError `unsupported` or `wrong-use` when the loss can't be compiled */
export function buildStep<B extends Batch>(settings: StepSettings<B>): BuiltStep {
  const { models, example } = settings;
  const graph = new Graph();
  const weights = new StepWeights(graph, models, settings.variables);
  const masks = new RandomMasks(graph, settings.seed);
  const placeholders = new Map(
    Object.entries(example).map(([name, tensor]) => [name, placeholderOf(graph, name, tensor)]),
  );
  const numbers = new Map(models.flatMap(layersWithin).map((layer, number) => [layer, number]));
  const random = new StepRandom(settings.seed, masks.step);
  const traced = (training: boolean) =>
    graph.scope(training ? 'training' : 'evaluation', () => {
      // Each call has masks of its own.
      const calls = new LayerCalls(weights, (layer, call, like, share, use) => {
        const number = maskNumber({ layer: numbers.get(layer)!, use }) + 2 ** 24 * call;
        return masks.mask(like, { name: layer.name, number }, share);
      });
      const { lossFunction } = settings;
      const found = traceLoss({
        graph,
        weights,
        calls,
        random,
        training,
        example,
        placeholders,
        lossFunction,
      });
      return { ...found, later: calls.later };
    });
  const evaluation = traced(false);
  const training = traced(true);
  const used = usedGradients(training.loss, weights.trained, settings.unusedWeights);
  const plain = { ...training, gradients: used };
  const computed = settings.xla ? throughXla(graph, plain, [...placeholders.values()]) : plain;
  const updates = new Updates(
    graph,
    settings,
    used.map(({ weight }) => weight),
  );
  const found = computed.gradients.map(({ gradient }) => gradient);
  const after = (change: () => Operation[]) =>
    whenFinite(graph, computed.loss, () => [
      ...change(),
      ...computed.later.map(({ variable, delta }) =>
        graph.op('AssignSubVariableOp', [variable.handle, delta], { dtype: 'float32' }),
      ),
    ]);
  return {
    graph,
    weights,
    updates,
    placeholders,
    randomStep: masks.step,
    evaluation,
    computed,
    taken: after(() => updates.apply(found)),
    laidBy: updates.accumulates ? after(() => updates.accumulate(found)) : undefined,
  };
}

function placeholderOf(graph: Graph, name: string, tensor: tf.Tensor): Tensor {
  const { dtype, shape } = tensor;
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool')
    throw new DescentError('wrong-use', `"${name}" of the batch is ${dtype}; a step takes numbers.`, {
      subject: name,
    });
  return graph.placeholder(
    dtype,
    shape.map((size, axis) => (axis === 0 ? null : size)),
    `batch/${scopeName(name)}`,
  );
}

/** All layers of a model, those of nested models included. */
/** Gradients of the trained weights on which the loss depends. @throws DescentError `wrong-use` naming the others */
function usedGradients(
  loss: Tensor,
  trained: readonly StepWeight[],
  unused: 'refuse' | 'leave',
): WeightGradient[] {
  const found = gradients(
    loss,
    trained.map(({ variable }) => variable),
  );
  const missing = trained.filter((_, index) => !found[index]);
  if (missing.length > 0 && (unused === 'refuse' || missing.length === trained.length)) {
    const names = missing.map(({ name }) => `"${name}"`).join(', ');
    throw new DescentError(
      'wrong-use',
      `The loss does not depend on ${missing.length === 1 ? 'the weight' : 'the weights'} ${names}.`,
      {
        subject: missing[0]!.name,
        remedy: 'Set trainable = false on the layer, or leave such weights with { unusedWeights: "leave" }.',
      },
    );
  }
  return trained.flatMap((weight, index) => {
    const gradient = found[index];
    return gradient ? [{ weight, gradient }] : [];
  });
}

/** The same values from one function that XLA compiles, once for each size of batch. */
function throughXla(graph: Graph, plain: Computed, inputs: readonly Tensor[]): Computed {
  const others = Object.entries(plain.others);
  const values = [
    plain.loss,
    ...others.map(([, tensor]) => tensor),
    ...plain.gradients.map(({ gradient }) => gradient),
    ...plain.later.map(({ delta }) => delta),
  ];
  const compiled = outline(graph, 'compiled_step', values, {
    inputs,
    attributes: { _XlaMustCompile: true },
  });
  const next = compiled[Symbol.iterator]();
  const take = () => next.next().value as Tensor;
  return {
    loss: take(),
    others: Object.fromEntries(others.map(([name]) => [name, take()])),
    gradients: plain.gradients.map(({ weight }) => ({ weight, gradient: take() })),
    later: plain.later.map(({ variable }) => ({ variable, delta: take() })),
  };
}
