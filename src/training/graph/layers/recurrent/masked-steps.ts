import type { Tensor } from '../../../../graph/operation';
import * as ops from '../../../../graph/operations';
import type { Sequence } from './sequence';

/**
 * Steps that a mask leaves out don't change the state. So that cells needn't know of masks, the steps that count are moved
 * to the beginning, and the state after a step is looked up by how many had counted until then.
 */
export class MaskedSteps {
  /** int32 [batch, time]: how many steps counted until then, this one included. */
  private readonly counts: Tensor;
  /** int32 [1, batch]. */
  private readonly examples: Tensor;
  private readonly batch: Tensor;
  private readonly time: number;
  /** int32 [time, batch]: rows of the steps that count, as of [time × batch] rows, and after them those of the others. */
  private readonly order: Tensor;

  /** `mask`: bool [batch, time], in the order in which the steps are taken. */
  constructor(mask: Tensor) {
    this.time = mask.shape![1]!;
    const counting = ops.cast(mask, 'int32');
    this.counts = ops.cumulativeSum(counting, 1);
    this.batch = ops.element(ops.shapeOf(mask), 0);
    this.examples = ops.expandDims(ops.range(mask.graph, 0, this.batch), 0);
    const { graph } = mask;
    // The earlier a step the larger its key, and any that counts has a larger one than those that don't.
    const places = graph.constant(
      Array.from({ length: this.time }, (_, step) => this.time - step),
      'int32',
    );
    const keys = ops.add(ops.multiply(counting, this.time), places);
    const sorted = graph.op('TopKV2', [keys, this.time], { sorted: true }).out(1);
    this.order = this.rows(ops.transpose(sorted, [1, 0]));
  }

  /** x: [time, batch, width]. */
  moved(x: Tensor): Tensor {
    return ops.gather(ops.reshape(x, [-1, x.shape!.at(-1)!]), this.order);
  }

  /** The states of a sequence of moved steps at the steps themselves. `first`: [batch, units]. */
  states(sequence: Sequence, first: Tensor): Sequence {
    const units = first.shape!.at(-1)!;
    const all = ops.reshape(ops.concat([ops.expandDims(first, 0), sequence.whole()], 0), [-1, units]);
    const at = (counts: Tensor) => ops.gather(all, this.rows(counts));
    const counts = ops.transpose(this.counts, [1, 0]);
    return {
      whole: () => at(counts),
      last: () => ops.squeeze(at(ops.slice(counts, [this.time - 1, 0], [1, -1])), [0]),
    };
  }

  /** Places in time ([steps, batch]) as numbers of rows. */
  private rows(places: Tensor): Tensor {
    return ops.add(ops.multiply(places, this.batch), this.examples);
  }
}
