import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import type { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import { trace } from '../../graph/tracer/trace';
import { knownGradients, refusingCustomGradients } from '../graph/custom-gradients';
import type { LayerCalls } from './layer-calls';
import type { StepRandom } from './step-random';
import type { StepWeights } from './step-weights';

/** The tensors of one batch by name. The first axis of each is the batch; scalars are fed as they are. */
export type Batch = Readonly<Record<string, tf.Tensor>>;

export interface StepContext {
  /** Whether a training step is traced, or `evaluate`. */
  readonly training: boolean;
  /** Numbers in [0, 1) of the shape of `like`; others in each step, the same when the step is repeated. */
  randomUniform(like: tf.Tensor): tf.Tensor;
  /** Normally distributed numbers: mean 0, variance 1. */
  randomNormal(like: tf.Tensor): tf.Tensor;
}

/** A loss, and whatever else is to be given back by name. */
export type LossAndOthers = { readonly loss: tf.Tensor } & Readonly<Record<string, tf.Tensor>>;
export type LossFunction<B extends Batch> = (batch: B, context: StepContext) => tf.Tensor | LossAndOthers;

export interface TracedLoss {
  loss: Tensor;
  others: Record<string, Tensor>;
}

export interface LossTracing<B extends Batch> {
  graph: Graph;
  weights: StepWeights;
  calls: LayerCalls;
  random: StepRandom;
  training: boolean;
  /** Real rows, from which smaller and larger batches are put together. */
  example: B;
  /** The graph's tensors in the place of the batch's. */
  placeholders: ReadonlyMap<string, Tensor>;
  lossFunction: LossFunction<B>;
}

/**
 * The loss and the other results of a function as operations of the graph.
 * @throws DescentError `unsupported` for what can't be traced, `wrong-use` for a loss that is no scalar
 */
export function traceLoss<B extends Batch>(tracing: LossTracing<B>): TracedLoss {
  const { graph, weights, calls, random, training, example, placeholders, lossFunction } = tracing;
  // The batch's size is taken from the first.
  const names = [...placeholders.keys()].sort(
    (one, other) => Number(example[other]!.rank > 0) - Number(example[one]!.rank > 0),
  );
  knownGradients();
  let found: string[] = [];
  let turn = 0;
  const results = trace(graph, {
    inputs: names.map((name) => placeholders.get(name)!),
    weights: weights.replacements,
    captures: true,
    example: (size) => {
      turn++;
      return names.map((name) => someRows(example[name]!, size, turn));
    },
    run: (tensors, recorder) => {
      const batch = Object.fromEntries(names.map((name, index) => [name, tensors[index]!])) as unknown as B;
      const context: StepContext = { training, ...random.during(recorder) };
      const result = refusingCustomGradients(() =>
        calls.during(recorder, () => lossFunction(batch, context)),
      );
      const { loss, ...others } = asLossAndOthers(result);
      requireScalar(loss);
      found = Object.keys(others);
      return [loss, ...found.map((name) => others[name]!)];
    },
  });
  const [loss, ...rest] = results;
  return { loss: loss!, others: Object.fromEntries(found.map((name, index) => [name, rest[index]!])) };
}

function asLossAndOthers(result: tf.Tensor | LossAndOthers): LossAndOthers {
  if (result instanceof tf.Tensor) return { loss: result };
  if (result instanceof Promise)
    throw new DescentError('wrong-use', 'The loss function is asynchronous: what it awaits is not traced.', {
      remedy: 'Compute with tensors alone, and give back the loss itself.',
    });
  const [name] = Object.entries(result ?? {}).find(([, value]) => !(value instanceof tf.Tensor)) ?? [];
  if (!result?.loss || name !== undefined)
    throw new DescentError(
      'wrong-use',
      name === undefined
        ? 'The loss function gives back no loss.'
        : `"${name}" of what the loss function gives back is not a tensor.`,
      { remedy: 'Give back a scalar tensor, or { loss, ...others } of tensors.' },
    );
  return result;
}

function requireScalar(loss: tf.Tensor): void {
  if (loss.rank === 0 && loss.dtype === 'float32') return;
  throw new DescentError(
    'wrong-use',
    `The loss is to be one number (float32), but is ${loss.dtype} of shape [${loss.shape}].`,
    { remedy: 'Reduce it with tf.mean or tf.sum.' },
  );
}

/** `size` rows of a batch, others in each turn. */
function someRows(tensor: tf.Tensor, size: number, turn: number): tf.Tensor {
  if (tensor.rank === 0) return tensor.clone();
  const rows = tensor.shape[0]!;
  const chosen = Array.from({ length: size }, (_, place) => (turn * 31 + place * (2 * turn + 1)) % rows);
  return tf.gather(tensor, tf.tensor1d(chosen, 'int32'));
}
