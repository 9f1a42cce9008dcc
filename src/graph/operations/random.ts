import type { TensorLike } from '../bind';
import type { DType } from '../dtype';
import type { Graph } from '../graph';
import type { Tensor } from '../operation';
import { integers, type Sizes } from './array';

/** Two integers: equal seeds give equal numbers, in any process. */
export type Seed = Tensor | readonly [number, number];

function seedTensor(graph: Graph, seed: Seed): Tensor {
  return 'graph' in seed ? seed : graph.constant([...seed], 'int64');
}

function stateless(type: string) {
  return (graph: Graph, shape: Sizes, seed: Seed, dtype: DType = 'float32'): Tensor =>
    graph.op(type, [integers(graph, shape), seedTensor(graph, seed)], { dtype }).output;
}

/** In [0, 1). */
export const statelessUniform = stateless('StatelessRandomUniform');
/** Mean 0, variance 1. */
export const statelessNormal = stateless('StatelessRandomNormal');
/** As the normal distribution, with values beyond 2 drawn again. */
export const statelessTruncatedNormal = stateless('StatelessTruncatedNormal');

/** Integers in [minimum, maximum). */
export function statelessUniformInteger(
  graph: Graph,
  shape: Sizes,
  seed: Seed,
  minimum: TensorLike,
  maximum: TensorLike,
  dtype: 'int32' | 'int64' = 'int32',
): Tensor {
  return graph.op(
    'StatelessRandomUniformInt',
    [integers(graph, shape), seedTensor(graph, seed), minimum, maximum],
    { dtype },
  ).output;
}
