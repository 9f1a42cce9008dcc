import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import type { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import type { Variable } from '../../graph/variable';
import { namedVariables, weightNamed } from '../../model/weights';
import { scopeName } from '../graph/emit-model';

export interface StepWeight {
  /** `<layer>/<weight>`, or the name that a variable was given. */
  name: string;
  trainable: boolean;
  /** In the session of the step. */
  variable: Variable;
  /** The model's own. */
  eager: tf.Variable;
}

/** The weights of one or several models, which may share layers, and variables beside them, as variables of a graph. */
export class StepWeights {
  readonly all: readonly StepWeight[];
  private readonly byEager: ReadonlyMap<tf.Variable, Variable>;

  /** @throws DescentError `wrong-use` for a variable that isn't float32 */
  constructor(
    graph: Graph,
    models: readonly tf.LayersModel[],
    variables: Readonly<Record<string, tf.Variable>>,
  ) {
    const found = new Map<tf.Variable, StepWeight>();
    const names = new Set<string>();
    const take = (name: string, eager: tf.Variable, trainable: boolean) => {
      if (found.has(eager)) return;
      if (eager.dtype !== 'float32')
        throw new DescentError('wrong-use', `The variable "${name}" is ${eager.dtype}, not float32.`, {
          subject: name,
        });
      names.add(name);
      const variable = graph.variable(scopeName(name), 'float32', eager.shape, { trainable });
      found.set(eager, { name, trainable, variable, eager });
    };
    for (const model of models)
      for (const { name, variable, trainable } of namedVariables(model))
        take(names.has(name) ? `${model.name}/${name}` : name, variable, trainable);
    for (const [name, variable] of Object.entries(variables)) take(name, variable, true);
    this.all = [...found.values()];
    this.byEager = new Map(this.all.map(({ eager, variable }) => [eager, variable]));
  }

  get trained(): StepWeight[] {
    return this.all.filter(({ trainable }) => trainable);
  }

  /** By the weight's name in the layer; undefined when the layer belongs to none of the models, or has no such weight. */
  of(layer: tf.layers.Layer, weight: string): Variable | undefined {
    const eager = weightNamed(layer, weight);
    return eager && this.byEager.get(eager);
  }

  /** For the tracer: what stands for the eager weights where a function uses them directly. */
  get replacements(): (readonly [tf.Tensor, Tensor])[] {
    return this.all.map(({ eager, variable }) => [eager, variable.value] as const);
  }

  /** Whether all weights of a layer are known. */
  covers(layer: tf.layers.Layer): boolean {
    return layer.weights.every((weight) => this.byEager.has(weight.read() as tf.Variable));
  }
}

/** The values of the session's variables, into the models. */
export function assignEager(
  weights: readonly StepWeight[],
  values: readonly { floats(): Float32Array }[],
): void {
  weights.forEach(({ eager }, index) => {
    tf.tidy(() => eager.assign(tf.tensor(values[index]!.floats(), eager.shape)));
  });
}
