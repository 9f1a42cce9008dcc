import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { gradients } from '../../../../src/graph/gradients/gradients';
import { Graph } from '../../../../src/graph/graph';
import * as ops from '../../../../src/graph/operations';
import { GraphSession } from '../../../../src/graph/session/session';
import { TensorValue } from '../../../../src/graph/tensor-value';
import { layerNumbers } from '../../../../src/model/layer-numbers';
import { prepareForTraining } from '../../../../src/model/training-view';
import { namedVariables } from '../../../../src/model/weights';
import { dropoutMask, maskNumber } from '../../../../src/training/dropout-mask';
import { emitModel } from '../../../../src/training/graph/emit-model';
import { ModelVariables } from '../../../../src/training/graph/model-variables';
import { RandomMasks, randomCounter } from '../../../../src/training/graph/random-masks';

const seed = 11;
const step = 3;

/** Numbers that look random, and are the same every time. */
export function numbersOf(count: number, scale = 1, shift = 0): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => {
    const x = Math.sin((index + 1) * 12.9898) * 43758.5453;
    return (x - Math.floor(x) - 0.5) * 2 * scale + shift;
  });
}

export interface LayerCase {
  /** Inputs of the model; default: numbers around 0. */
  inputs?: tf.Tensor[];
  /** Default 4. */
  batch?: number;
  training?: boolean;
  tolerance?: number;
  /** Whether the gradient by the first input is compared; default: when it is of numbers. */
  byInput?: boolean;
}

function inputsOf(model: tf.LayersModel, batch: number): tf.Tensor[] {
  return model.inputs.map((input) => {
    const shape = [batch, ...(input.shape.slice(1) as number[])];
    const values = numbersOf(tf.util.sizeFromShape(shape));
    return input.dtype === 'int32'
      ? tf.tensor(
          values.map((value) => Math.floor((value + 1) * 3)),
          shape,
          'int32',
        )
      : tf.tensor(values, shape);
  });
}

/** Random masks that eager and graph share. */
function shareRandomNumbers(model: tf.LayersModel): void {
  prepareForTraining(model, (key, shape, rate) =>
    tf.tensor(dropoutMask(seed, step, maskNumber(key), shape, rate), shape),
  );
}

/**
 * Holds the operations of a model to TF.js' eager ones: outputs, and the gradients of a weighted sum of them by every trained
 * weight and by the input; for a batch of a size that the graph doesn't know, too.
 */
export async function expectLayersEqualEager(model: tf.LayersModel, given: LayerCase = {}): Promise<void> {
  const { training = true, tolerance = 2e-5, batch = 4 } = given;
  const inputs = given.inputs ?? inputsOf(model, batch);
  const byInput = given.byInput ?? inputs[0]!.dtype === 'float32';
  model.weights.forEach((weight, index) => {
    // Biases begin at 0, where mistakes don't show.
    const values = numbersOf(weight.read().size + index, 0.4).slice(index);
    const isVariance = /moving_variance$/.test(weight.originalName);
    const shifted = isVariance ? values.map((value) => value + 1) : values;
    if (weight.dtype === 'float32') weight.write(tf.tensor(shifted, weight.shape as number[]));
  });
  const named = namedVariables(model);
  const trained = named.filter(({ trainable }) => trainable);
  const before = named.map(({ variable }) => variable.dataSync().slice());
  const graph = new Graph();
  const variables = new ModelVariables(graph, model);
  const masks = new RandomMasks(graph, seed);
  const numbers = layerNumbers(model);
  const fed = model.inputs.map((input, index) =>
    graph.placeholder(
      input.dtype === 'int32' ? 'int32' : 'float32',
      [null, ...(input.shape.slice(1) as number[])],
      `input${index}`,
    ),
  );
  const { outputs } = emitModel(model, {
    inputs: fed,
    training,
    variable: (layer, weight) => variables.of(layer, weight),
    dropoutMask: (layer, like, rate, use) =>
      masks.mask(like, { name: layer.name, number: maskNumber({ layer: numbers.get(layer)!, use }) }, rate),
  });
  shareRandomNumbers(model);

  const apply = (...given: tf.Tensor[]) =>
    [model.apply(given.length === 1 ? given[0]! : given, { training })].flat() as tf.Tensor[];
  const wanted = tf.tidy(() => apply(...inputs).map((output) => tf.keep(output)));
  named.forEach(({ variable }, index) => {
    variable.assign(tf.tensor(before[index]!, variable.shape));
  });
  expect(outputs.length).toBe(wanted.length);
  outputs.forEach((output, index) => {
    const known = output.shape?.every((size, axis) => size === null || size === wanted[index]!.shape[axis]);
    expect(known, `${output} for [${wanted[index]!.shape}]`).toBe(true);
  });
  const weighted = wanted.map((output, index) => numbersOf(output.size + index, 1, 0.3).slice(index));
  const loss = ops.addN(
    outputs.map((output, index) =>
      ops.sum(
        ops.multiply(output, graph.constant(weighted[index]!, 'float32', { shape: wanted[index]!.shape })),
      ),
    ),
  );
  const eagerLoss = (...given: tf.Tensor[]) =>
    tf.addN(
      apply(...given).map((output, index) =>
        tf.sum(tf.mul(output, tf.tensor(weighted[index]!, output.shape))),
      ),
    ) as tf.Scalar;
  const found = gradients(loss, [
    ...trained.map(({ variable }) => variables.all.find(({ eager }) => eager === variable)!.variable),
    ...(byInput ? [fed[0]!] : []),
  ]);
  const session = await GraphSession.load(graph);
  session.setVariables(variables.all.map(({ variable, eager }) => [variable, eager]));
  const fetches = {
    ...Object.fromEntries(outputs.map((output, index) => [`output${index}`, output])),
    ...Object.fromEntries(
      found.flatMap((gradient, index) => (gradient ? [[`gradient${index}`, gradient]] : [])),
    ),
  };
  const results = session.run(fetches, [
    ...fed.map((placeholder, index) => {
      const { dtype, shape } = inputs[index]!;
      const data = inputs[index]!.dataSync() as Float32Array;
      return [placeholder, new TensorValue(dtype as 'float32', shape, data)] as const;
    }),
    ...(masks.used ? [[masks.step, randomCounter(step)] as const] : []),
  ]);
  const close = (label: string, values: readonly number[], others: ArrayLike<number>) => {
    expect(values.length, label).toBe(others.length);
    const scale = Math.max(1, ...Array.from(others, Math.abs));
    const error = Math.max(0, ...values.map((value, index) => Math.abs(value - others[index]!) / scale));
    expect(error, `${label}: ${values.slice(0, 4)} for ${Array.from(others).slice(0, 4)}`).toBeLessThan(
      tolerance,
    );
  };
  wanted.forEach((output, index) => {
    expect(results[`output${index}`]!.shape).toEqual(output.shape);
    close(`output ${index}`, results[`output${index}`]!.numbers(), output.dataSync());
  });
  const eager =
    trained.length > 0
      ? tf.variableGrads(
          () => eagerLoss(...inputs),
          trained.map(({ variable }) => variable),
        ).grads
      : {};
  trained.forEach(({ name, variable }, index) => {
    const gradient = results[`gradient${index}`];
    expect(gradient, `the gradient of ${name}`).toBeDefined();
    close(`the gradient of ${name}`, gradient!.numbers(), eager[variable.name]!.dataSync());
  });
  if (byInput) {
    const [first, ...others] = inputs;
    const ofInput = tf.grad((x: tf.Tensor) => eagerLoss(x, ...others))(first!);
    close('the gradient of the input', results[`gradient${trained.length}`]!.numbers(), ofInput.dataSync());
  }
  session.dispose();
}
