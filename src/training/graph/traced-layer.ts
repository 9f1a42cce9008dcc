import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import type { Recorder } from '../../graph/tracer/record';
import { trace } from '../../graph/tracer/trace';
import { knownGradients, refusingCustomGradients } from './custom-gradients';
import { type LayerContext, unsupportedLayer } from './layers/emitter';
import { hasEmitter } from './layers/table';

/**
 * The operations of a layer that has no emitter, as its own `call` computes them in TF.js; layers that it applies and that have
 * emitters are written by these.
 * @throws DescentError `unsupported` when it computes something else from run to run, changes its weights, or takes what a graph
 *   doesn't know
 */
export function traceLayer(context: LayerContext): Tensor[] {
  try {
    return traced(context);
  } catch (error) {
    // Its own call may throw whatever it wants, with other batch sizes above all.
    throw unsupportedLayer(context.name, reasonOf(error));
  }
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replace(/^The function can't be traced: /, '')
    .replace(/^The layer "[^"]*" can't be compiled: /, '')
    .replace(/^The traced function/, 'it')
    .replace(/\.$/, '');
}

function traced(context: LayerContext): Tensor[] {
  const { layer, name, inputs } = context;
  if (layer.stateful) throw unsupportedLayer(name, 'it is stateful');
  for (const input of inputs)
    if (!input.shape || input.shape.slice(1).some((size) => size === null))
      throw unsupportedLayer(name, 'the shape of its input is not known');
  const [mask] = context.masks;
  if (mask && layer.supportsMasking && layer.computeMask !== tf.layers.Layer.prototype.computeMask)
    throw unsupportedLayer(name, 'it makes a mask of its own from the mask that it gets');
  const given = mask ? [...inputs, mask] : [...inputs];
  const weights = layer.weights.map(
    (weight) => [weight.read(), context.weight(weight.originalName)] as const,
  );
  knownGradients();
  const shapes: number[][][] = [];
  let listens = false;
  const outputs = keepingWeights(layer, () =>
    trace(inputs[0]!.graph, {
      inputs: given,
      weights,
      captures: true,
      example: (batch) => given.map((input) => exampleOf(input, batch)),
      run: (tensors, recorder) => {
        const kwargs = {
          training: context.training,
          get mask() {
            listens = true;
            return mask && tensors.at(-1);
          },
        };
        const results = refusingCustomGradients(() =>
          withEmitters(context, recorder, () => layer.call(tensors.slice(0, inputs.length), kwargs)),
        );
        const list = [results].flat();
        shapes.push(list.map(({ shape }) => shape));
        return list;
      },
    }),
  );
  if (listens && !mask) context.needsMask();
  return outputs.map((output, index) => {
    const [first, ...others] = shapes.map((found) => found[index]!) as [number[], ...number[][]];
    const known = first.map((size, axis) =>
      axis > 0 && others.every((other) => other[axis] === size) ? size : null,
    );
    return ops.ensureShape(output, known);
  });
}

/** Values that tell operations apart, with a batch of that size. */
export function exampleOf({ shape, dtype }: Tensor, batch: number): tf.Tensor {
  const sizes = [batch, ...(shape!.slice(1) as number[])];
  if (dtype === 'bool') return tf.greater(tf.randomUniform(sizes), 0.3);
  if (dtype === 'int32') return tf.randomUniform(sizes, 0, 3, 'int32');
  return tf.randomNormal(sizes);
}

/** @throws DescentError `unsupported` when `body` changes a weight, which is set back */
function keepingWeights<Result>(layer: tf.layers.Layer, body: () => Result): Result {
  const before = layer.weights.map((weight) => weight.read().clone());
  try {
    const result = body();
    const changed = layer.weights.find((weight, index) => weight.read().dataId !== before[index]!.dataId);
    if (changed) throw unsupportedLayer(layer.name, `it changes "${changed.originalName}" as it computes`);
    return result;
  } finally {
    layer.weights.forEach((weight, index) => {
      if (weight.read().dataId !== before[index]!.dataId)
        (weight.read() as tf.Variable).assign(before[index]!);
    });
    tf.dispose(before);
  }
}

/** Runs `body` with the emitters of layers in the place of what they compute eagerly. */
function withEmitters<Result>(context: LayerContext, recorder: Recorder, body: () => Result): Result {
  const prototype = tf.layers.Layer.prototype;
  const { apply } = prototype;
  let within = false;
  prototype.apply = function (this: tf.layers.Layer, inputs, kwargs) {
    const tensors = [inputs].flat();
    if (within || !(tensors[0] instanceof tf.Tensor) || !hasEmitter(this))
      return apply.call(this, inputs, kwargs);
    within = true;
    try {
      const training = kwargs?.training === true;
      const found = recorder.call(
        this.name,
        tensors as tf.Tensor[],
        // In inference nothing is random and no average moves; the shapes are the same.
        () => [apply.call(this, inputs, { ...kwargs, training: false }) as tf.Tensor | tf.Tensor[]].flat(),
        (given) => context.emit(this, given, { training }),
      );
      return found.length === 1 ? found[0]! : found;
    } finally {
      within = false;
    }
  };
  try {
    return body();
  } finally {
    prototype.apply = apply;
  }
}
