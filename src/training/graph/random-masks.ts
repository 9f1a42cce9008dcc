import type { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import { TensorValue } from '../../graph/tensor-value';
import { randomPurpose } from '../../pipeline/random';

const philox = 1;

/** The number of a step as the graph's random numbers take it: fed for each step. */
export function randomCounter(step: number): BigInt64Array {
  return new BigInt64Array([BigInt(step) << 32n]);
}

/**
 * Dropout masks by TensorFlow's Philox with the key and counter of `RandomStream(seed, dropout, step, layer)`: the words, and
 * so the masks, are those of the plain program.
 */
export class RandomMasks {
  /** int64 scalar: `randomCounter(step)`. */
  readonly step: Tensor;
  private readonly low: Tensor;
  private readonly key: Tensor;
  used = false;

  constructor(
    private readonly graph: Graph,
    seed: number,
  ) {
    this.step = graph.placeholder('int64', [], 'random_step');
    this.low = graph.op('Bitcast', [this.step], { type: 'uint64' }).output;
    const key = (BigInt(randomPurpose.dropout) << 32n) | BigInt(seed);
    this.key = graph.constant(new TensorValue('uint64', [1], BigUint64Array.of(key)));
  }

  /** 1 / (1 - rate) where an element stays, else 0; float32 of the shape of `like`. */
  mask(like: Tensor, layerNumber: number, rate: number): Tensor {
    const { graph } = this;
    this.used = true;
    const layer = graph.constant(new TensorValue('uint64', [], BigUint64Array.of(BigInt(layerNumber))));
    const counter = graph.op('Pack', [[this.low, layer]]).output;
    const words = graph.op(
      'StatelessRandomUniformFullIntV2',
      [ops.shapeOf(like), this.key, counter, graph.constant(philox, 'int32')],
      { dtype: 'uint32' },
      { shapes: [like.shape] },
    ).output;
    // nextUniform() >= rate, where nextUniform() is the upper 24 bits of a word as a fraction.
    const threshold = Math.ceil(rate * 2 ** 24) * 2 ** 8;
    const keep = ops.greaterEqual(
      words,
      graph.constant(new TensorValue('uint32', [], Uint32Array.of(threshold))),
    );
    return ops.multiply(ops.cast(keep, 'float32'), 1 / (1 - rate));
  }
}
