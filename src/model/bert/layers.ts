import * as tf from '@tensorflow/tfjs';

type Sizes = (number | null)[];

/** A dropout mask of a layer: 1 / (1 - rate) where a value stays, else 0. `use` sets several masks of one layer apart. */
export type DrawMask = (use: number, shape: number[], rate: number) => tf.Tensor;

/** Added to the scores of places that don't count: their share is 0 in float32. */
const excluded = -1e9;

/**
 * A layer of BERT. As hub.KerasLayer does, it runs in inference mode while it is frozen: `trainable` false switches its
 * dropout off.
 */
export abstract class BertLayer extends tf.layers.Layer {
  /** Set by who trains the model; without it masks come from TF.js. */
  drawMask: DrawMask | undefined;
  private readonly own = new Map<string, { read(): tf.Tensor }>();

  protected weight(name: string, shape: number[], initializer: 'zeros' | 'ones' = 'zeros'): void {
    this.own.set(name, this.addWeight(name, shape, 'float32', tf.initializers[initializer]()));
  }

  protected read(name: string): tf.Tensor {
    return this.own.get(name)!.read();
  }

  protected dropped(x: tf.Tensor, rate: number, use: number, kwargs: { training?: boolean }): tf.Tensor {
    if (kwargs.training !== true || !this.trainable || rate === 0) return x;
    if (this.drawMask) return tf.mul(x, this.drawMask(use, x.shape, rate));
    return tf.dropout(x, rate);
  }

  protected normalized(x: tf.Tensor, name: string, epsilon: number): tf.Tensor {
    const mean = tf.mean(x, -1, true);
    const centred = tf.sub(x, mean);
    const variance = tf.mean(tf.square(centred), -1, true);
    const scaled = tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon)));
    return tf.add(tf.mul(scaled, this.read(`${name}gamma`)), this.read(`${name}beta`));
  }
}

export interface BertEmbeddingsConfig {
  name?: string;
  vocabularySize: number;
  hiddenSize: number;
  positions: number;
  types: number;
  epsilon: number;
  dropout: number;
}

/**
 * Ids int32 [batch, length], or they and types int32 [batch, length], -> float32 [batch, length, hidden]: the sum of the
 * vectors of piece, place and type, normalised. Without types all are 0.
 */
export class BertEmbeddings extends BertLayer {
  static readonly className = 'BertEmbeddings';

  constructor(private readonly settings: BertEmbeddingsConfig) {
    super({ name: settings.name });
  }

  override build(shape: tf.Shape | tf.Shape[]): void {
    const { vocabularySize, positions, types, hiddenSize } = this.settings;
    this.weight('word_embeddings', [vocabularySize, hiddenSize]);
    this.weight('position_embeddings', [positions, hiddenSize]);
    this.weight('token_type_embeddings', [types, hiddenSize]);
    this.weight('gamma', [hiddenSize], 'ones');
    this.weight('beta', [hiddenSize]);
    super.build(shape);
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
    const [batch, length] = firstOf(shape);
    return [batch!, length!, this.settings.hiddenSize];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }): tf.Tensor {
    const { epsilon, dropout, hiddenSize } = this.settings;
    return tf.tidy(() => {
      const [ids, types] = [inputs].flat() as [tf.Tensor, tf.Tensor?];
      const length = ids.shape[1]!;
      const words = tf.gather(this.read('word_embeddings'), tf.cast(ids, 'int32'));
      const places = tf.slice(this.read('position_embeddings'), [0, 0], [length, hiddenSize]);
      const table = this.read('token_type_embeddings');
      const kinds = types
        ? tf.gather(table, tf.cast(types, 'int32'))
        : tf.reshape(tf.slice(table, [0, 0], [1, hiddenSize]), [hiddenSize]);
      const sum = tf.add(tf.add(words, kinds), places);
      return this.dropped(this.normalized(sum, '', epsilon), dropout, 0, kwargs);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.settings, name: this.name };
  }
}

/** Ids [batch, length] -> float32 [batch, 1, 1, length]: 0 for pieces, a very small number for padding. */
export class BertPaddingMask extends BertLayer {
  static readonly className = 'BertPaddingMask';

  constructor(private readonly settings: { name?: string; paddingId: number }) {
    super({ name: settings.name });
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
    const [batch, length] = firstOf(shape);
    return [batch!, 1, 1, length!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [ids] = [inputs].flat() as [tf.Tensor];
      const padding = tf.cast(tf.equal(ids, tf.scalar(this.settings.paddingId, ids.dtype)), 'float32');
      return tf.reshape(tf.mul(padding, excluded), [ids.shape[0]!, 1, 1, ids.shape[1]!]);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.settings, name: this.name };
  }
}

export interface BertEncoderLayerConfig {
  name?: string;
  hiddenSize: number;
  heads: number;
  intermediateSize: number;
  activation: 'gelu' | 'geluTanh' | 'relu';
  epsilon: number;
  dropout: number;
  attentionDropout: number;
}

/** What the masks of an encoder layer's dropout are for. */
export const encoderMaskUse = { attention: 0, projection: 1, output: 2 } as const;

/**
 * One block of the encoder: [batch, length, hidden] and the padding's mask [batch, 1, 1, length] -> [batch, length, hidden].
 * Self-attention and two dense layers, each with what went in added and normalised (A. Vaswani et al., "Attention is all you
 * need", 2017; norms behind, as in BERT). Queries, keys and values have one kernel [hidden, 3 hidden], in that order, the heads
 * one after the other.
 */
export class BertEncoderLayer extends BertLayer {
  static readonly className = 'BertEncoderLayer';

  constructor(private readonly settings: BertEncoderLayerConfig) {
    super({ name: settings.name });
  }

  override build(shape: tf.Shape | tf.Shape[]): void {
    const { hiddenSize, intermediateSize } = this.settings;
    this.weight('attention_kernel', [hiddenSize, 3 * hiddenSize]);
    this.weight('attention_bias', [3 * hiddenSize]);
    this.weight('projection_kernel', [hiddenSize, hiddenSize]);
    this.weight('projection_bias', [hiddenSize]);
    this.weight('attention_gamma', [hiddenSize], 'ones');
    this.weight('attention_beta', [hiddenSize]);
    this.weight('intermediate_kernel', [hiddenSize, intermediateSize]);
    this.weight('intermediate_bias', [intermediateSize]);
    this.weight('output_kernel', [intermediateSize, hiddenSize]);
    this.weight('output_bias', [hiddenSize]);
    this.weight('output_gamma', [hiddenSize], 'ones');
    this.weight('output_beta', [hiddenSize]);
    super.build(shape);
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
    return firstOf(shape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }): tf.Tensor {
    const { hiddenSize, intermediateSize, epsilon, dropout, activation } = this.settings;
    return tf.tidy(() => {
      const [x, mask] = inputs as [tf.Tensor, tf.Tensor];
      const [batch, length] = x.shape as [number, number, number];
      const whole = (rows: tf.Tensor) => tf.reshape(rows, [batch, length, hiddenSize]);
      const attended = this.dense(this.attention(x, mask, kwargs), 'projection');
      const projected = this.dropped(whole(attended), dropout, encoderMaskUse.projection, kwargs);
      const middle = this.normalized(tf.add(projected, x), 'attention_', epsilon);
      const wide = activate(this.dense(tf.reshape(middle, [-1, hiddenSize]), 'intermediate'), activation);
      const narrow = this.dense(tf.reshape(wide, [-1, intermediateSize]), 'output');
      const output = this.dropped(whole(narrow), dropout, encoderMaskUse.output, kwargs);
      return this.normalized(tf.add(output, middle), 'output_', epsilon);
    });
  }

  /** [batch * length, hidden]. */
  private attention(x: tf.Tensor, mask: tf.Tensor, kwargs: { training?: boolean }): tf.Tensor {
    const { hiddenSize, heads, attentionDropout } = this.settings;
    const [batch, length] = x.shape as [number, number, number];
    const size = hiddenSize / heads;
    const all = this.dense(tf.reshape(x, [-1, hiddenSize]), 'attention');
    const parts = tf.transpose(tf.reshape(all, [batch, length, 3, heads, size]), [2, 0, 3, 1, 4]);
    const [queries, keys, values] = tf.unstack(parts) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const scores = tf.matMul(tf.mul(queries, 1 / Math.sqrt(size)), keys, false, true);
    const shares = tf.softmax(tf.add(scores, mask));
    const kept = this.dropped(shares, attentionDropout, encoderMaskUse.attention, kwargs);
    return tf.reshape(tf.transpose(tf.matMul(kept, values), [0, 2, 1, 3]), [-1, hiddenSize]);
  }

  private dense(rows: tf.Tensor, name: string): tf.Tensor {
    return tf.add(tf.matMul(rows as tf.Tensor2D, this.read(`${name}_kernel`)), this.read(`${name}_bias`));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.settings, name: this.name };
  }
}

/** [batch, length, hidden] -> [batch, hidden]: a dense layer with tanh on the first piece, which BERT's pooled output is. */
export class BertPooler extends BertLayer {
  static readonly className = 'BertPooler';

  constructor(private readonly settings: { name?: string; hiddenSize: number }) {
    super({ name: settings.name });
  }

  override build(shape: tf.Shape | tf.Shape[]): void {
    const { hiddenSize } = this.settings;
    this.weight('kernel', [hiddenSize, hiddenSize]);
    this.weight('bias', [hiddenSize]);
    super.build(shape);
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
    return [firstOf(shape)[0]!, this.settings.hiddenSize];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { hiddenSize } = this.settings;
    return tf.tidy(() => {
      const [x] = [inputs].flat() as [tf.Tensor];
      const first = tf.reshape(tf.slice(x, [0, 0, 0], [x.shape[0]!, 1, hiddenSize]), [-1, hiddenSize]);
      return tf.tanh(tf.add(tf.matMul(first as tf.Tensor2D, this.read('kernel')), this.read('bias')));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.settings, name: this.name };
  }
}

/** [batch, length, hidden] and ids [batch, length] -> [batch, hidden]: the mean over the pieces that are no padding. */
export class BertMeanPooling extends BertLayer {
  static readonly className = 'BertMeanPooling';

  constructor(private readonly settings: { name?: string; paddingId: number }) {
    super({ name: settings.name });
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
    const sizes = firstOf(shape);
    return [sizes[0]!, sizes[2]!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [x, ids] = inputs as [tf.Tensor, tf.Tensor];
      const counts = tf.cast(tf.notEqual(ids, tf.scalar(this.settings.paddingId, ids.dtype)), 'float32');
      const sum = tf.sum(tf.mul(x, tf.expandDims(counts, -1)), 1);
      return tf.div(sum, tf.maximum(tf.sum(counts, 1, true), 1));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.settings, name: this.name };
  }
}

/** Formulas of Hugging Face's activations (transformers/activations.py). */
function activate(x: tf.Tensor, activation: BertEncoderLayerConfig['activation']): tf.Tensor {
  if (activation === 'relu') return tf.relu(x);
  const inner =
    activation === 'gelu'
      ? tf.erf(tf.mul(x, Math.SQRT1_2))
      : tf.tanh(tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI)));
  return tf.mul(tf.mul(x, 0.5), tf.add(inner, 1));
}

function firstOf(shape: tf.Shape | tf.Shape[]): Sizes {
  return (Array.isArray(shape[0]) ? shape[0] : shape) as Sizes;
}

/** Makes the layers known to tf.loadLayersModel; may be called again. */
export function registerBertLayers(): void {
  for (const layer of [BertEmbeddings, BertPaddingMask, BertEncoderLayer, BertPooler, BertMeanPooling])
    tf.serialization.registerClass(
      layer as unknown as tf.serialization.SerializableConstructor<tf.serialization.Serializable>,
    );
}

/** Class names of the layers above. */
export const bertLayerNames: readonly string[] = [
  BertEmbeddings,
  BertPaddingMask,
  BertEncoderLayer,
  BertPooler,
  BertMeanPooling,
].map(({ className }) => className);
