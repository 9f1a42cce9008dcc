import { badKerasFile } from './damaged';
import { isObject, type JsonObject } from './json-object';
import { layerOfOperation } from './operations';

/** One output of one call of a layer. */
export interface TensorReference {
  layer: string;
  /** Which call of the layer, from 0. */
  call: number;
  tensor: number;
}

export interface KerasLayer {
  /** Keras' class, as Conv2D. */
  className: string;
  name: string;
  config: JsonObject;
  /** A nested model. */
  model?: KerasModel;
  /** What each call takes. Empty for inputs. */
  calls: readonly (readonly TensorReference[])[];
}

/** A Keras model's architecture, the same for all versions of the format. */
export interface KerasModel {
  className: 'Functional' | 'Sequential';
  name: string;
  /** In the order in which Keras counts them. */
  layers: readonly KerasLayer[];
  inputs: readonly TensorReference[];
  outputs: readonly TensorReference[];
}

/** Models within models beyond this are taken for damage. */
const deepestNesting = 30;

/**
 * Parses a model's configuration as Keras 2 and 3 write it into HDF5 files and `.keras`.
 * Source of the format: `get_config` in keras/src/engine/functional.py (2.15) and keras/src/models/functional.py (3).
 * @param file for messages
 * @throws DescentError `bad-input` naming the file, and the layer, when it is damaged or no functional or sequential model
 */
export function parseModelConfig(json: string, file: string): KerasModel {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw badKerasFile(file, `its configuration is no JSON: ${(cause as Error).message}`, undefined, cause);
  }
  return new ConfigParser(file).model(value, 'the model', 0);
}

const modelClasses: Record<string, KerasModel['className'] | undefined> = {
  Functional: 'Functional',
  Model: 'Functional',
  Sequential: 'Sequential',
};

class ConfigParser {
  constructor(private readonly file: string) {}

  private refuse(what: string): Error {
    return badKerasFile(this.file, what);
  }

  model(value: unknown, called: string, depth: number): KerasModel {
    if (depth > deepestNesting) throw this.refuse('its models are nested too deeply');
    if (!isObject(value)) throw this.refuse(`the configuration of ${called} is no object`);
    const className = modelClasses[String(value.class_name)];
    if (!className || !Object.hasOwn(modelClasses, String(value.class_name)))
      throw this.refuse(
        `${called} is of the class ${String(value.class_name)}; only functional and sequential models can be read from a file`,
      );
    // Sequential models of the first Keras 2 versions: a bare list.
    const config = Array.isArray(value.config) ? { layers: value.config } : value.config;
    if (!isObject(config) || !Array.isArray(config.layers) || config.layers.length === 0)
      throw this.refuse(`the configuration of ${called} lists no layers`);
    const name = typeof config.name === 'string' ? config.name : className.toLowerCase();
    const layers = config.layers.map((layer) =>
      this.layer((isObject(layer) && layerOfOperation(layer)) || layer, depth),
    );
    const names = new Set<string>();
    for (const layer of layers) {
      if (names.has(layer.name)) throw this.refuse(`${called} has two layers named ${layer.name}`);
      names.add(layer.name);
    }
    return className === 'Sequential'
      ? this.sequential(name, layers)
      : this.functional(name, layers, config, called);
  }

  private layer(value: unknown, depth: number): KerasLayer & { inbound: unknown } {
    if (!isObject(value) || typeof value.class_name !== 'string' || !isObject(withList(value.config)))
      throw this.refuse('its configuration holds a layer without class or settings');
    const config = withList(value.config) as JsonObject;
    const name = [value.name, config.name].find((candidate) => typeof candidate === 'string');
    if (name === undefined) throw this.refuse(`a layer ${value.class_name} has no name`);
    const isModel = Object.hasOwn(modelClasses, value.class_name);
    return {
      className: value.class_name,
      name: name as string,
      config,
      calls: [],
      inbound: value.inbound_nodes,
      ...(isModel ? { model: this.model(value, `the layer ${name}`, depth + 1) } : {}),
    };
  }

  /** Each layer takes what the one before gives; an input is put before where there is none. */
  private sequential(name: string, listed: KerasLayer[]): KerasModel {
    const [first] = listed as [KerasLayer];
    const shape = first.config.batch_input_shape;
    const layers: KerasLayer[] =
      first.className === 'InputLayer'
        ? listed
        : [
            {
              className: 'InputLayer',
              name: `${name}_input`,
              config: Array.isArray(shape) ? { batch_input_shape: shape, dtype: first.config.dtype } : {},
              calls: [],
            },
            ...listed,
          ];
    const reference = (layer: KerasLayer) => ({ layer: layer.name, call: 0, tensor: 0 });
    return {
      className: 'Sequential',
      name,
      layers: layers.map((layer, index) => ({
        ...layer,
        calls: index === 0 ? [] : [[reference(layers[index - 1]!)]],
      })),
      inputs: [reference(layers[0]!)],
      outputs: [reference(layers.at(-1)!)],
    };
  }

  private functional(
    name: string,
    listed: (KerasLayer & { inbound: unknown })[],
    config: JsonObject,
    called: string,
  ): KerasModel {
    const layers = listed.map(({ inbound, ...layer }) => ({
      ...layer,
      calls: this.calls(inbound, `${layer.name} (${layer.className})`),
    }));
    const model: KerasModel = {
      className: 'Functional',
      name,
      layers,
      inputs: this.references(config.input_layers, called),
      outputs: this.references(config.output_layers, called),
    };
    const known = new Map(layers.map((layer) => [layer.name, layer]));
    const all = [...model.inputs, ...model.outputs, ...layers.flatMap(({ calls }) => calls.flat())];
    for (const { layer } of all)
      if (!known.has(layer))
        throw this.refuse(`${called} takes the output of a layer ${layer}, which it does not have`);
    // Older versions count the making of a nested model as its first call.
    for (const layer of layers.filter((candidate) => candidate.model)) {
      const references = all.filter((reference) => reference.layer === layer.name);
      if (references.some(({ call }) => call === layer.calls.length))
        for (const reference of references) reference.call -= 1;
    }
    return model;
  }

  private calls(value: unknown, layer: string): TensorReference[][] {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw this.refuse(`the calls of the layer ${layer} are not listed`);
    return value.map((call) =>
      isObject(call) ? this.callOfKeras3(call, layer) : this.callOfKeras2(call, layer),
    );
  }

  /** [[layer, call, tensor, {arguments}], …] */
  private callOfKeras2(value: unknown, layer: string): TensorReference[] {
    const items = Array.isArray(value) && typeof value[0] === 'string' ? [value] : value;
    if (!Array.isArray(items)) throw this.refuse(`a call of the layer ${layer} can’t be read`);
    return items.map((item) => {
      if (Array.isArray(item)) this.checkArguments(item[3], layer);
      return this.reference(item, `a call of the layer ${layer}`);
    });
  }

  /** {args: [tensor or list of tensors], kwargs} */
  private callOfKeras3(value: JsonObject, layer: string): TensorReference[] {
    this.checkArguments(value.kwargs, layer);
    const tensors = (argument: unknown, depth: number): TensorReference[] => {
      if (depth > 3) throw this.refuse(`a call of the layer ${layer} can’t be read`);
      if (Array.isArray(argument)) return argument.flatMap((item) => tensors(item, depth + 1));
      if (isObject(argument) && argument.class_name === '__keras_tensor__' && isObject(argument.config))
        return [this.reference(argument.config.keras_history, `a call of the layer ${layer}`)];
      throw this.refuse(
        `the layer ${layer} is called with ${JSON.stringify(argument)?.slice(0, 80)}, not a tensor`,
      );
    };
    return tensors(value.args, 0);
  }

  /** A base runs in inference mode: `training` says nothing more. Masks that Keras computes, TF.js computes too. */
  private checkArguments(value: unknown, layer: string): void {
    if (!isObject(value)) return;
    for (const [name, argument] of Object.entries(value)) {
      if (argument === null || argument === undefined || name === 'training' || name === 'mask') continue;
      throw this.refuse(
        `the layer ${layer} is called with the argument ${name}, which can’t be carried over`,
      );
    }
  }

  private references(value: unknown, called: string): TensorReference[] {
    if (!Array.isArray(value) || value.length === 0)
      throw this.refuse(`the inputs or outputs of ${called} are not listed`);
    const items = typeof value[0] === 'string' ? [value] : value;
    return items.map((item) => this.reference(item, called));
  }

  private reference(value: unknown, called: string): TensorReference {
    const [layer, call, tensor] = Array.isArray(value) ? value : [];
    if (typeof layer !== 'string' || !isIndex(call) || !isIndex(tensor))
      throw this.refuse(`${called} names no output of a layer: ${JSON.stringify(value)?.slice(0, 80)}`);
    return { layer, call, tensor };
  }
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function withList(config: unknown): unknown {
  return Array.isArray(config) ? { layers: config } : config;
}
