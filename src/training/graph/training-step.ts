import { gradients } from '../../graph/gradients/gradients';
import type { Graph } from '../../graph/graph';
import type { Operation, Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import { outline } from '../../graph/outline';
import type { Variable } from '../../graph/variable';
import type { LayerTimes, TimedLayers } from './layer-times';
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
  /** Seconds (float64) at which the inputs were there. */
  begin: Tensor;
  /** When the inputs were asked for (seconds, float64 []); absent: they are fed. */
  asked?: Tensor | undefined;
  judgement: Judgement;
  later: readonly LaterSubtraction[];
  /** The model's weights, fixed ones included. */
  variables: readonly ModelVariable[];
  trained: readonly ModelVariable[];
  regularized: readonly ModelVariable[];
  l1: number;
  l2: number;
  classWeights?: Float32Array | undefined;
  updates: Updates;
  /** Whether XLA compiles loss and gradients. */
  xla?: boolean | undefined;
  /** Times the layers, when their times are fetched; not for XLA, which makes one piece of them. */
  layerTimes?: LayerTimes | undefined;
}

/** Places in the vector that a step gives. */
export const stepColumns = ['loss', 'quality', 'wait', 'forward', 'backward', 'update'] as const;

export interface Reported {
  /** float32 [6], in the order of `stepColumns`; times in milliseconds. Fetching it takes the step. */
  report: Tensor;
  /** What its layers take, to be fetched with it. */
  layers?: TimedLayers;
}

export interface TrainingStep {
  updating: Reported;
  /** The same for a step that lays its gradients by for a later one; absent where none does. */
  accumulating?: Reported;
  /** In the order of the trained weights. */
  gradients: Tensor[];
}

/** The moment at which a batch is there, and the batch for a step that begins after it. */
export function begun(graph: Graph, inputs: Tensor): { begin: Tensor; inputs: Tensor } {
  const begin = timestamp(graph, [inputs]);
  return { begin, inputs: graph.op('Identity', [inputs], {}, { control: [begin] }).output };
}

/** Loss, gradients and updates on one batch. Nothing changes when the loss is not finite. */
export function emitTrainingStep(graph: Graph, parts: TrainingStepParts): TrainingStep {
  const { judgement, trained, layerTimes, begin } = parts;
  const loss = graph.scope('loss', () => withPenalty(weightedMean(graph, parts), parts));
  const quality = ops.mean(judgement.qualities);
  const forward = timestamp(graph, [loss]);
  const found = gradients(
    loss,
    trained.map(({ variable }) => variable),
    // Begins when the forward pass has been timed.
    {
      initial: graph.op('OnesLike', [loss], {}, { control: [forward] }).output,
      onDifferentiated: (operation, created) => layerTimes?.differentiated(operation, created),
    },
  ).map((gradient, index) => gradient ?? ops.zerosLike(trained[index]!.variable.value));
  layerTimes?.passes(
    loss,
    found.map((gradient, index) => ({ weight: trained[index]!.name, gradient })),
  );
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
  parts: TrainingStepParts,
  { loss, quality, found, deltas }: Computed,
  begin: Tensor,
  between?: Tensor,
): TrainingStep {
  const { asked, updates, later, layerTimes } = parts;
  const backward = timestamp(graph, [loss, ...found]);
  const forward = between ?? backward;
  const report = (name: string, change: () => readonly Operation[]): Reported => {
    const {
      taken,
      operations,
      times: updated,
    } = takenWhenFinite(graph, loss, () => {
      const operations = [
        ...change(),
        ...later.map(({ variable }, index) =>
          graph.op('AssignSubVariableOp', [variable.handle, deltas[index]!], { dtype: 'float32' }),
        ),
      ];
      return { operations, times: layerTimes?.stamp(operations) };
    });
    const update = timestamp(graph, [taken, backward]);
    const times = [
      [asked ?? begin, begin],
      [begin, forward],
      [forward, backward],
      [backward, update],
    ].map(([from, to]) => ops.cast(ops.multiply(ops.subtract(to!, from!), 1000), 'float32'));
    return {
      report: ops.stack([loss, quality, ...times], 0, name),
      ...(layerTimes && updated
        ? {
            layers: layerTimes.finish(begin, {
              operations,
              times: updated,
              variables: namedVariables(parts),
            }),
          }
        : {}),
    };
  };
  return {
    updating: report('report', () => updates.apply(found)),
    ...(updates.accumulates ? { accumulating: report('accumulation', () => updates.accumulate(found)) } : {}),
    gradients: found,
  };
}

/** Weights, and what the optimizer keeps for them: `<layer>/<weight>`. */
function namedVariables({ variables, updates }: TrainingStepParts): { name: string; variable: Variable }[] {
  const slots = updates.slots.map(({ name, variable }) => ({
    name: name.slice(name.indexOf('/') + 1),
    variable,
  }));
  return [...variables, ...slots];
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
export function whenFinite(graph: Graph, loss: Tensor, build: () => readonly Operation[]): Tensor {
  return takenWhenFinite(graph, loss, () => ({ operations: build(), times: undefined })).taken;
}

/** The same, with times of the operations: zeros when they haven't run. */
function takenWhenFinite(
  graph: Graph,
  loss: Tensor,
  build: () => { operations: readonly Operation[]; times: Tensor | undefined },
): { taken: Tensor; operations: readonly Operation[]; times: Tensor | undefined } {
  return graph.scope('update', () => {
    const branch = graph.op('Switch', [graph.constant(0, 'int32'), ops.finite(loss)]);
    const skipped = graph.op('Identity', [branch.out(0)]).output;
    const taking = graph.op('Identity', [branch.out(1)]);
    const { operations, times } = graph.after([taking], build);
    const taken = graph.group(operations, 'taken');
    const done = graph.op('Merge', [[taken, skipped]], {}, { name: 'done' }).output;
    if (!times) return { taken: done, operations, times };
    const none = graph.after([skipped], () => graph.constant(0, 'float64', { shape: [operations.length] }));
    const known = graph.op('Merge', [[times, none]], {}, { name: 'times' }).output;
    return { taken: done, operations, times: known };
  });
}
