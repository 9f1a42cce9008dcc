import * as tf from '@tensorflow/tfjs';
import type { Tensor } from '../../graph/operation';
import type { Variable } from '../../graph/variable';
import { configOf, type LaterSubtraction, type LayerContext, unsupportedLayer } from './layers/emitter';
import { layerEmitters } from './layers/table';

export interface EmissionSettings {
  /** Inputs of the model's call. */
  inputs: readonly Tensor[];
  training: boolean;
  /** Each layer's usual operations, for graphs that other tools read; default: what is fastest here. */
  plain?: boolean;
  /** The variable of a layer's weight, by the weight's name in the layer. */
  variable(layer: tf.layers.Layer, weight: string): Variable | undefined;
  dropoutMask(layer: tf.layers.Layer, like: Tensor, rate: number): Tensor;
}

export interface EmittedModel {
  outputs: Tensor[];
  /** What is to be done to the moving averages at the end of a training step. */
  later: LaterSubtraction[];
}

/** A layers model, or what of it lies between two tensors. */
export type EmittedPart = Pick<tf.LayersModel, 'inputs' | 'outputs'>;

/**
 * Writes the operations of a layers model, node by node.
 * @throws DescentError `unsupported` naming the layer that has no operations
 */
export function emitModel(model: EmittedPart, settings: EmissionSettings): EmittedModel {
  const later: LaterSubtraction[] = [];
  const outputs = emitNodes(model, settings.inputs, settings, later);
  return { outputs, later };
}

/**
 * Writes the operations of one call of a layer or a model, on inputs of its own.
 * @throws DescentError `unsupported` as `emitModel` does
 */
export function emitCall(layer: tf.layers.Layer, settings: EmissionSettings): EmittedModel {
  if (layer instanceof tf.LayersModel) return emitModel(layer, settings);
  const later: LaterSubtraction[] = [];
  const shapes = settings.inputs.map(({ shape }) => shape as (number | null)[]);
  const outputShape = layer.computeOutputShape(shapes.length === 1 ? shapes[0]! : shapes);
  return { outputs: emitLayer(layer, settings.inputs, outputShape, settings, later), later };
}

/** The last layer that can't be compiled, by its class and name; undefined when all can. */
export function layerWithoutEmitter(model: tf.LayersModel): tf.layers.Layer | undefined {
  for (const layer of model.layers) {
    const found =
      layer instanceof tf.LayersModel ? layerWithoutEmitter(layer) : isKnown(layer) ? undefined : layer;
    if (found) return found;
  }
  return undefined;
}

function isKnown(layer: tf.layers.Layer): boolean {
  return layer.getClassName() === 'InputLayer' || layerEmitters.has(layer.getClassName());
}

function emitNodes(
  model: EmittedPart,
  inputs: readonly Tensor[],
  settings: EmissionSettings,
  later: LaterSubtraction[],
): Tensor[] {
  const values = new Map<number, readonly Tensor[]>();
  const given = new Map(model.inputs.map((symbolic, index) => [symbolic.id, inputs[index]!]));
  const tensorOf = (symbolic: tf.SymbolicTensor): Tensor => {
    const input = given.get(symbolic.id);
    if (input) return input;
    const node = symbolic.sourceLayer.inboundNodes[symbolic.nodeIndex]!;
    let results = values.get(node.id);
    if (!results) {
      const own = node.inputTensors.map(tensorOf);
      results = emitLayer(symbolic.sourceLayer, own, node.outputShapes, settings, later);
      values.set(node.id, results);
    }
    return results[symbolic.tensorIndex]!;
  };
  return model.outputs.map(tensorOf);
}

function emitLayer(
  layer: tf.layers.Layer,
  inputs: readonly Tensor[],
  outputShapes: unknown,
  settings: EmissionSettings,
  later: LaterSubtraction[],
): Tensor[] {
  const { graph } = inputs[0]!;
  return graph.scope(scopeName(layer.name), () => {
    if (layer instanceof tf.LayersModel) return emitNodes(layer, inputs, settings, later);
    const emit = layerEmitters.get(layer.getClassName());
    if (!emit) throw unsupportedLayer(layer.name, `${layer.getClassName()} has no operations of a graph yet`);
    return [emit(contextOf(layer, inputs, outputShapes, settings, later))];
  });
}

function contextOf(
  layer: tf.layers.Layer,
  inputs: readonly Tensor[],
  outputShapes: unknown,
  settings: EmissionSettings,
  later: LaterSubtraction[],
): LayerContext {
  const shape = (
    Array.isArray(outputShapes) && Array.isArray(outputShapes[0]) ? outputShapes[0] : outputShapes
  ) as (number | null)[] | null;
  const variableOf = (name: string): Variable => {
    const found = settings.variable(layer, name);
    if (!found) throw unsupportedLayer(layer.name, `it has no weight "${name}"`);
    return found;
  };
  return {
    inputs,
    name: layer.name,
    config: configOf(layer),
    outputShape: shape,
    training: settings.training && (layer.trainable || layer.getClassName() !== 'BatchNormalization'),
    plain: settings.plain === true,
    weight: (name) => variableOf(name).value,
    hasWeight: (name) => settings.variable(layer, name) !== undefined,
    subtractLater: (name, delta) => later.push({ variable: variableOf(name), delta }),
    dropoutMask: (like, rate) => settings.dropoutMask(layer, like, rate),
  };
}

/** A layer's name with what TensorFlow forbids in names turned into underscores. */
export function scopeName(name: string): string {
  const allowed = name.replaceAll(/[^A-Za-z0-9_./-]/g, '_');
  return /^[A-Za-z0-9.]/.test(allowed) ? allowed : `layer${allowed}`;
}
