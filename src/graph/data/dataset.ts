import { DescentError } from '../../contract/errors';
import type { TensorLike } from '../bind';
import type { DType } from '../dtype';
import type { FunctionArgument, Graph } from '../graph';
import type { Operation, Tensor } from '../operation';
import type { Shape } from '../shape';

/** One component of a data set's elements. */
export interface ElementSpecification {
  dtype: DType;
  shape: Shape;
}

/** tensorflow.data.Options with autotune_options.enabled = false (tensorflow/core/framework/dataset_options.proto). */
const withoutAutotuning = Uint8Array.of(0x3a, 2, 8, 0);

/** Lets tf.data choose while it runs. */
export const autotune = -1;

export interface MapOptions {
  /** Elements at once; default: chosen by tf.data. */
  parallelCalls?: number;
  /** Whether elements keep their order; default true. */
  deterministic?: boolean;
  /** Tensors from outside, as further arguments of the function. */
  captured?: readonly Tensor[];
  name?: string;
}

/** A tf.data pipeline of the graph; every method gives a new one. */
export class Dataset {
  constructor(
    readonly variant: Tensor,
    readonly elements: readonly ElementSpecification[],
  ) {}

  /** Rows of tensors of equal length. */
  static fromTensorSlices(given: readonly Tensor[], name?: string): Dataset {
    const tensors = given.map(outliving);
    const elements = tensors.map(({ dtype, shape }) => ({
      dtype,
      shape: shape === null ? null : shape.slice(1),
    }));
    const { graph } = first(tensors);
    const attributes = { output_shapes: elements.map(({ shape }) => shape) };
    return new Dataset(graph.op('TensorSliceDataset', [tensors], attributes, { name }).output, elements);
  }

  /** int64: start, start + step, ... below stop. */
  static range(graph: Graph, start: TensorLike, stop: TensorLike, step: TensorLike = 1): Dataset {
    const elements: ElementSpecification[] = [{ dtype: 'int64', shape: [] }];
    return new Dataset(graph.op('RangeDataset', [start, stop, step], outputs(elements)).output, elements);
  }

  static zip(datasets: readonly Dataset[]): Dataset {
    const elements = datasets.flatMap((dataset) => dataset.elements);
    const variants = datasets.map((dataset) => dataset.variant);
    return new Dataset(
      first(variants).graph.op('ZipDataset', [variants], outputs(elements)).output,
      elements,
    );
  }

  /** Applies a function to every element. `build` gets the components, then the captured tensors. */
  map(build: (inputs: Tensor[], body: Graph) => readonly Tensor[], options: MapOptions = {}): Dataset {
    const { captured = [], deterministic = true, parallelCalls = autotune, name = 'map' } = options;
    const { graph } = this.variant;
    const mapped = graph.defineFunction(name, this.parameters(captured), build);
    const elements = mapped.outputs.map(({ dtype, shape }) => ({ dtype, shape }));
    const operation = graph.op(
      'ParallelMapDatasetV2',
      [this.variant, captured, BigInt(parallelCalls)],
      {
        f: mapped,
        deterministic: String(deterministic),
        preserve_cardinality: true,
        Targuments: captured.map((tensor) => tensor.dtype),
        ...outputs(elements),
      },
      { name },
    );
    return new Dataset(operation.output, elements);
  }

  /** Keeps the elements for which the function gives true. */
  filter(
    build: (inputs: Tensor[], body: Graph) => Tensor,
    options: Pick<MapOptions, 'captured' | 'name'> = {},
  ): Dataset {
    const { captured = [], name = 'filter' } = options;
    const { graph } = this.variant;
    const predicate = graph.defineFunction(name, this.parameters(captured), (inputs, body) => [
      build(inputs, body),
    ]);
    return this.derive('FilterDataset', [this.variant, captured], {
      predicate,
      Targuments: captured.map((tensor) => tensor.dtype),
    });
  }

  batch(size: TensorLike, options: { dropRemainder?: boolean; parallel?: boolean } = {}): Dataset {
    const { dropRemainder = false, parallel = false } = options;
    const length = dropRemainder && typeof size === 'number' ? size : null;
    const elements = this.elements.map(({ dtype, shape }) => ({
      dtype,
      shape: shape === null ? null : [length, ...shape],
    }));
    const attributes = outputs(elements);
    const operation = parallel
      ? this.variant.graph.op('ParallelBatchDataset', [this.variant, size, BigInt(autotune), dropRemainder], {
          ...attributes,
          deterministic: 'true',
        })
      : this.variant.graph.op('BatchDatasetV2', [this.variant, size, dropRemainder], {
          ...attributes,
          parallel_copy: true,
        });
    return new Dataset(operation.output, elements);
  }

  /** Batches ahead of the consumer; default: chosen by tf.data. */
  prefetch(count: number = autotune): Dataset {
    return this.derive('PrefetchDataset', [this.variant, BigInt(count)]);
  }

  /** For ever by default. */
  repeat(count: TensorLike = -1): Dataset {
    return this.derive('RepeatDataset', [this.variant, count]);
  }

  take(count: TensorLike): Dataset {
    return this.derive('TakeDataset', [this.variant, count]);
  }

  skip(count: TensorLike): Dataset {
    return this.derive('SkipDataset', [this.variant, count]);
  }

  concatenate(other: Dataset): Dataset {
    return this.derive('ConcatenateDataset', [this.variant, other.variant]);
  }

  /** Keeps the elements of the first pass in memory, or in files beginning with `path`. */
  cache(path: TensorLike = ''): Dataset {
    const memory = this.variant.graph.op('DummyMemoryCache', []).output;
    return this.derive('CacheDatasetV2', [this.variant, path, memory]);
  }

  /** Order by two seeds (int64), the same in every process. */
  shuffle(buffer: TensorLike, seeds: readonly [TensorLike, TensorLike], reshuffle = true): Dataset {
    const generator = this.variant.graph.op('DummySeedGenerator', []).output;
    return this.derive('ShuffleDatasetV3', [this.variant, buffer, ...seeds, generator], {
      reshuffle_each_iteration: reshuffle,
    });
  }

  /** Leaves out the elements whose computation failed. */
  ignoreErrors(options: { logWarning?: boolean } = {}): Dataset {
    return this.derive('IgnoreErrorsDataset', [this.variant], { log_warning: options.logWarning });
  }

  /**
   * Parallelism that stays as it is: `autotune` then means a call a thread, and no thread models the pipeline. That thread
   * can miss its cancellation (TensorFlow marks a cancellation as done only after it has told of it), and whoever replaces
   * the iterator waits out its period, which grows from 10 ms to a minute.
   */
  fixed(): Dataset {
    return this.derive('OptionsDataset', [this.variant], { serialized_options: withoutAutotuning });
  }

  /** An iterator over this data set, to be started by `start`. */
  iterator(name = 'iterator'): DatasetIterator {
    return new DatasetIterator(this.variant.graph, this.elements, this, name);
  }

  private parameters(captured: readonly Tensor[]): FunctionArgument[] {
    return [
      ...this.elements.map((element, index) => ({ name: `element_${index}`, ...element })),
      ...captured.map(({ dtype, shape }, index) => ({ name: `captured_${index}`, dtype, shape })),
    ];
  }

  private derive(
    type: string,
    inputs: readonly (TensorLike | readonly TensorLike[])[],
    attributes: Parameters<Graph['op']>[2] = {},
  ): Dataset {
    const operation = this.variant.graph.op(type, inputs, { ...attributes, ...outputs(this.elements) });
    return new Dataset(operation.output, this.elements);
  }
}

/** Draws elements of a data set, one a session call. */
export class DatasetIterator {
  readonly resource: Tensor;
  /** Fetched to start at the beginning, with the feeds that the data set needs. */
  readonly started: Tensor;
  private readonly makeIterator: Operation;

  constructor(
    readonly graph: Graph,
    readonly elements: readonly ElementSpecification[],
    dataset: Dataset,
    readonly name: string,
  ) {
    this.resource = graph.op(
      'IteratorV2',
      [],
      { shared_name: name, container: '', ...outputs(elements) },
      { name },
    ).output;
    this.makeIterator = graph.op(
      'MakeIterator',
      [dataset.variant, this.resource],
      {},
      { name: `${name}_start` },
    );
    this.started = graph.group([this.makeIterator], `${name}_started`);
  }

  /** The next element; fetching anything that needs it throws EndOfSequenceError when there is none. */
  next(): Tensor[] {
    return [
      ...this.graph.op('IteratorGetNext', [this.resource], outputs(this.elements), {
        name: `${this.name}_next`,
      }).outputs,
    ];
  }
}

/** What is fed lives as long as the session call; the elements are drawn later, so the data set takes a copy. */
function outliving(tensor: Tensor): Tensor {
  const fed = tensor.operation.type === 'Placeholder';
  return fed ? tensor.graph.op('DeepCopy', [tensor], {}, { shapes: [tensor.shape] }).output : tensor;
}

function outputs(elements: readonly ElementSpecification[]) {
  return {
    output_types: elements.map(({ dtype }) => dtype),
    output_shapes: elements.map(({ shape }) => shape),
  };
}

function first<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined) throw new DescentError('wrong-use', 'A data set needs at least one tensor.');
  return item;
}
