import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs';
import { encodeGraphDef } from '../../graph/encoding/graph-def';
import { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import type { GraphSession } from '../../graph/session/session';
import type { Variable } from '../../graph/variable';
import { type NamedVariable, namedVariables, weightNamed } from '../../model/weights';
import { emitModel, scopeName } from '../graph/emit-model';
import type { FeatureComputer } from './feature-computer';
import { fixedVariable } from './fixed-variable';
import type { ModelCut } from './model-cut';

/**
 * Up to this size weights are constants of the graph, which TensorFlow prepares once; larger ones are variables, since a
 * graph is written to disk to be loaded.
 */
const largestConstants = 64 * 1024 * 1024;

/** The frozen layers of a model up to its cut, in inference mode. */
export class LayersPrefix implements FeatureComputer {
  readonly name: string;
  readonly shape: readonly number[];
  private readonly weights: ReadonlyMap<string, NamedVariable>;
  private readonly byEager: ReadonlyMap<tf.Variable, NamedVariable>;
  private readonly inGraphs = new WeakMap<Graph, Map<string, Variable>>();
  private hashed: string | undefined;

  /**
   * @param model the whole model
   * @param input its only input, through which everything goes
   */
  constructor(
    model: tf.LayersModel,
    private readonly input: tf.SymbolicTensor,
    private readonly cut: ModelCut,
  ) {
    const { layers, tensor } = cut;
    const count = layers.length === 1 ? '1 layer' : `${layers.length} layers`;
    this.name = `${count} up to "${tensor.sourceLayer.name}"`;
    this.shape = tensor.shape.slice(1) as number[];
    const names = new Set(layers.map((layer) => layer.name));
    const weights = namedVariables(model).filter(({ layer }) => names.has(layer));
    this.weights = new Map(weights.map((weight) => [weight.name, weight]));
    this.byEager = new Map(weights.map((weight) => [weight.variable, weight]));
  }

  hash(): string {
    if (this.hashed !== undefined) return this.hashed;
    const hash = createHash('sha256');
    // The operations say more of the architecture than the layers' settings: how each is computed, too.
    const graph = new Graph();
    const inputs = graph.placeholder(this.input.dtype === 'int32' ? 'int32' : 'float32', this.input.shape);
    this.emit(graph, inputs, (name, { shape }) => variableOf(graph, name, shape));
    hash.update(encodeGraphDef(graph));
    for (const { name, variable } of this.weights.values()) {
      const values = variable.dataSync() as Float32Array;
      hash.update(`${name} ${variable.shape}\n`);
      hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
    this.hashed = hash.digest('hex');
    return this.hashed;
  }

  emitFeatures(graph: Graph, inputs: Tensor): Tensor {
    const bytes = [...this.weights.values()].reduce((sum, { variable }) => sum + variable.size * 4, 0);
    if (bytes <= largestConstants) return this.emit(graph, inputs, (_, eager) => fixedVariable(graph, eager));
    const made = new Map<string, Variable>();
    this.inGraphs.set(graph, made);
    return this.emit(graph, inputs, (name, { shape }) => {
      const variable = variableOf(graph, name, shape);
      made.set(name, variable);
      return variable;
    });
  }

  open(session: GraphSession): void {
    const made = this.inGraphs.get(session.graph);
    if (!made) return;
    session.setVariables(
      [...made].map(([name, variable]) => [variable, this.weights.get(name)!.variable] as const),
    );
  }

  /** Takes over weights, by their names; says whether they are others than those of now. Names that are missing stay. */
  adopt(values: ReadonlyMap<string, Float32Array | Int32Array>): boolean {
    let changed = false;
    for (const { name, variable } of this.weights.values()) {
      const wanted = values.get(name);
      if (!wanted || sameBytes(wanted, variable.dataSync() as Float32Array)) continue;
      changed = true;
      tf.tidy(() => variable.assign(tf.tensor(wanted, variable.shape, 'float32')));
    }
    if (changed) this.hashed = undefined;
    return changed;
  }

  private emit(graph: Graph, inputs: Tensor, make: (name: string, eager: tf.Variable) => Variable): Tensor {
    const made = new Map<string, Variable>();
    const { outputs } = emitModel(
      { inputs: [this.input], outputs: [this.cut.tensor] },
      {
        inputs: [inputs],
        training: false,
        variable: (layer, weight) => {
          const eager = weightNamed(layer, weight);
          const found = eager && this.byEager.get(eager);
          if (!found) return undefined;
          const { name } = found;
          const variable = made.get(name) ?? make(name, found.variable);
          made.set(name, variable);
          return variable;
        },
        dropoutMask: (layer) => {
          throw new Error(`"${layer.name}" is random in inference.`);
        },
      },
    );
    return graph.op('EnsureShape', [outputs[0]!], { shape: [null, ...this.shape] }, { name: 'features' })
      .output;
  }
}

function variableOf(graph: Graph, name: string, shape: readonly number[]): Variable {
  return graph.variable(scopeName(name), 'float32', shape, { trainable: false });
}

function sameBytes(a: Float32Array | Int32Array, b: Float32Array | Int32Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(
    Buffer.from(b.buffer, b.byteOffset, b.byteLength),
  );
}
