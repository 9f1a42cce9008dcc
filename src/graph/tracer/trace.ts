import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import type { OperationInput } from '../bind';
import { operationDefinition } from '../definitions/registry';
import type { DType } from '../dtype';
import type { Graph } from '../graph';
import type { Tensor } from '../operation';
import { element, shapeOf } from '../operations/array';
import { add, cast, divide, multiply } from '../operations/math';
import { TensorValue } from '../tensor-value';
import { type Recorder, type Recording, record, type Source } from './record';

export interface TraceOptions {
  /** The graph's tensors that stand for the function's arguments; the first axis of the first is the batch. */
  inputs: readonly Tensor[];
  /** Eager tensors that the function uses, and the graph's tensors (values of variables) that take their places. */
  weights: readonly (readonly [tf.Tensor, Tensor])[];
  /** Arguments for a batch of that size; the values differ from call to call. */
  example: (batch: number) => tf.Tensor[];
  /** Pure, and without random numbers: it is run four times, with batches of three sizes. */
  run: (inputs: tf.Tensor[], recorder: Recorder) => tf.Tensor | tf.Tensor[];
  /** Take other tensors that the function uses as constants, instead of refusing them. */
  captures?: boolean;
}

/** Operations that tfjs still uses, and those that have the same inputs and first outputs, and a gradient. */
const successors: Readonly<Record<string, string>> = { FusedBatchNorm: 'FusedBatchNormV3' };
/** The last one again: what differs then is no matter of the size. */
const batchSizes = [2, 3, 5, 5] as const;

/**
 * Records what an eager function computes as operations of a graph. Numbers that follow the batch size (in shapes, above all)
 * are computed from the graph's batch; all others have to be the same in every run.
 * @throws DescentError `unsupported` when the function computes something else for other values: control flow over a tensor's
 *   values, random numbers, tensors that are neither arguments nor weights
 */
export function trace(graph: Graph, options: TraceOptions): Tensor[] {
  const recordings = batchSizes.map((batch) => {
    let recording: Recording | undefined;
    tf.tidy(() => {
      const inputs = options.example(batch);
      const weights = options.weights.map(([weight]) => weight);
      const { captures = false } = options;
      recording = record(inputs, weights, (recorder) => [options.run(inputs, recorder)].flat(), { captures });
    });
    return recording!;
  });
  return new Replay(graph, options, recordings).run();
}

/**
 * Inference of a tfjs layers model as operations of a graph; `weights` gives the tensor for a weight's name.
 * @throws DescentError `unsupported` as `trace` does
 */
export function traceModel(
  graph: Graph,
  model: tf.LayersModel,
  input: Tensor,
  weightOf: (weight: { name: string; tensor: tf.Tensor }) => Tensor,
): Tensor[] {
  const weights = model.weights.map((weight) => {
    const tensor = weight.read();
    return [tensor, weightOf({ name: weight.originalName, tensor })] as const;
  });
  const shape = model.inputs[0]!.shape.slice(1);
  if (model.inputs.length !== 1 || shape.some((size) => size === null))
    throw new DescentError(
      'unsupported',
      `The model ${model.name} can't be traced: it needs one input of a known shape.`,
      {
        subject: model.name,
      },
    );
  return trace(graph, {
    inputs: [input],
    weights,
    example: (batch) => {
      const sizes = [batch, ...(shape as number[])];
      const values = tf.randomUniform(sizes, 0, 1);
      return [input.dtype === 'int32' ? tf.cast(tf.mul(values, 2), 'int32') : values];
    },
    run: ([value]) => model.apply(value!, { training: false }) as tf.Tensor | tf.Tensor[],
  });
}

class Replay {
  private readonly results: Tensor[][] = [];
  private batch: Tensor | undefined;

  constructor(
    private readonly graph: Graph,
    private readonly options: TraceOptions,
    private readonly recordings: readonly Recording[],
  ) {}

  run(): Tensor[] {
    const [recording, ...others] = this.recordings as [Recording, ...Recording[]];
    if (others.some((other) => other.steps.length !== recording.steps.length))
      throw unstable('it computes another number of operations');
    recording.steps.forEach((step, index) => {
      const same = others.map((other) => other.steps[index]!);
      for (const other of same)
        if (other.type !== step.type || JSON.stringify(other.attributes) !== JSON.stringify(step.attributes))
          throw unstable(
            `operation ${index} is ${step.type} once and ${other.type} with other attributes another time`,
          );
      const inputs = step.inputs.map((source, place) =>
        this.tensor([source, ...same.map((other) => other.inputs[place]!)]),
      );
      if (step.emit) {
        this.results.push([...step.emit(inputs)]);
        return;
      }
      const type = successors[step.type] ?? step.type;
      this.results.push([...this.graph.op(type, grouped(type, inputs), step.attributes).outputs]);
    });
    return recording.outputs.map((source, index) =>
      this.tensor([source, ...others.map((other) => other.outputs[index]!)]),
    );
  }

  private tensor(sources: readonly Source[]): Tensor {
    const [source, ...others] = sources as [Source, ...Source[]];
    if (others.some((other) => other.kind !== source.kind))
      throw unstable('an operation takes its input from elsewhere');
    switch (source.kind) {
      case 'input':
        return this.options.inputs[source.index]!;
      case 'weight':
        return this.options.weights[source.index]![1];
      case 'result': {
        if (
          others.some(
            (other) =>
              other.kind === 'result' && (other.step !== source.step || other.output !== source.output),
          )
        )
          throw unstable('an operation takes its input from elsewhere');
        return this.results[source.step]![source.output]!;
      }
      case 'constant':
        return this.constant(sources.map((item) => (item as Extract<Source, { kind: 'constant' }>).value));
    }
  }

  private constant(values: readonly TensorValue[]): Tensor {
    const [value, second, third, again] = values as [TensorValue, TensorValue, TensorValue, TensorValue];
    if (!equalValues(third, again))
      throw unstable(
        'a constant changes from run to run with batches of one size: a random number (Math.random, tf.randomNormal, dropout), or a value read from a tensor',
      );
    const shapes = new Set(values.map((item) => item.shape.join()));
    if (shapes.size > 1) return this.filled(values);
    if (value.dtype === 'string') return this.graph.constant(value);
    const [one, two, three] = [value.numbers(), second.numbers(), third.numbers()];
    if (one.every((number, index) => same(number, two[index]!) && same(number, three[index]!)))
      return this.graph.constant(value);
    if (value.shape.length > 1) throw unstable('a matrix of constants changes from run to run');
    // number = slope * batch + offset
    const elements = one.map((number, index) => {
      const inverse = number * batchSizes[0];
      if (
        value.dtype === 'float32' &&
        number !== two[index] &&
        nearly(two[index]! * batchSizes[1], inverse) &&
        nearly(three[index]! * batchSizes[2], inverse)
      )
        return divide(inverse, cast(this.batchSize(), 'float32'));
      const slope = (two[index]! - number) / (batchSizes[1] - batchSizes[0]);
      const offset = number - slope * batchSizes[0];
      const expected = slope * batchSizes[2] + offset;
      const exact = value.dtype !== 'float32' ? expected === three[index] : nearly(expected, three[index]!);
      if (!exact || (value.dtype !== 'float32' && !Number.isInteger(slope)))
        throw unstable(
          `a constant changes from run to run with the batch size n, and is neither a × n + b nor a / n (${[number, two[index], three[index]].join(', ')} for n = 2, 3, 5)`,
        );
      if (slope === 0) return this.graph.constant(TensorValue.of(number, value.dtype));
      const typed = cast(this.batchSize(), value.dtype);
      const scaled = slope === 1 ? typed : multiply(typed, slope);
      return offset === 0 ? scaled : add(scaled, offset);
    });
    return value.shape.length === 0 ? elements[0]! : this.graph.op('Pack', [elements]).output;
  }

  /** tf.eye of the batch size. */
  private identity(dtype: DType): Tensor {
    const size = this.batchSize();
    const rows = this.graph.op('Range', [0, size, 1]).output;
    return this.graph.op('OneHot', [rows, size, TensorValue.of(1, dtype), TensorValue.of(0, dtype)]).output;
  }

  private batchSize(): Tensor {
    this.batch ??= element(shapeOf(this.options.inputs[0]!), 0);
    return this.batch;
  }

  /** One number in a shape that follows the batch size (the first state of a recurrent layer). */
  private filled(values: readonly TensorValue[]): Tensor {
    if (values.every(isIdentity)) return this.identity(values[0]!.dtype);
    const numbers = new Set(values.flatMap((value) => value.numbers()));
    const ranks = new Set(values.map((value) => value.shape.length));
    if (numbers.size > 1 || ranks.size > 1)
      throw unstable('a constant has another shape for another batch size');
    const shape = this.constant(values.map((value) => TensorValue.of([...value.shape], 'int32')));
    const [number] = [...numbers] as [number];
    return this.graph.op('Fill', [shape, TensorValue.of(number, values[0]!.dtype)]).output;
  }
}

function same(a: number, b: number): boolean {
  return Object.is(a, b) || a === b;
}

/** A matrix with ones along its diagonal, as large as the batch. */
function isIdentity(value: TensorValue, run: number): boolean {
  const size = batchSizes[run]!;
  if (value.dtype === 'string' || value.shape.join() !== [size, size].join()) return false;
  return value.numbers().every((number, index) => number === (index % (size + 1) === 0 ? 1 : 0));
}

function nearly(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-6 * Math.abs(a);
}

function equalValues(one: TensorValue, other: TensorValue): boolean {
  if (one.shape.join() !== other.shape.join()) return false;
  if (one.dtype === 'string') return true;
  const [numbers, others] = [one.numbers(), other.numbers()];
  return numbers.every((number, index) => same(number, others[index]!));
}

/** The flat list of inputs as the definition's arguments; at most one of them may be a list. */
function grouped(type: string, inputs: readonly Tensor[]): OperationInput[] {
  const { inputs: parameters } = operationDefinition(type);
  const isList = parameters.map((argument) =>
    Boolean(argument.numberAttribute ?? argument.typeListAttribute),
  );
  const length = inputs.length - isList.filter((list) => !list).length;
  let place = 0;
  return isList.map((list) => {
    if (!list) return inputs[place++]!;
    place += length;
    return inputs.slice(place - length, place);
  });
}

function unstable(what: string): DescentError {
  return new DescentError('unsupported', `The function can't be traced: ${what}.`, {
    remedy: 'Run it eagerly, or build its graph by hand.',
  });
}
