import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import { dtypeNumbers } from '../dtype';
import { encodeSavedModel, servingTag } from '../encoding/saved-model';
import type { Graph } from '../graph';
import type { Operation, Tensor } from '../operation';
import { type NumericArray, TensorValue } from '../tensor-value';
import type { Variable } from '../variable';
import { type FeedValue, toFeedValue } from './feed-value';
import { createNativeTensor, fetchableTypes, type NativeBackend, nativeBackend } from './native-binding';
import { translateError } from './translate-error';

export type Feeds = Iterable<readonly [Tensor, FeedValue | tf.Tensor]>;
export type Fetched<F extends Readonly<Record<string, Tensor>>> = { [K in keyof F]: TensorValue };

/** Fetches and feeds whose names were put together once. */
export interface PreparedCall<F extends Readonly<Record<string, Tensor>>> {
  /** Values in the order of the prepared feeds. */
  run(...values: readonly (FeedValue | tf.Tensor)[]): Fetched<F>;
}

const temporaryPrefix = 'descent-graph-';
const savedModelFileName = 'saved_model.pb';

/**
 * A graph loaded into a TensorFlow session: its variables live here. Calls block until TensorFlow is done. What is added
 * to the graph later isn't seen.
 */
export class GraphSession {
  private disposed = false;

  private constructor(
    readonly graph: Graph,
    private readonly backend: NativeBackend,
    private readonly id: number,
    private readonly loaded: ReadonlySet<Operation>,
    private readonly initialized: Tensor | undefined,
  ) {}

  /**
   * Loads the graph into the native back end (which has to be tfjs' back end of now).
   * @throws DescentError `unsupported` without the native back end; `internal` with TensorFlow's reason and the name of
   *   the operation when it refuses the graph
   */
  static async load(graph: Graph): Promise<GraphSession> {
    const backend = nativeBackend();
    const groups = initializerGroups(graph);
    const directory = await mkdtemp(join(tmpdir(), temporaryPrefix));
    try {
      await writeFile(join(directory, savedModelFileName), encodeSavedModel(graph));
      return GraphSession.open(graph, backend, directory, groups);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  /** As `load`, where nobody can wait: in the middle of a computation of TF.js. */
  static loadNow(graph: Graph): GraphSession {
    const backend = nativeBackend();
    const groups = initializerGroups(graph);
    const directory = mkdtempSync(join(tmpdir(), temporaryPrefix));
    try {
      writeFileSync(join(directory, savedModelFileName), encodeSavedModel(graph));
      return GraphSession.open(graph, backend, directory, groups);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  private static open(
    graph: Graph,
    backend: NativeBackend,
    directory: string,
    groups: InitializerGroups,
  ): GraphSession {
    let id: number;
    try {
      id = backend.loadSavedModelMetaGraph(directory, servingTag);
    } catch (error) {
      throw translateError(error, graph, 'TensorFlow refuses the graph');
    }
    const session = new GraphSession(graph, backend, id, new Set(graph.operations), groups.whenAsked);
    try {
      if (groups.whenLoaded) session.run({ done: groups.whenLoaded });
      return session;
    } catch (error) {
      session.dispose();
      throw error;
    }
  }

  /**
   * Runs what the fetches need and gives their values.
   * @throws EndOfSequenceError when an iterator is exhausted; DescentError `wrong-use` for feeds that don't fit,
   *   `internal` with the name of the operation that failed
   */
  run<const F extends Readonly<Record<string, Tensor>>>(fetches: F, feeds: Feeds = []): Fetched<F> {
    const pairs = [...feeds];
    return this.prepare(
      fetches,
      pairs.map(([tensor]) => tensor),
    ).run(...pairs.map(([, value]) => value));
  }

  /** The value of one tensor. */
  fetch(tensor: Tensor, feeds: Feeds = []): TensorValue {
    return this.run({ tensor }, feeds).tensor;
  }

  /** For calls that are made again and again. */
  prepare<const F extends Readonly<Record<string, Tensor>>>(
    fetches: F,
    feeds: readonly Tensor[] = [],
  ): PreparedCall<F> {
    const keys = Object.keys(fetches) as (keyof F)[];
    const tensors = keys.map((key) => fetches[key]!);
    for (const tensor of [...tensors, ...feeds]) this.check(tensor);
    for (const tensor of tensors)
      if (!fetchableTypes.has(tensor.dtype))
        throw new DescentError('wrong-use', `${tensor.name} is ${tensor.dtype}, which can't be fetched.`, {
          subject: tensor.name,
          remedy: 'Cast it in the graph (uint8 to int32, float64 to float32).',
        });
    const inputNames = feeds.map((tensor) => tensor.name).join(',');
    const outputNames = tensors.map((tensor) => tensor.name).join(',');
    return {
      run: (...values) => {
        if (values.length !== feeds.length)
          throw new DescentError(
            'wrong-use',
            `${feeds.length} values are to be fed, but ${values.length} were given.`,
          );
        const results = this.execute(feeds, values, inputNames, outputNames, tensors);
        const named = {} as Fetched<F>;
        keys.forEach((key, index) => {
          named[key] = results[index]!;
        });
        return named;
      },
    };
  }

  /** Gives all variables that were created with a value that value. */
  initialize(): void {
    if (this.initialized) this.run({ done: this.initialized });
  }

  /** Sets variables; those of a small model in one call. */
  setVariables(values: Iterable<readonly [Variable, FeedValue | tf.Tensor]>): void {
    for (const pairs of inParts(values, ([variable]) => variable))
      this.run(
        Object.fromEntries(pairs.map(([variable], index) => [String(index), variable.assigned])),
        pairs.map(([variable, value]) => [variable.feed, value] as const),
      );
  }

  /** The values of variables, in their order; those of a small model are read in one call. */
  readVariables(variables: readonly Variable[]): TensorValue[] {
    return [...inParts(variables, (variable) => variable)].flatMap((part) => {
      const fetches = Object.fromEntries(part.map((variable, index) => [`v${index}`, variable.value]));
      const values = this.run(fetches);
      return part.map((_, index) => values[`v${index}`]!);
    });
  }

  /** Releases the session with its variables. A second call does nothing. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.backend.deleteSavedModel(this.id);
  }

  private execute(
    feeds: readonly Tensor[],
    values: readonly (FeedValue | tf.Tensor)[],
    inputNames: string,
    outputNames: string,
    fetched: readonly Tensor[],
  ): TensorValue[] {
    if (this.disposed) throw new DescentError('wrong-use', 'The session was disposed of.');
    const { binding } = this.backend;
    const inputs: number[] = [];
    const outputs: number[] = [];
    try {
      feeds.forEach((tensor, index) => {
        const value = values[index]!;
        const plain = value instanceof tf.Tensor ? fromEager(value) : value;
        inputs.push(createNativeTensor(binding, toFeedValue(tensor, plain)));
      });
      let results: ReturnType<typeof binding.runSavedModel>;
      try {
        results = binding.runSavedModel(this.id, inputs, inputNames, outputNames);
      } catch (error) {
        throw translateError(error, this.graph, 'TensorFlow failed');
      }
      for (const { id } of results) outputs.push(id);
      return results.map(({ id, shape, dtype }, index) => {
        const tensor = fetched[index]!;
        if (dtype !== dtypeNumbers[tensor.dtype])
          throw new DescentError(
            'internal',
            `${tensor.name} came back as type ${dtype}, not ${tensor.dtype}.`,
          );
        return fromNative(tensor, shape, binding.tensorDataSync(id));
      });
    } finally {
      for (const id of inputs) binding.deleteTensor(id);
      for (const id of outputs) binding.deleteTensor(id);
    }
  }

  private check(tensor: Tensor): void {
    if (this.loaded.has(tensor.operation)) return;
    const remedy = 'Build the whole graph before the session loads it.';
    throw new DescentError(
      'wrong-use',
      tensor.graph === this.graph
        ? `${tensor.name} was added to the graph after the session had loaded it.`
        : `${tensor.name} lies in another graph or in a function.`,
      { subject: tensor.name, remedy },
    );
  }
}

/** A call copies its values: of a large model not all at once. Calls cost some milliseconds when they are new. */
const elementsAtOnce = 8 * 1024 * 1024;

function* inParts<Item>(items: Iterable<Item>, variableOf: (item: Item) => Variable): Iterable<Item[]> {
  let part: Item[] = [];
  let elements = 0;
  for (const item of items) {
    const size = variableOf(item).shape.reduce((product, length) => product * length, 1);
    if (part.length > 0 && elements + size > elementsAtOnce) {
      yield part;
      part = [];
      elements = 0;
    }
    part.push(item);
    elements += size;
  }
  if (part.length > 0) yield part;
}

interface InitializerGroups {
  /** Undefined where there is nothing to initialize. */
  whenAsked: Tensor | undefined;
  whenLoaded: Tensor | undefined;
}

function initializerGroups(graph: Graph): InitializerGroups {
  const group = (name: string, wanted: boolean) => {
    const initializers = graph.variables.flatMap(({ initializer, whenLoaded = false }) =>
      initializer && whenLoaded === wanted ? [initializer] : [],
    );
    return initializers.length > 0 ? graph.group(initializers, name) : undefined;
  };
  return {
    whenAsked: group('initialize_variables', false),
    whenLoaded: group('initialize_loaded_variables', true),
  };
}

function fromNative(
  tensor: Tensor,
  shape: readonly number[],
  data: NumericArray | Uint8Array[],
): TensorValue {
  if (tensor.dtype === 'complex64') {
    // Pairs of real and imaginary parts, as one more axis.
    return new TensorValue('float32', [...shape, 2], data);
  }
  return new TensorValue(tensor.dtype, shape, data);
}

function fromEager(tensor: tf.Tensor): TensorValue {
  const data = tensor.dataSync<'float32'>() as unknown;
  if (tensor.dtype === 'string') return TensorValue.of(data as string[], 'string', tensor.shape);
  return TensorValue.of(data as NumericArray, tensor.dtype as 'float32' | 'int32' | 'bool', tensor.shape);
}
