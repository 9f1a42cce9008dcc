import type * as tf from '@tensorflow/tfjs';
import { badKerasFile } from './damaged';
import { type MadeLayer, type MakeContext, makeLayer } from './make-layer';
import type { KerasLayer, KerasModel, TensorReference } from './model-config';
import type { WeightOwner } from './weight-owners';

type Symbolic = tf.SymbolicTensor;

/** A Keras model's layers, made and connected. */
export interface BuiltGraph {
  /** In the order of the model's outputs. */
  outputs: Symbolic[];
  /** Every layer and nested model in Keras' order, as its weights are stored. */
  owners: WeightOwner[];
  /** What a layer of the model itself gives at its last call; undefined where it was not needed. */
  outputOf(layer: string): Symbolic | undefined;
}

/**
 * Makes the layers of a Keras model on given inputs. Nested models are laid out flat.
 * @param outputs what is wanted, the model's own outputs by default; layers that they don't need are not made
 * @throws DescentError `bad-input` naming the layer that can't be made, or whose inputs don't fit
 */
export function buildGraph(
  model: KerasModel,
  inputs: readonly Symbolic[],
  context: MakeContext,
  outputs: readonly TensorReference[] = model.outputs,
): BuiltGraph {
  const instance = new ModelInstance(model, context);
  return {
    outputs: instance.call(inputs, outputs),
    owners: instance.owners(),
    outputOf: (layer) => instance.lastOutputs.get(layer),
  };
}

/** A model whose layers exist once, however often it is called. */
class ModelInstance {
  private readonly made = new Map<string, MadeLayer | ModelInstance>();
  private readonly layers: Map<string, KerasLayer>;
  readonly lastOutputs = new Map<string, Symbolic>();

  constructor(
    private readonly model: KerasModel,
    private readonly context: MakeContext,
  ) {
    this.layers = new Map(model.layers.map((layer) => [layer.name, layer]));
  }

  call(inputs: readonly Symbolic[], outputs: readonly TensorReference[] = this.model.outputs): Symbolic[] {
    const { file } = this.context;
    if (inputs.length !== this.model.inputs.length)
      throw badKerasFile(
        file,
        `the model ${this.model.name} takes ${this.model.inputs.length} inputs, not ${inputs.length}`,
      );
    const known = new Map<string, Symbolic[]>();
    const key = (layer: string, call: number) => `${call}/${layer}`;
    this.model.inputs.forEach(({ layer }, index) => {
      known.set(key(layer, 0), [inputs[index]!]);
    });
    const waiting = new Set<string>();
    const tensorOf = (reference: TensorReference): Symbolic => {
      const place = key(reference.layer, reference.call);
      let values = known.get(place);
      if (!values) {
        if (waiting.has(place)) throw badKerasFile(file, `the layer ${reference.layer} takes its own output`);
        waiting.add(place);
        values = this.callLayer(reference, tensorOf);
        waiting.delete(place);
        known.set(place, values);
      }
      const value = values[reference.tensor];
      if (!value) throw badKerasFile(file, `the layer ${reference.layer} has no output ${reference.tensor}`);
      this.lastOutputs.set(reference.layer, value);
      return value;
    };
    return outputs.map(tensorOf);
  }

  private callLayer(
    { layer: name, call }: TensorReference,
    tensorOf: (reference: TensorReference) => Symbolic,
  ): Symbolic[] {
    const { file } = this.context;
    const layer = this.layers.get(name)!;
    const references = layer.calls[call];
    if (!references) throw badKerasFile(file, `the layer ${name} is not called a ${call + 1}. time`);
    const inputs = references.map(tensorOf);
    let made = this.made.get(name);
    if (!made) {
      made = layer.model ? new ModelInstance(layer.model, this.within(name)) : makeLayer(layer, this.context);
      this.made.set(name, made);
    }
    if (made instanceof ModelInstance) return made.call(inputs);
    try {
      const output = made.call(inputs);
      // TF.js only notices when it computes.
      if (output.shape.slice(1).some((side) => side !== null && side <= 0))
        throw new Error('nothing would be left');
      return [output];
    } catch (error) {
      if ((error as Error).name === 'DescentError') throw error;
      const shapes = inputs.map(({ shape }) => `[${shape.map((side) => side ?? '?').join(', ')}]`).join(' ');
      throw badKerasFile(
        file,
        `the layer ${name} (${layer.className}) can’t be put on inputs of the shape ${shapes}: ${(error as Error).message}`,
        undefined,
        error,
      );
    }
  }

  /** Layers of a nested model keep their names where these are free. */
  private within(model: string): MakeContext {
    const { nameOf } = this.context;
    return { ...this.context, nameOf: (wanted) => nameOf(wanted, model) };
  }

  owners(): WeightOwner[] {
    return this.model.layers.map((layer) => {
      const made = this.made.get(layer.name);
      const { name } = layer;
      if (made instanceof ModelInstance) {
        return { name, className: layer.model!.className, weights: [], children: made.owners() };
      }
      return made?.owner() ?? { name, className: layer.className, weights: [], absent: true };
    });
  }
}

/** Names for TF.js layers: a Keras name with what a TensorFlow name may hold, and unlike all that were given out. */
export function uniqueNames(taken: Iterable<string> = []): MakeContext['nameOf'] {
  const used = new Set(taken);
  return (wanted, within) => {
    const plain = wanted.replace(/[^\w.-]/g, '_');
    let name = plain;
    if (used.has(name) && within !== undefined) name = `${within.replace(/[^\w.-]/g, '_')}_${plain}`;
    for (let number = 1; used.has(name); number++) name = `${plain}_${number}`;
    used.add(name);
    return name;
  };
}
