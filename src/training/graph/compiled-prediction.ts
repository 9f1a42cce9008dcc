import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import { GraphSession, type PreparedCall } from '../../graph/session/session';
import { TensorValue } from '../../graph/tensor-value';
import type { Variable } from '../../graph/variable';
import { weightNamed } from '../../model/weights';
import { fixedVariable } from '../features/fixed-variable';
import { emitModel, scopeName } from './emit-model';

/** TensorFlow makes further copies of constants while it prepares a graph: the weights of larger models are variables. */
const largestConstants = 64 * 1024 * 1024;

/** A model's inference with the weights of now, as one graph of the native engine. */
export class CompiledPrediction {
  /**
   * Leaves the model as it is.
   * @returns undefined where there is no native engine, or a layer can't be compiled: the model then predicts by itself
   */
  static async create(model: tf.LayersModel): Promise<CompiledPrediction | undefined> {
    if (tf.getBackend() !== 'tensorflow' || model.inputs.length !== 1 || model.outputs.length !== 1)
      return undefined;
    const bytes = model.weights.reduce(
      (sum, weight) => sum + 4 * tf.util.sizeFromShape(weight.shape as number[]),
      0,
    );
    const graph = new Graph();
    const weights = new Map<tf.Variable, Variable>();
    const weightOf = (eager: tf.Variable, name: string) => {
      // Constants, which TensorFlow prepares once: a frozen normalization goes into its convolution, for one.
      if (bytes <= largestConstants) return fixedVariable(graph, eager);
      return graph.variable(scopeName(name), 'float32', eager.shape, { trainable: false });
    };
    const [symbolic] = model.inputs;
    const inputs = graph.placeholder(
      symbolic!.dtype === 'int32' ? 'int32' : 'float32',
      [null, ...symbolic!.shape.slice(1)],
      'inputs',
    );
    let outputs: Tensor;
    try {
      outputs = emitInference(model, inputs, (eager, name) => {
        const variable = weights.get(eager) ?? weightOf(eager, name);
        weights.set(eager, variable);
        return variable;
      });
    } catch (error) {
      if (error instanceof DescentError && error.code === 'unsupported') return undefined;
      throw error;
    }
    const session = await GraphSession.load(graph);
    if (bytes > largestConstants)
      session.setVariables([...weights].map(([eager, variable]) => [variable, eager] as const));
    return new CompiledPrediction(session, inputs, outputs);
  }

  private readonly call: PreparedCall<{ outputs: Tensor }>;

  private constructor(
    private readonly session: GraphSession,
    private readonly inputs: Tensor,
    outputs: Tensor,
  ) {
    this.call = session.prepare({ outputs }, [inputs]);
  }

  /** Inputs [count, ...shape], row-major -> outputs [count, ...], row-major. */
  predict(values: Float32Array | Int32Array, count: number): Float32Array {
    const shape = this.inputs.shape!.slice(1) as number[];
    const value = new TensorValue(this.inputs.dtype, [count, ...shape], values);
    return this.call.run(value).outputs.floats();
  }

  dispose(): void {
    this.session.dispose();
  }
}

function emitInference(
  model: tf.LayersModel,
  inputs: Tensor,
  variableOf: (eager: tf.Variable, name: string) => Variable,
): Tensor {
  const { outputs } = emitModel(model, {
    inputs: [inputs],
    training: false,
    variable: (layer, weight) => {
      const eager = weightNamed(layer, weight);
      return eager && variableOf(eager, `${layer.name}/${weight}`);
    },
    dropoutMask: (layer) => {
      throw new Error(`"${layer.name}" is random in inference.`);
    },
  });
  return outputs[0]!;
}
