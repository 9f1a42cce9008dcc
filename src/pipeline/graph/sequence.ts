import type { Dataset, DatasetIterator } from '../../graph/data/dataset';
import type { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import type { GraphSession } from '../../graph/session/session';
import { TensorValue } from '../../graph/tensor-value';

/** What the stages of a data set are built on: fed when an epoch begins. */
export interface EpochFeeds {
  /** int32 [examples]: numbers of the examples in the order of the epoch. */
  order: Tensor;
  /** int32 [examples]: 1 where the example stands in the disk cache. */
  kept: Tensor;
  /** float32 [examples, numbers]: what augmentation does to each; no numbers without augmentation. */
  draws: Tensor;
}

/** One iterator over different data sets of equal elements: those of an epoch that reads files, and of one that doesn't. */
export class Sequence {
  readonly next: readonly Tensor[];
  private readonly fed: EpochFeeds;
  private readonly starts: Tensor[];

  constructor(
    graph: Graph,
    name: string,
    private readonly numbers: number,
    builds: readonly ((feeds: EpochFeeds) => Dataset)[],
  ) {
    const { fed, next, starts } = graph.scope(name, () => {
      const fed: EpochFeeds = {
        order: graph.placeholder('int32', [null], 'order'),
        kept: graph.placeholder('int32', [null], 'kept'),
        draws: graph.placeholder('float32', [null, numbers], 'draws'),
      };
      // What is fed lives as long as the call; the data set goes on reading it.
      const lasting = Object.fromEntries(
        Object.entries(fed).map(([key, tensor]) => [key, graph.op('DeepCopy', [tensor]).output]),
      ) as unknown as EpochFeeds;
      const [first, ...others] = builds.map((build) => build(lasting));
      const iterator: DatasetIterator = first!.iterator(name);
      const starts = [
        iterator.started,
        ...others.map((dataset) =>
          graph.group([graph.op('MakeIterator', [dataset.variant, iterator.resource])], 'started'),
        ),
      ];
      return { fed, next: iterator.next(), starts };
    });
    this.fed = fed;
    this.next = next;
    this.starts = starts;
  }

  /** Begins data set number `which` with these examples; what an earlier one had prepared is dropped. */
  start(
    session: GraphSession,
    which: number,
    order: Int32Array,
    kept: Int32Array,
    draws: Float32Array,
  ): void {
    session.fetch(this.starts[which]!, [
      [this.fed.order, order],
      [this.fed.kept, kept],
      [this.fed.draws, new TensorValue('float32', [order.length, this.numbers], draws)],
    ]);
  }
}
