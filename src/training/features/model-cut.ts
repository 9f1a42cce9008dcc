import * as tf from '@tensorflow/tfjs';
import { Graph } from '../../graph/graph';
import type { Variable } from '../../graph/variable';
import { SavedModelBase } from '../../model/bases/saved-model/saved-model-base';
import { layersWithin } from '../../model/layer-numbers';
import { emitModel } from '../graph/emit-model';
import { ModelVariables } from '../graph/model-variables';

/** Where a model can be cut in two: what comes before never changes while the rest is trained. */
export interface ModelCut {
  /** Everything goes through it. */
  tensor: tf.SymbolicTensor;
  /** The layers before it, inputs left out, in the order in which they are called. */
  layers: tf.layers.Layer[];
  /** Multiplications of one example before the cut, and of the whole model. */
  multiplications: { before: number; all: number };
}

type Node = tf.SymbolicTensor['sourceLayer']['inboundNodes'][number];

/**
 * The deepest tensor through which everything passes and before which nothing is trained and nothing is random: neither
 * weights nor moving averages change, and a step computes what inference computes. Undefined when there is none behind the
 * inputs and before the outputs.
 *
 * @throws DescentError `unsupported` when the model can't be compiled
 */
export function findCut(model: tf.LayersModel): ModelCut | undefined {
  const restless = restlessLayers(model);
  const nodes = nodesInOrder(model);
  const outputs = new Set(model.outputs.map(({ id }) => id));
  /** How many calls are still to come that take a tensor. */
  const pending = new Map<number, number>();
  const count = (tensor: tf.SymbolicTensor, change: number) =>
    pending.set(tensor.id, (pending.get(tensor.id) ?? 0) + change);
  for (const node of nodes) for (const tensor of node.inputTensors) count(tensor, 1);
  for (const tensor of model.outputs) count(tensor, 1);

  const live = new Map(model.inputs.map((tensor) => [tensor.id, tensor]));
  const passed: Node[] = [];
  const found: { tensor: tf.SymbolicTensor; calls: number }[] = [];
  for (const node of nodes) {
    if (!isStill(node.outboundLayer, restless)) break;
    passed.push(node);
    for (const tensor of node.inputTensors) {
      count(tensor, -1);
      if (pending.get(tensor.id) === 0) live.delete(tensor.id);
    }
    for (const tensor of node.outputTensors)
      if ((pending.get(tensor.id) ?? 0) > 0) live.set(tensor.id, tensor);
    const [only] = live.values();
    if (live.size === 1 && only && !outputs.has(only.id)) found.push({ tensor: only, calls: passed.length });
  }
  const masked = maskedTensors(
    model,
    found.map(({ tensor }) => tensor),
  );
  const deepest = found.findLast(({ tensor }) => !masked.has(tensor));
  if (!deepest) return undefined;
  const before = passed.slice(0, deepest.calls);
  return {
    tensor: deepest.tensor,
    layers: [...new Set(before.map((node) => node.outboundLayer))],
    multiplications: { before: multiplicationsOf(before), all: multiplicationsOf(nodes) },
  };
}

/** Layers that draw random numbers or change weights by themselves in a training step: their emitters tell. */
function restlessLayers(model: tf.LayersModel): ReadonlySet<tf.layers.Layer> {
  const found = new Set<tf.layers.Layer>();
  const { later, ownerOf } = emitForALook(model, model.outputs, (layer) => found.add(layer));
  for (const { variable } of later) found.add(ownerOf(variable));
  return found;
}

/** Those with which a mask of steps goes: the layers behind would miss it. */
function maskedTensors(
  model: tf.LayersModel,
  tensors: readonly tf.SymbolicTensor[],
): ReadonlySet<tf.SymbolicTensor> {
  if (tensors.length === 0) return new Set();
  const { masks } = emitForALook(model, tensors, () => {});
  return new Set(tensors.filter((_, index) => masks[index] !== undefined));
}

/** A training step up to some tensors, in a graph that nobody runs. */
function emitForALook(
  model: tf.LayersModel,
  outputs: readonly tf.SymbolicTensor[],
  onRandom: (layer: tf.layers.Layer) => void,
) {
  const graph = new Graph();
  const variables = new ModelVariables(graph, model);
  const owners = new Map<Variable, tf.layers.Layer>();
  const emitted = emitModel(
    { inputs: model.inputs, outputs: [...outputs] },
    {
      inputs: model.inputs.map((input, index) =>
        graph.placeholder(input.dtype === 'int32' ? 'int32' : 'float32', input.shape, `input_${index}`),
      ),
      training: true,
      variable: (layer, weight) => {
        const variable = variables.of(layer, weight);
        if (variable) owners.set(variable, layer);
        return variable;
      },
      dropoutMask: (layer, like) => {
        onRandom(layer);
        return like;
      },
    },
  );
  return { ...emitted, ownerOf: (variable: Variable) => owners.get(variable)! };
}

function isStill(layer: tf.layers.Layer, restless: ReadonlySet<tf.layers.Layer>): boolean {
  const trained = layer.trainable && layer.trainableWeights.length > 0;
  return !trained && ![layer, ...layersWithin(layer)].some((inner) => restless.has(inner));
}

/** Calls of layers, inputs left out, each after those whose results it takes. */
function nodesInOrder(model: tf.LayersModel): Node[] {
  const given = new Set(model.inputs.map(({ id }) => id));
  const ordered = new Set<Node>();
  // By a stack of its own: deep networks would exceed that of calls.
  const stack = [...model.outputs].reverse().map((tensor) => ({ tensor, entered: false }));
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    const { sourceLayer, nodeIndex, id } = top.tensor;
    const node = sourceLayer.inboundNodes[nodeIndex]!;
    if (given.has(id) || ordered.has(node)) {
      stack.pop();
    } else if (top.entered) {
      ordered.add(node);
      stack.pop();
    } else {
      top.entered = true;
      for (const tensor of [...node.inputTensors].reverse()) stack.push({ tensor, entered: false });
    }
  }
  return [...ordered];
}

/** Of one example, by the kernels' sizes: what a layer computes beside is little. */
function multiplicationsOf(nodes: readonly Node[]): number {
  return nodes.reduce((sum, node) => sum + multiplicationsOfLayer(node.outboundLayer, node.outputShapes), 0);
}

function multiplicationsOfLayer(layer: tf.layers.Layer, outputShapes: unknown): number {
  if (layer instanceof tf.LayersModel) return multiplicationsOf(nodesInOrder(layer));
  // Nobody counts them; a whole network is never cheap.
  if (layer instanceof SavedModelBase) return Number.POSITIVE_INFINITY;
  const shape = [outputShapes].flat(1)[0];
  const [, ...sizes] = (Array.isArray(shape) ? shape : (outputShapes as (number | null)[])) as (
    | number
    | null
  )[];
  const product = (numbers: readonly (number | null)[]) =>
    numbers.reduce<number>((result, size) => result * (size ?? 1), 1);
  const places = product(sizes.slice(0, -1));
  return layer.weights.reduce((sum, { originalName, shape: weight }) => {
    // A row is looked up for each place.
    if (/embeddings$/.test(originalName)) return sum + product(sizes);
    return /kernel$/.test(originalName) ? sum + places * product(weight) : sum;
  }, 0);
}
