import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../../contract/errors';
import { Graph } from '../../../graph/graph';
import type { Tensor } from '../../../graph/operation';
import * as ops from '../../../graph/operations';
import { GraphSession, type PreparedCall } from '../../../graph/session/session';
import { LoadedSavedModel } from './loaded-saved-model';

/** Texts stand as `{ name }`: TF.js rewrites the capitals and underscores of all others in a saved model. */
interface Text {
  name: string;
}

/** What model.json says of a base that is a SavedModel. */
export interface SavedModelBaseConfig {
  name?: string;
  /** Of the SavedModel's files. */
  sha256: string;
  /** The folder in the cache that it was read from. */
  directory: Text;
  /** What the person named: a folder, file or address. */
  source: Text;
  /** The function that is called: `__call__` or a signature. */
  signature: Text;
  /** Of one example. */
  outputShape: number[];
}

/**
 * A frozen base that can't be taken apart into layers: calls a function of a SavedModel, whose weights stay in its files. Pictures
 * float32 [batch, height, width, channels] to features float32 [batch, ...outputShape]. Runs on the native engine.
 */
export class SavedModelBase extends tf.layers.Layer {
  /** @nocollapse */
  static className = 'SavedModelBase';
  readonly loaded: LoadedSavedModel;
  readonly settings: SavedModelBaseConfig;
  private session: { session: GraphSession; call: PreparedCall<{ features: Tensor }> } | undefined;

  /** @throws DescentError `internal` when the SavedModel was not opened before */
  constructor(config: SavedModelBaseConfig) {
    const { sha256, directory, source, signature, outputShape, ...others } = config;
    super({ ...others, trainable: false } as ConstructorParameters<typeof tf.layers.Layer>[0]);
    const loaded = LoadedSavedModel.find(sha256);
    if (!loaded)
      throw new DescentError('internal', `The SavedModel ${source.name} was not opened before its model.`, {
        subject: source.name,
      });
    this.loaded = loaded;
    this.settings = { sha256, directory, source, signature, outputShape };
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const [batch] = (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as tf.Shape;
    return [batch ?? null, ...this.settings.outputShape];
  }

  /** Operations of a graph that compute what `call` computes. */
  emit(graph: Graph, inputs: Tensor): Tensor {
    const { sha256, outputShape } = this.settings;
    const features = ops.ensureShape(this.loaded.emit(graph, inputs), [null, ...outputShape]);
    // Whoever compares graphs (kept features) sees by the name that the weights are others.
    return graph.op('Identity', [features], {}, { name: `sha256_${sha256.slice(0, 32)}` }).output;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const input = Array.isArray(inputs) ? inputs[0]! : inputs;
    this.session ??= this.open(input.shape.slice(1));
    const { data, shape } = this.session.call.run(input).features;
    return tf.tensor(data as Float32Array, [...shape], 'float32');
  }

  private open(shape: readonly number[]) {
    const graph = new Graph();
    const pictures = graph.placeholder('float32', [null, ...shape], 'pictures');
    const features = this.emit(graph, pictures);
    const session = GraphSession.loadNow(graph);
    return { session, call: session.prepare({ features }, [pictures]) };
  }

  override dispose(): ReturnType<tf.layers.Layer['dispose']> {
    this.session?.session.dispose();
    this.session = undefined;
    return super.dispose();
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.settings } as unknown as tf.serialization.ConfigDict;
  }
}
tf.serialization.registerClass(SavedModelBase);
