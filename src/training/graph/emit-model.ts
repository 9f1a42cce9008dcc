import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import { type Operation, Tensor } from '../../graph/operation';
import type { Shape } from '../../graph/shape';
import type { Variable } from '../../graph/variable';
import {
  configOf,
  type InnerCall,
  type LaterSubtraction,
  type LayerContext,
  unsupportedLayer,
} from './layers/emitter';
import { layerEmitters } from './layers/table';
import { type LayerMask, listensToMasks, outputMask } from './masks';
import { traceLayer } from './traced-layer';

export interface EmissionSettings {
  /** Inputs of the model's call. */
  inputs: readonly Tensor[];
  training: boolean;
  /** Each layer's usual operations, for graphs that other tools read; default: what is fastest here. */
  plain?: boolean;
  /** The variable of a layer's weight, by the weight's name in the layer. */
  variable(layer: tf.layers.Layer, weight: string): Variable | undefined;
  dropoutMask(layer: tf.layers.Layer, like: Tensor, rate: number, use: number): Tensor;
  /** Told what a layer's call consists of; of a layer within another, before the other. */
  onLayer?(layer: tf.layers.Layer, created: readonly Operation[]): void;
  /** Hears of layers without an emitter, whose operations are traced. */
  traced?(call: TracedCall): void;
}

/** A layer whose operations are those that TF.js computes it by. */
export interface TracedCall {
  layer: tf.layers.Layer;
  inputs: readonly Tensor[];
  masks: readonly LayerMask[];
}

export interface EmittedModel {
  outputs: Tensor[];
  /** That go with the outputs. */
  masks: LayerMask[];
  /** What is to be done to the moving averages at the end of a training step. */
  later: LaterSubtraction[];
}

/** A layers model, or what of it lies between two tensors. */
export type EmittedPart = Pick<tf.LayersModel, 'inputs' | 'outputs'>;

/**
 * Writes the operations of a layers model, node by node: by emitters, and where there is none by tracing TF.js.
 * @throws DescentError `unsupported` naming the layer that can't be compiled
 */
export function emitModel(model: EmittedPart, settings: EmissionSettings): EmittedModel {
  const emission = new Emission(settings);
  const outputs = emission.model(
    model,
    settings.inputs,
    settings.inputs.map(() => undefined),
  );
  return emission.finish(outputs);
}

/**
 * Writes the operations of one call of a layer or a model, on inputs of its own.
 * @throws DescentError `unsupported` as `emitModel` does
 */
export function emitCall(layer: tf.layers.Layer, settings: EmissionSettings): EmittedModel {
  if (layer instanceof tf.LayersModel) return emitModel(layer, settings);
  const emission = new Emission(settings);
  const inputs = settings.inputs.map((tensor) => ({ tensor, mask: undefined }));
  return emission.finish(emission.layer(layer, inputs));
}

/** A tensor on its way through the model, with the mask that goes with it. */
interface Flow {
  tensor: Tensor;
  mask: LayerMask;
}

class Emission {
  readonly later: LaterSubtraction[] = [];
  private masked = false;
  /** A layer that would take a mask, but has none. */
  private unmasked: tf.layers.Layer | undefined;

  constructor(private readonly settings: EmissionSettings) {}

  /**
   * TF.js hands a layer without a mask of its own that of an earlier layer.
   * @throws DescentError `unsupported` where it would do so
   */
  finish(outputs: readonly Flow[]): EmittedModel {
    if (this.masked && this.unmasked)
      throw unsupportedLayer(this.unmasked.name, 'TF.js hands it the mask of another layer');
    return {
      outputs: outputs.map(({ tensor }) => tensor),
      masks: outputs.map(({ mask }) => mask),
      later: this.later,
    };
  }

  model(
    model: EmittedPart,
    inputs: readonly Tensor[],
    masks: readonly LayerMask[],
    training = this.settings.training,
  ): Flow[] {
    const values = new Map<number, readonly Flow[]>();
    const given = new Map(
      model.inputs.map((symbolic, index) => [symbolic.id, { tensor: inputs[index]!, mask: masks[index] }]),
    );
    const flowOf = (symbolic: tf.SymbolicTensor): Flow => {
      const input = given.get(symbolic.id);
      if (input) return input;
      const node = symbolic.sourceLayer.inboundNodes[symbolic.nodeIndex]!;
      let results = values.get(node.id);
      if (!results) {
        const own = node.inputTensors.map(flowOf);
        results = this.layer(symbolic.sourceLayer, own, firstShape(node.outputShapes), training);
        values.set(node.id, results);
      }
      return results[symbolic.tensorIndex]!;
    };
    return model.outputs.map(flowOf);
  }

  layer(
    layer: tf.layers.Layer,
    inputs: readonly Flow[],
    statedShape?: Shape,
    training = this.settings.training,
  ): Flow[] {
    const tensors = inputs.map(({ tensor }) => tensor);
    const outputShape = statedShape ?? computedShape(layer, tensors);
    const masks = inputs.map(({ mask }) => mask);
    const { graph } = tensors[0]!;
    return graph.scope(scopeName(layer.name), () => {
      if (layer instanceof tf.LayersModel) return this.model(layer, tensors, masks, training);
      const before = graph.operations.length;
      const outputs = this.tensors(this.context(layer, tensors, masks, outputShape, training));
      this.settings.onLayer?.(layer, graph.operations.slice(before));
      const mask = outputMask(layer, tensors, masks);
      if (mask) this.masked = true;
      if (listensToMasks(layer) && masks[0] === undefined) this.unmasked ??= layer;
      return outputs.map((tensor, index) => ({ tensor, mask: index === 0 ? mask : undefined }));
    });
  }

  /** By the layer's emitter, or, where it has none or does not know these settings, by tracing. */
  private tensors(context: LayerContext): readonly Tensor[] {
    const emit = layerEmitters.get(context.layer.getClassName());
    if (!emit) return this.trace(context);
    const known = this.later.length;
    try {
      const outputs = emit(context);
      return outputs instanceof Tensor ? [outputs] : outputs;
    } catch (error) {
      if (!isUnsupported(error)) throw error;
      this.later.length = known;
      try {
        return this.trace(context);
      } catch (another) {
        // What the emitter says tells more.
        throw isUnsupported(another) ? error : another;
      }
    }
  }

  private trace(context: LayerContext): Tensor[] {
    const { layer, inputs, masks } = context;
    const outputs = traceLayer(context);
    this.settings.traced?.({ layer, inputs, masks });
    return outputs;
  }

  private context(
    layer: tf.layers.Layer,
    inputs: readonly Tensor[],
    masks: readonly LayerMask[],
    outputShape: Shape,
    training: boolean,
  ): LayerContext {
    const { settings } = this;
    const variableOf = (name: string): Variable => {
      const found = settings.variable(layer, name);
      if (!found) throw unsupportedLayer(layer.name, `it has no weight "${name}"`);
      return found;
    };
    return {
      inputs,
      masks,
      layer,
      name: layer.name,
      config: configOf(layer),
      outputShape,
      training: training && (layer.trainable || layer.getClassName() !== 'BatchNormalization'),
      plain: settings.plain === true,
      weight: (name) => variableOf(name).value,
      hasWeight: (name) => settings.variable(layer, name) !== undefined,
      subtractLater: (name, delta) => this.later.push({ variable: variableOf(name), delta }),
      dropoutMask: (like, rate, use = 0) => settings.dropoutMask(layer, like, rate, use),
      needsMask: () => {
        this.unmasked ??= layer;
      },
      emit: (inner, given, options = {}) =>
        this.inner(inner, given, options, training && options.training !== false),
    };
  }

  private inner(
    layer: tf.layers.Layer,
    inputs: readonly Tensor[],
    options: InnerCall,
    training: boolean,
  ): Tensor[] {
    const masks = options.masks ?? inputs.map(() => undefined);
    const flows = inputs.map((tensor, index) => ({ tensor, mask: masks[index] }));
    return this.layer(layer, flows, options.outputShape, training).map(({ tensor }) => tensor);
  }
}

function isUnsupported(error: unknown): boolean {
  return error instanceof DescentError && error.code === 'unsupported';
}

function firstShape(shapes: unknown): Shape {
  return (Array.isArray(shapes) && Array.isArray(shapes[0]) ? shapes[0] : shapes) as Shape;
}

function computedShape(layer: tf.layers.Layer, inputs: readonly Tensor[]): Shape {
  const shapes = inputs.map(({ shape }) => shape as (number | null)[]);
  return firstShape(layer.computeOutputShape(shapes.length === 1 ? shapes[0]! : shapes));
}

/** A layer's name with what TensorFlow forbids in names turned into underscores. */
export function scopeName(name: string): string {
  const allowed = name.replaceAll(/[^A-Za-z0-9_./-]/g, '_');
  return /^[A-Za-z0-9.]/.test(allowed) ? allowed : `layer${allowed}`;
}
