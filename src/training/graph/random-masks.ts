import type { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import { TensorValue } from '../../graph/tensor-value';
import { randomPurpose } from '../../pipeline/random';
import { maskBits } from '../dropout-mask';
import { unsupportedLayer } from './layers/emitter';

const philox = 1;

/** The number of a step as the graph's random numbers take it: fed for each step. */
export function randomCounter(step: number): BigInt64Array {
  return new BigInt64Array([BigInt(step) << 32n]);
}

/**
 * Dropout masks by TensorFlow's Philox with the key and counter of `RandomStream(seed, dropout, step, layer)`: the words, and
 * so the masks, are those of ../dropout-mask.ts.
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

  /**
   * 1 / (1 - rate) where an element stays, else 0; float32 of the shape of `like`.
   * @throws DescentError `unsupported` when more than the batch's size is unknown
   */
  mask(like: Tensor, layer: { name: string; number: number }, rate: number): Tensor {
    const { graph } = this;
    const sizes = like.shape?.slice(1);
    if (!sizes || sizes.some((size) => size === null))
      throw unsupportedLayer(layer.name, 'the shape of its input is not known');
    const columns = (sizes as number[]).reduce((product, size) => product * size, 1);
    this.used = true;
    const layerNumber = graph.constant(
      new TensorValue('uint64', [], BigUint64Array.of(BigInt(layer.number))),
    );
    const counter = graph.op('Pack', [[this.low, layerNumber]]).output;
    const rows = ops.element(graph.op('Shape', [like]).output, 0);
    const { bits, threshold } = maskBits(rate);
    const perWord = 32 / bits;
    const wordsOfRow = Math.ceil(columns / perWord);
    const words = graph.op(
      'StatelessRandomUniformFullIntV2',
      [
        ops.stack([rows, graph.constant(wordsOfRow, 'int32')]),
        this.key,
        counter,
        graph.constant(philox, 'int32'),
      ],
      { dtype: 'uint32' },
      { shapes: [[like.shape![0]!, wordsOfRow]] },
    ).output;
    const type = bits === 8 ? ('uint8' as const) : ('uint16' as const);
    const parts = ops.reshape(graph.op('Bitcast', [words], { type }).output, [-1, perWord * wordsOfRow]);
    const drawn = columns % perWord === 0 ? parts : ops.slice(parts, [0, 0], [-1, columns]);
    const least = new TensorValue(
      type,
      [],
      bits === 8 ? Uint8Array.of(threshold) : Uint16Array.of(threshold),
    );
    const keep = ops.greaterEqual(ops.reshape(drawn, [-1, ...(sizes as number[])]), graph.constant(least));
    return ops.multiply(ops.cast(keep, 'float32'), 1 / (1 - rate));
  }
}
