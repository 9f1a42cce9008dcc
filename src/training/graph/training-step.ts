import { gradients } from '../../graph/gradients/gradients';
import type { Graph } from '../../graph/graph';
import type { Operation, Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import { outline } from '../../graph/outline';
import type { LaterSubtraction } from './layers/emitter';
import type { Judgement } from './losses';
import { weightPenalty } from './losses';
import type { ModelVariable } from './model-variables';
import type { Updates } from './updates';

export interface TrainingStepParts {
  inputs: Tensor;
  answers: Tensor;
  /** One an example of the batch. */
  weights?: Tensor | undefined;
  judgement: Judgement;
  later: readonly LaterSubtraction[];
  trained: readonly ModelVariable[];
  regularized: readonly ModelVariable[];
  l1: number;
  l2: number;
  classWeights?: Float32Array | undefined;
  updates: Updates;
  /** Whether XLA compiles loss and gradients. */
  xla?: boolean | undefined;
}

/** Places in the vector that a step gives. */
export const stepColumns = ['loss', 'quality', 'forward', 'backward', 'update'] as const;

export interface TrainingStep {
  /** float32 [5], in the order of `stepColumns`; times in milliseconds. Fetching it takes the step. */
  report: Tensor;
  /** The same for a step that lays its gradients by for a later one; absent where none does. */
  accumulation?: Tensor;
  /** In the order of the trained weights. */
  gradients: Tensor[];
}

/** Loss, gradients and updates on one batch. Nothing changes when the loss is not finite. */
export function emitTrainingStep(graph: Graph, parts: TrainingStepParts): TrainingStep {
  const { judgement, trained } = parts;
  const begin = timestamp(graph, [parts.inputs]);
  const loss = graph.scope('loss', () => withPenalty(weightedMean(graph, parts), parts));
  const quality = ops.mean(judgement.qualities);
  const forward = timestamp(graph, [loss]);
  const found = gradients(
    loss,
    trained.map(({ variable }) => variable),
    // Begins when the forward pass has been timed.
    { initial: graph.op('OnesLike', [loss], {}, { control: [forward] }).output },
  ).map((gradient, index) => gradient ?? ops.zerosLike(trained[index]!.variable.value));
  const computed = { loss, quality, found, deltas: parts.later.map(({ delta }) => delta) };
  if (parts.xla) return finish(graph, parts, compiledByXla(graph, parts, computed, begin), begin);
  return finish(graph, parts, computed, begin, forward);
}

interface Computed {
  loss: Tensor;
  quality: Tensor;
  /** Gradients in the order of the trained weights. */
  found: Tensor[];
  /** What the moving averages lose. */
  deltas: Tensor[];
}

/** The same values from one function that XLA compiles, once for each size of batch. */
function compiledByXla(
  graph: Graph,
  { inputs, answers, weights }: TrainingStepParts,
  { loss, quality, found, deltas }: Computed,
  begin: Tensor,
): Computed {
  const [compiledLoss, compiledQuality, ...rest] = graph.after([begin], () =>
    outline(graph, 'compiled_step', [loss, quality, ...found, ...deltas], {
      inputs: [inputs, answers, ...(weights ? [weights] : [])],
      attributes: { _XlaMustCompile: true },
    }),
  );
  return {
    loss: compiledLoss!,
    quality: compiledQuality!,
    found: rest.slice(0, found.length),
    deltas: rest.slice(found.length),
  };
}

/** Updates and report. Without a time between, forward and backward pass are told as one. */
function finish(
  graph: Graph,
  { updates, later }: TrainingStepParts,
  { loss, quality, found, deltas }: Computed,
  begin: Tensor,
  between?: Tensor,
): TrainingStep {
  const backward = timestamp(graph, [loss, ...found]);
  const forward = between ?? backward;
  const report = (name: string, change: () => readonly Operation[]): Tensor => {
    const taken = whenFinite(graph, loss, () => [
      ...change(),
      ...later.map(({ variable }, index) =>
        graph.op('AssignSubVariableOp', [variable.handle, deltas[index]!], { dtype: 'float32' }),
      ),
    ]);
    const update = timestamp(graph, [taken, backward]);
    const times = [
      [begin, forward],
      [forward, backward],
      [backward, update],
    ].map(([from, to]) => ops.cast(ops.multiply(ops.subtract(to!, from!), 1000), 'float32'));
    return ops.stack([loss, quality, ...times], 0, name);
  };
  return {
    report: report('report', () => updates.apply(found)),
    ...(updates.accumulates ? { accumulation: report('accumulation', () => updates.accumulate(found)) } : {}),
    gradients: found,
  };
}

/** Weights of examples and classes multiply; the mean is over the number of examples, as Keras takes it. */
function weightedMean(graph: Graph, parts: TrainingStepParts): Tensor {
  const { judgement, answers, classWeights, weights } = parts;
  let { losses } = judgement;
  if (weights) losses = ops.multiply(losses, weights);
  if (classWeights) {
    const ofClasses = graph.constant(classWeights, 'float32', { shape: [classWeights.length] });
    losses = ops.multiply(losses, ops.gather(ofClasses, ops.cast(answers, 'int32')));
  }
  return ops.mean(losses);
}

function withPenalty(loss: Tensor, { regularized, l1, l2 }: TrainingStepParts): Tensor {
  const penalty = weightPenalty(
    regularized.map(({ variable }) => variable.value),
    { l1, l2 },
  );
  return penalty ? ops.add(loss, penalty) : loss;
}

/** Seconds (float64) when all of `after` have been computed. */
function timestamp(graph: Graph, after: readonly Tensor[]): Tensor {
  return graph.op('Timestamp', [], {}, { control: after }).output;
}

/**
 * A tensor that is there once the operations of `build` have run, which they do only when the loss is finite: a gradient of
 * a loss that is no number would destroy all weights, and with them the trace of the cause.
 */
export function whenFinite(
  graph: Graph,
  loss: Tensor,
  build: () => readonly Parameters<Graph['group']>[0][number][],
): Tensor {
  return graph.scope('update', () => {
    const branch = graph.op('Switch', [graph.constant(0, 'int32'), ops.finite(loss)]);
    const skipped = graph.op('Identity', [branch.out(0)]).output;
    const taking = graph.op('Identity', [branch.out(1)]);
    const operations = graph.after([taking], build);
    const taken = graph.group(operations, 'taken');
    return graph.op('Merge', [[taken, skipped]], {}, { name: 'done' }).output;
  });
}
