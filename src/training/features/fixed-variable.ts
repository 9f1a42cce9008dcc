import type * as tf from '@tensorflow/tfjs';
import type { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import type { Variable } from '../../graph/variable';

/** The value that an eager variable has now as a constant of a graph, in the place of a variable that nobody changes. */
export function fixedVariable(graph: Graph, eager: tf.Variable): Variable {
  const shape = eager.shape;
  const value = graph.constant(eager.dataSync() as Float32Array, 'float32', { shape });
  const none = (): Tensor => {
    throw new Error(`${eager.name} is a constant here.`);
  };
  return {
    name: eager.name,
    dtype: 'float32',
    shape,
    trainable: false,
    value,
    get handle() {
      return none();
    },
    get feed() {
      return none();
    },
    get assigned() {
      return none();
    },
  };
}
