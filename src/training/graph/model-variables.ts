import type * as tf from '@tensorflow/tfjs';
import type { Graph } from '../../graph/graph';
import type { Variable } from '../../graph/variable';
import { learningRateFactors } from '../../model/layer-learning-rates';
import { namedVariables, weightNamed } from '../../model/weights';
import { scopeName } from './emit-model';

export interface ModelVariable {
  /** `<layer>/<weight>`. */
  name: string;
  trainable: boolean;
  /** On the learning rate. */
  factor: number;
  /** In the graph's session. */
  variable: Variable;
  /** The model's own, in eager TensorFlow. */
  eager: tf.Variable;
}

/** A model's weights as variables of a graph. */
export class ModelVariables {
  readonly all: readonly ModelVariable[];
  private readonly byEager = new Map<tf.Variable, Variable>();

  constructor(graph: Graph, model: tf.LayersModel, layerLearningRates = '') {
    const factors = learningRateFactors(model, layerLearningRates);
    this.all = namedVariables(model).map(({ name, layer, trainable, variable: eager }) => {
      const variable = graph.variable(scopeName(name), 'float32', eager.shape, { trainable });
      this.byEager.set(eager, variable);
      return { name, trainable, factor: factors.get(layer) ?? 1, variable, eager };
    });
  }

  get trained(): ModelVariable[] {
    return this.all.filter(({ trainable }) => trainable);
  }

  /** Kernels that are trained: what L2 weighs. */
  get regularized(): ModelVariable[] {
    return this.trained.filter(({ name }) => /kernel$/.test(name));
  }

  /** Of any layer within the model, those of wrappers and nested models included. */
  of(layer: tf.layers.Layer, weight: string): Variable | undefined {
    const eager = weightNamed(layer, weight);
    return eager && this.byEager.get(eager);
  }
}
