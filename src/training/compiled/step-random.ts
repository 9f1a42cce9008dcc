import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import { TensorValue } from '../../graph/tensor-value';
import type { Recorder } from '../../graph/tracer/record';
import type { StepContext } from './trace-loss';

/** Random numbers of a compiled step: stateless, keyed by (seed, step, place in the function). */
export class StepRandom {
  /** `step` is the fed counter of the step, int64. */
  constructor(
    private readonly seed: number,
    private readonly step: Tensor,
  ) {}

  during(recorder: Recorder): Pick<StepContext, 'randomUniform' | 'randomNormal'> {
    let count = 0;
    const drawn = (
      name: string,
      eager: (shape: number[]) => tf.Tensor,
      stateless: typeof ops.statelessUniform,
    ) => {
      return (like: tf.Tensor) => {
        const place = count++;
        const [numbers] = recorder.call(
          name,
          [like],
          () => [eager(like.shape)],
          ([tensor]) => [this.emit(tensor!, place, stateless)],
        );
        return numbers!;
      };
    };
    return {
      randomUniform: drawn('random uniform', (shape) => tf.randomUniform(shape), ops.statelessUniform),
      randomNormal: drawn('random normal', (shape) => tf.randomNormal(shape), ops.statelessNormal),
    };
  }

  private emit(like: Tensor, place: number, stateless: typeof ops.statelessUniform): Tensor {
    const { graph } = like;
    const key = (BigInt(this.seed) << 16n) | BigInt(place);
    const own = graph.constant(new TensorValue('int64', [], BigInt64Array.of(key)));
    const seed = ops.stack([this.step, own]);
    return ops.ensureShape(stateless(graph, ops.shapeOf(like), seed), like.shape);
  }
}
