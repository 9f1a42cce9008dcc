import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import type { DType } from '../../../../src/graph/dtype';
import { gradients } from '../../../../src/graph/gradients/gradients';
import { Graph } from '../../../../src/graph/graph';
import type { Tensor } from '../../../../src/graph/operation';
import * as ops from '../../../../src/graph/operations';
import { GraphSession } from '../../../../src/graph/session/session';
import { compatible, sameShape } from '../../../../src/graph/shape';
import { TensorValue } from '../../../../src/graph/tensor-value';

export interface Input {
  shape: number[];
  dtype: 'float32' | 'int32' | 'bool';
  values: number[];
}

/** Numbers that look random and are the same every time, within the range. */
export function numbers(shape: number[], lower = -2, upper = 2, seed = 1): Input {
  const count = shape.reduce((product, size) => product * size, 1);
  const values = Array.from({ length: count }, (_, index) => {
    const x = Math.sin((index + 1) * 12.9898 + seed * 78.233) * 43758.5453;
    return Math.fround(lower + (upper - lower) * (x - Math.floor(x)));
  });
  return { shape, dtype: 'float32', values };
}

export function integers(shape: number[], values: number[]): Input {
  return { shape, dtype: 'int32', values };
}

export function flags(shape: number[], values: number[]): Input {
  return { shape, dtype: 'bool', values };
}

export interface Case {
  inputs: Input[];
  graph: (inputs: Tensor[], graph: Graph) => Tensor;
  eager: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** Indices of the inputs to differentiate by; none: forward alone. */
  by?: number[];
  /** Against eager's gradients (default), finite differences, or both. */
  against?: 'eager' | 'finite' | 'both';
  /** The first axis can't be unknown (a weight's shape). */
  fixed?: number[];
  tolerance?: number;
}

function relativeError(found: readonly number[], wanted: readonly number[]): number {
  const scale = Math.max(1, ...wanted.map(Math.abs));
  return Math.max(0, ...found.map((value, index) => Math.abs(value - wanted[index]!) / scale));
}

function expectClose(
  label: string,
  found: readonly number[],
  wanted: readonly number[],
  tolerance: number,
): void {
  expect(found.length, label).toBe(wanted.length);
  const error = relativeError(found, wanted);
  expect(error, `${label}: ${found.slice(0, 6)} for ${wanted.slice(0, 6)}`).toBeLessThanOrEqual(tolerance);
}

/** Runs a case in a session and in eager tfjs: value, static shape, gradients; with the batch axis known and unknown. */
export async function compare(test: Case): Promise<void> {
  for (const open of [false, true]) await compareOnce(test, open);
}

async function compareOnce(test: Case, open: boolean): Promise<void> {
  const { inputs, by = [], against = 'eager', tolerance = 1e-5 } = test;
  const graph = new Graph();
  const tensors = inputs.map(({ shape, dtype }, index) => {
    const unknown = open && shape.length > 0 && !test.fixed?.includes(index);
    return graph.placeholder(dtype as DType, unknown ? [null, ...shape.slice(1)] : shape, `input${index}`);
  });
  const result = test.graph(tensors, graph);
  const eagerInputs = inputs.map(({ values, shape, dtype }) => tf.tensor(values, shape, dtype));
  const eager = test.eager(...eagerInputs);
  const weights = numbers(eager.shape, 0.5, 1.5, 7);
  const loss =
    by.length === 0
      ? undefined
      : ops.sum(ops.multiply(result, graph.constant(weights.values, 'float32', { shape: eager.shape })));
  const found = loss
    ? gradients(
        loss,
        by.map((index) => tensors[index]!),
      )
    : [];
  const fetches: Record<string, Tensor> = { result };
  found.forEach((gradient, index) => {
    if (gradient) fetches[`g${index}`] = gradient;
  });
  if (loss) fetches.loss = loss;

  const session = await GraphSession.load(graph);
  const feeds = inputs.map(
    ({ values, shape, dtype }, index) => [tensors[index]!, TensorValue.of(values, dtype, shape)] as const,
  );
  const values = session.run(fetches, feeds);
  expect(values.result!.shape).toEqual(eager.shape);
  expect(compatible(result.shape, eager.shape), `${result} for [${eager.shape}]`).toBe(true);
  if (!open) expect(sameShape(result.shape, eager.shape), `${result} for [${eager.shape}]`).toBe(true);
  expectClose('value', values.result!.numbers(), [...(await eager.data())], tolerance);

  if (by.length > 0 && against !== 'finite') {
    const differentiated = tf.grads((...chosen: tf.Tensor[]) =>
      test.eager(
        ...eagerInputs.map((input, index) => (by.includes(index) ? chosen[by.indexOf(index)]! : input)),
      ),
    )(
      by.map((index) => eagerInputs[index]!),
      tf.tensor(weights.values, eager.shape),
    );
    for (const [index, gradient] of differentiated.entries())
      expectClose(
        `gradient by input ${by[index]}`,
        values[`g${index}`]!.numbers(),
        [...(await gradient.data())],
        tolerance * 5,
      );
  }
  if (by.length > 0 && against !== 'eager')
    by.forEach((input, index) => {
      const { values: at, shape } = inputs[input]!;
      const gradient = values[`g${index}`]!.numbers();
      const step = 1e-2;
      // Some elements stand for all.
      for (let place = 0; place < at.length; place += Math.ceil(at.length / 7)) {
        const shifted = (by: number) => {
          const moved = [...at];
          moved[place]! += by;
          return session
            .fetch(
              loss!,
              feeds.map((feed, which) =>
                which === input ? ([feed[0], TensorValue.of(moved, 'float32', shape)] as const) : feed,
              ),
            )
            .scalar();
        };
        const slope = (shifted(step) - shifted(-step)) / (2 * step);
        expect(
          Math.abs(slope - gradient[place]!),
          `slope ${slope} for ${gradient[place]} at ${place}`,
        ).toBeLessThan(0.02 * Math.max(1, Math.abs(slope)));
      }
    });
  session.dispose();
  tf.dispose([...eagerInputs, eager]);
}
