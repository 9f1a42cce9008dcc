import type * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../../contract/errors';
import type { Tensor } from '../../../graph/operation';
import type { Shape } from '../../../graph/shape';
import type { Variable } from '../../../graph/variable';

/** What a layer has at hand to write its operations. */
export interface LayerContext {
  /** At least one. */
  inputs: readonly Tensor[];
  /** bool [batch, time], by input: which steps count; undefined: all. */
  masks: readonly (Tensor | undefined)[];
  layer: tf.layers.Layer;
  name: string;
  config: Readonly<Record<string, unknown>>;
  /** As TF.js' layer computes it; the batch is null. */
  outputShape: Shape;
  /** Whether the layer behaves as in training: dropout drops, batch normalization uses the batch. Frozen layers: false. */
  training: boolean;
  /** Whether other tools read the graph, which know layers by their usual operations: none is exchanged for a faster one. */
  plain: boolean;
  /** By the whole name, or its last part. @throws DescentError `unsupported` when the layer has no such weight */
  weight(name: string): Tensor;
  hasWeight(name: string): boolean;
  /** Subtracts `delta` from a fixed weight (a moving average) at the end of the step. */
  subtractLater(weight: string, delta: Tensor): void;
  /** 1 / (1 - rate) where an activation stays, else 0. `use` (from 0) sets several masks of one layer apart. */
  dropoutMask(like: Tensor, rate: number, use?: number): Tensor;
  /** Tells that a mask would change what is computed, and there is none. */
  needsMask(): void;
  /** The operations of a layer within this one (a wrapper's). */
  emit(layer: tf.layers.Layer, inputs: readonly Tensor[], options?: InnerCall): Tensor[];
}

export interface InnerCall {
  /** The batch is null; default: as the layer computes it. */
  outputShape?: Shape;
  masks?: readonly (Tensor | undefined)[];
  /** Default: as this layer. */
  training?: boolean;
}

/** Writes the operations of one call of a layer and gives its outputs. @throws DescentError `unsupported` */
export type LayerEmitter = (context: LayerContext) => Tensor | readonly Tensor[];

/** A fixed weight that changes by moving averages. */
export interface LaterSubtraction {
  variable: Variable;
  delta: Tensor;
}

export function unsupportedLayer(name: string, what: string): DescentError {
  return new DescentError('unsupported', `The layer "${name}" can't be compiled: ${what}.`, {
    subject: name,
    remedy: 'Train it with compile: eager.',
  });
}

/** The fields of a layer's configuration, checked for what the emitters know. */
export function setting<Value>(context: LayerContext, name: string): Value {
  return context.config[name] as Value;
}

/** @throws DescentError `unsupported` for channels first */
export function requireChannelsLast(context: LayerContext): void {
  const format = context.config.dataFormat;
  if (format !== undefined && format !== null && format !== 'channelsLast')
    throw unsupportedLayer(context.name, `it wants the data format ${String(format)}`);
}

export function paddingOf(context: LayerContext): 'SAME' | 'VALID' {
  const padding = setting<string | undefined>(context, 'padding') ?? 'valid';
  if (padding === 'same') return 'SAME';
  if (padding === 'valid') return 'VALID';
  throw unsupportedLayer(context.name, `it wants the padding ${padding}`);
}

/** One number for both axes, or a pair. */
export function pairOf(value: unknown): [number, number] {
  return Array.isArray(value) ? [Number(value[0]), Number(value.at(-1))] : [Number(value), Number(value)];
}

/** Sizes for Reshape: the batch is left open. @throws DescentError `unsupported` when another size is unknown */
export function openBatch(context: LayerContext): number[] {
  const rest = context.outputShape?.slice(1);
  if (!rest || rest.some((size) => size === null))
    throw unsupportedLayer(context.name, 'the shape of its output is not known');
  return [-1, ...(rest as number[])];
}

export function configOf(layer: tf.layers.Layer): Readonly<Record<string, unknown>> {
  return layer.getConfig() as Record<string, unknown>;
}
