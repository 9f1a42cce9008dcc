import * as tf from '@tensorflow/tfjs';
import { LayerSettings } from './layer-settings';
import type { KerasLayer } from './model-config';
import { type OwnedWeight, ownerOf, type WeightOwner } from './weight-owners';

type Symbolic = tf.SymbolicTensor;

/** A Keras layer as TF.js layers. */
export interface MadeLayer {
  /** Calls it once more on the same weights. */
  call(inputs: readonly Symbolic[]): Symbolic;
  /** Its weights as Keras stores them; after the first call. */
  owner(): WeightOwner;
}

export interface MakeContext {
  file: string;
  kerasVersion: 2 | 3;
  /** The name of a TF.js layer, unique in the model that it is put into. `within`: the nested model that it is in. */
  nameOf(wanted: string, within?: string): string;
}

/** Layers that do nothing but while training; a base runs in inference mode. (Dropout stays: it is counted as a layer.) */
const inert = new Set([
  'ActivityRegularization',
  'AlphaDropout',
  'GaussianDropout',
  'GaussianNoise',
  'Identity',
  'RandomBrightness',
  'RandomContrast',
  'RandomCrop',
  'RandomFlip',
  'RandomHeight',
  'RandomRotation',
  'RandomTranslation',
  'RandomWidth',
  'RandomZoom',
  'SpatialDropout1D',
  'SpatialDropout2D',
  'SpatialDropout3D',
]);

/**
 * Makes a Keras layer (not an input, not a model). Initializers, regularizers and constraints are left out: the weights come
 * from the file.
 * @throws DescentError `bad-input` naming the layer: of an unknown class, or with settings that can't be computed
 */
export function makeLayer(layer: KerasLayer, context: MakeContext): MadeLayer {
  const settings = new LayerSettings(layer, context.file, context.kerasVersion);
  if (inert.has(layer.className)) return new Inert(layer);
  checkPrecision(layer, settings);
  const special = specials[layer.className];
  if (special && Object.hasOwn(specials, layer.className)) return special(layer, settings, context);
  return new Single(layer, [plainLayer(layer, settings, context.nameOf(layer.name), context)]);
}

function plainLayer(
  layer: KerasLayer,
  settings: LayerSettings,
  name: string,
  context: MakeContext,
): tf.layers.Layer {
  const make = Object.hasOwn(makers, layer.className) ? makers[layer.className] : undefined;
  if (!make) throw settings.refuse(unknownClass(layer.className));
  return make(settings, name, layer, context);
}

function unknownClass(className: string): string {
  if (/Lambda/.test(className)) return 'holds Python code, which can’t be read from a file: make it a layer';
  return 'is of a class that Descent does not know';
}

/** Weights of fewer bits are read as float32; whole-number weights mean other arithmetic. */
function checkPrecision({ config }: KerasLayer, settings: LayerSettings): void {
  const text = JSON.stringify(config.dtype ?? '');
  if (/Quantized|int8|int4|float8/.test(text))
    throw settings.refuse('is quantized, which Descent can’t compute');
}

class Inert implements MadeLayer {
  constructor(private readonly layer: KerasLayer) {}

  call([input]: readonly Symbolic[]): Symbolic {
    return input!;
  }

  owner(): WeightOwner {
    return { name: this.layer.name, className: this.layer.className, weights: [] };
  }
}

/** One TF.js layer, or several in a row of which the first has the weights. */
class Single implements MadeLayer {
  constructor(
    private readonly layer: KerasLayer,
    private readonly chain: readonly tf.layers.Layer[],
  ) {}

  call(inputs: readonly Symbolic[]): Symbolic {
    let current: Symbolic | Symbolic[] = inputs.length === 1 ? inputs[0]! : [...inputs];
    for (const layer of this.chain) current = layer.apply(current) as Symbolic;
    return current as Symbolic;
  }

  owner(): WeightOwner {
    return { ...ownerOf(this.chain[0]!, this.layer.name), className: this.layer.className };
  }
}

/**
 * y = gamma (x - mean) / sqrt(variance) + beta along the last axis, as a frozen BatchNormalization: a layer that every
 * reader of the format knows. Scale and offset are there because TF.js' gradient fails without them.
 */
class Affine implements MadeLayer {
  private readonly batchNormalization: tf.layers.Layer;

  constructor(
    private readonly layer: KerasLayer,
    name: string,
    private readonly values: { scale?: number[]; offset?: number[]; mean?: number[]; variance?: number[] },
    /** Weights in the file that give mean and variance. */
    private readonly stored: boolean,
    private readonly refuse: (what: string) => Error,
  ) {
    this.batchNormalization = tf.layers.batchNormalization({ epsilon: 0, trainable: false, name });
  }

  call([input]: readonly Symbolic[]): Symbolic {
    const wasBuilt = this.batchNormalization.built;
    const output = this.batchNormalization.apply(input!) as Symbolic;
    if (!wasBuilt) {
      const channels = input!.shape.at(-1)!;
      const { scale = [1], offset = [0], mean = [0], variance = [1] } = this.values;
      const weights = [scale, offset, mean, variance].map((list) => {
        if (list.length !== 1 && list.length !== channels)
          throw this.refuse(`has ${list.length} numbers for ${channels} channels`);
        return tf.tensor1d(list.length === 1 ? new Array<number>(channels).fill(list[0]!) : list);
      });
      this.batchNormalization.setWeights(weights);
      tf.dispose(weights);
    }
    return output;
  }

  owner(): WeightOwner {
    const { name, className } = this.layer;
    if (!this.stored) return { name, className, weights: [] };
    const own = ownerOf(this.batchNormalization, name).weights;
    const named = (wanted: string) => own.find((weight) => weight.name.endsWith(wanted))!;
    const [mean, variance] = [named('moving_mean'), named('moving_variance')];
    const weights: OwnedWeight[] = [
      { ...mean, name: `${name}/mean` },
      {
        ...variance,
        name: `${name}/variance`,
        assign: (values) => variance.assign(values.map(atLeastEpsilon)),
      },
      { name: `${name}/count`, shape: [], trainable: false, assign: () => undefined },
    ];
    return { name, className, weights };
  }
}

/** Keras divides by max(sqrt(variance), 1e-7). */
function atLeastEpsilon(variance: number): number {
  return Math.max(variance, 1e-14);
}

type Special = (layer: KerasLayer, settings: LayerSettings, context: MakeContext) => MadeLayer;

const specials: Readonly<Record<string, Special>> = {
  Normalization: (layer, settings, { nameOf }) => {
    settings.only('invert', false);
    const axis = settings.axis(-1);
    const [mean, variance] = [settings.numbers('mean'), settings.numbers('variance')];
    if (axis !== -1 && axis !== 3) throw settings.refuse(`works along the axis ${axis}, not the last one`);
    return new Affine(
      layer,
      nameOf(layer.name),
      { mean, variance: variance?.map(atLeastEpsilon) },
      mean === undefined,
      (what) => settings.refuse(what),
    );
  },
  Rescaling: (layer, settings, { nameOf }) => {
    const scale = settings.numbers('scale') ?? [1];
    const offset = settings.numbers('offset') ?? [0];
    const name = nameOf(layer.name);
    if (scale.length === 1 && offset.length === 1)
      return new Single(layer, [tf.layers.rescaling({ scale: scale[0]!, offset: offset[0]!, name })]);
    return new Affine(layer, name, { scale, offset }, false, (what) => settings.refuse(what));
  },
  GlobalAveragePooling2D: (layer, settings, { nameOf }) =>
    globalPooling(layer, settings, nameOf, tf.layers.globalAveragePooling2d),
  GlobalMaxPooling2D: (layer, settings, { nameOf }) =>
    globalPooling(layer, settings, nameOf, tf.layers.globalMaxPooling2d),
};

/** With `keepdims` the sides stay, as 1: a reshape behind the pooling. */
function globalPooling(
  layer: KerasLayer,
  settings: LayerSettings,
  nameOf: MakeContext['nameOf'],
  pooling: typeof tf.layers.globalAveragePooling2d,
): MadeLayer {
  settings.only('data_format', 'channels_last');
  const pool = pooling({ name: nameOf(layer.name) });
  if (!settings.boolean('keepdims', false)) return new Single(layer, [pool]);
  return new (class extends Single {
    private reshape: tf.layers.Layer | undefined;
    override call([input]: readonly Symbolic[]): Symbolic {
      const pooled = pool.apply(input!) as Symbolic;
      this.reshape ??= tf.layers.reshape({
        targetShape: [1, 1, pooled.shape.at(-1)!],
        name: nameOf(`${layer.name}_keepdims`),
      });
      return this.reshape.apply(pooled) as Symbolic;
    }
  })(layer, [pool]);
}

type Maker = (
  settings: LayerSettings,
  name: string,
  layer: KerasLayer,
  context: MakeContext,
) => tf.layers.Layer;

/** Zeros come quicker than random numbers. */
const zeros = 'zeros';
const paddings = ['valid', 'same'] as const;

function convolution(settings: LayerSettings, dimensions: number) {
  settings.only('data_format', 'channels_last');
  settings.only('groups', 1);
  settings.only('lora_rank');
  return {
    kernelSize: settings.sizes('kernel_size', dimensions),
    strides: settings.sizes('strides', dimensions, 1),
    padding: settings.text('padding', paddings, 'valid'),
    dilationRate: settings.sizes('dilation_rate', dimensions, 1),
    // TF.js' type names fewer activations than it has.
    activation: settings.activation() as 'relu',
    useBias: settings.boolean('use_bias', true),
    kernelInitializer: zeros,
    biasInitializer: zeros,
  } as const;
}

const convolve =
  (
    dimensions: 1 | 2 | 3,
    make: (settings: ReturnType<typeof convolution> & { filters: number; name: string }) => tf.layers.Layer,
  ): Maker =>
  (settings, name) =>
    make({ ...convolution(settings, dimensions), filters: settings.count('filters'), name });

const transposed =
  (dimensions: 2 | 3): Maker =>
  (settings, name) => {
    settings.only('output_padding');
    const own = convolution(settings, dimensions);
    if (own.dilationRate.some((rate) => rate !== 1))
      throw settings.refuse('is dilated, which Descent can’t compute');
    const { dilationRate: _, ...common } = { ...own, filters: settings.count('filters'), name };
    return dimensions === 2
      ? tf.layers.conv2dTranspose(common as never)
      : tf.layers.conv3dTranspose(common as never);
  };

const pooling =
  (
    dimensions: 1 | 2 | 3,
    make: (settings: {
      poolSize: number[];
      strides: number[];
      padding: 'valid' | 'same';
      name: string;
    }) => tf.layers.Layer,
  ): Maker =>
  (settings, name) => {
    settings.only('data_format', 'channels_last');
    const poolSize = settings.sizes('pool_size', dimensions, 2);
    return make({
      poolSize,
      strides: settings.has('strides') ? settings.sizes('strides', dimensions) : poolSize,
      padding: settings.text('padding', paddings, 'valid'),
      name,
    });
  };

const named =
  (make: (settings: { name: string }) => tf.layers.Layer): Maker =>
  (settings, name) => {
    settings.only('data_format', 'channels_last');
    settings.only('keepdims', false);
    return make({ name });
  };

function recurrent(settings: LayerSettings, name: string) {
  for (const refused of ['return_state', 'stateful', 'time_major']) settings.only(refused, false);
  return {
    units: settings.count('units'),
    activation: settings.activation() as 'tanh',
    useBias: settings.boolean('use_bias', true),
    returnSequences: settings.boolean('return_sequences', false),
    goBackwards: settings.boolean('go_backwards', false),
    kernelInitializer: zeros,
    recurrentInitializer: zeros,
    biasInitializer: zeros,
    name,
  } as const;
}

/** The layer within a wrapper. */
function inner(settings: LayerSettings, layer: KerasLayer, context: MakeContext): tf.layers.Layer {
  const value = layer.config.layer as { class_name?: unknown; config?: Record<string, unknown> } | undefined;
  if (typeof value?.class_name !== 'string' || typeof value.config !== 'object' || value.config === null)
    throw settings.refuse('wraps no layer');
  const wrapped: KerasLayer = {
    className: value.class_name,
    name: `${layer.name}/${value.class_name}`,
    config: value.config,
    calls: [],
  };
  const name = typeof value.config.name === 'string' ? value.config.name : value.class_name.toLowerCase();
  const own = new LayerSettings(wrapped, context.file, context.kerasVersion);
  return plainLayer(wrapped, own, name.replace(/[^\w.-]/g, '_'), context);
}

const makers: Readonly<Record<string, Maker>> = {
  Dense: (settings, name) => {
    settings.only('lora_rank');
    return tf.layers.dense({
      units: settings.count('units'),
      activation: settings.activation() as 'relu',
      useBias: settings.boolean('use_bias', true),
      kernelInitializer: zeros,
      name,
    });
  },
  Conv1D: convolve(1, (settings) => tf.layers.conv1d(settings as never)),
  Conv2D: convolve(2, (settings) => tf.layers.conv2d(settings as never)),
  Conv3D: convolve(3, (settings) => tf.layers.conv3d(settings as never)),
  Conv2DTranspose: transposed(2),
  Conv3DTranspose: transposed(3),
  DepthwiseConv2D: (settings, name) => {
    const { kernelInitializer: _, ...common } = convolution(settings, 2);
    return tf.layers.depthwiseConv2d({
      ...(common as unknown as { kernelSize: [number, number] }),
      depthMultiplier: settings.count('depth_multiplier', 1),
      depthwiseInitializer: zeros,
      name,
    });
  },
  SeparableConv2D: (settings, name) => {
    const { kernelInitializer: _, ...common } = convolution(settings, 2);
    return tf.layers.separableConv2d({
      ...(common as unknown as { kernelSize: [number, number] }),
      filters: settings.count('filters'),
      depthMultiplier: settings.count('depth_multiplier', 1),
      depthwiseInitializer: zeros,
      pointwiseInitializer: zeros,
      name,
    });
  },
  BatchNormalization: (settings, name) => {
    settings.only('renorm', false);
    return tf.layers.batchNormalization({
      axis: settings.axis(-1),
      momentum: settings.number('momentum', 0.99),
      epsilon: settings.number('epsilon', 0.001),
      center: settings.boolean('center', true),
      scale: settings.boolean('scale', true),
      name,
    });
  },
  LayerNormalization: (settings, name) => {
    settings.only('rms_scaling', false);
    return tf.layers.layerNormalization({
      axis: settings.axis(-1),
      epsilon: settings.number('epsilon', 0.001),
      center: settings.boolean('center', true),
      scale: settings.boolean('scale', true),
      name,
    });
  },
  Activation: (settings, name) => tf.layers.activation({ activation: settings.activation() as 'relu', name }),
  ReLU: (settings, name) => {
    settings.only('threshold', 0);
    const slope = settings.number('negative_slope', 0);
    if (slope === 0)
      return tf.layers.reLU({
        ...(settings.has('max_value') ? { maxValue: settings.number('max_value') } : {}),
        name,
      });
    settings.only('max_value');
    return tf.layers.leakyReLU({ alpha: slope, name });
  },
  LeakyReLU: (settings, name) =>
    tf.layers.leakyReLU({ alpha: settings.number('negative_slope', settings.number('alpha', 0.3)), name }),
  PReLU: (settings, name) =>
    tf.layers.prelu({ sharedAxes: settings.numbers('shared_axes'), alphaInitializer: zeros, name }),
  ELU: (settings, name) => tf.layers.elu({ alpha: settings.number('alpha', 1), name }),
  ThresholdedReLU: (settings, name) =>
    tf.layers.thresholdedReLU({ theta: settings.number('theta', 1), name }),
  Softmax: (settings, name) => tf.layers.softmax({ axis: settings.axis(-1), name }),
  Dropout: (settings, name) => tf.layers.dropout({ rate: settings.number('rate'), name }),
  Flatten: named((settings) => tf.layers.flatten(settings)),
  Reshape: (settings, name) =>
    tf.layers.reshape({ targetShape: settings.numbers('target_shape') ?? [], name }),
  Permute: (settings, name) => tf.layers.permute({ dims: settings.numbers('dims') ?? [], name }),
  RepeatVector: (settings, name) => tf.layers.repeatVector({ n: settings.count('n'), name }),
  ZeroPadding2D: (settings, name) => {
    settings.only('data_format', 'channels_last');
    return tf.layers.zeroPadding2d({ padding: settings.margins('padding'), name });
  },
  Cropping2D: (settings, name) => {
    settings.only('data_format', 'channels_last');
    return tf.layers.cropping2D({ cropping: settings.margins('cropping'), name });
  },
  UpSampling2D: (settings, name) => {
    settings.only('data_format', 'channels_last');
    settings.only('interpolation', 'nearest');
    return tf.layers.upSampling2d({ size: settings.sizes('size', 2, 2), name });
  },
  MaxPooling1D: pooling(1, (settings) => tf.layers.maxPooling1d(settings as never)),
  MaxPooling2D: pooling(2, (settings) => tf.layers.maxPooling2d(settings as never)),
  MaxPooling3D: pooling(3, (settings) => tf.layers.maxPooling3d(settings as never)),
  AveragePooling1D: pooling(1, (settings) => tf.layers.averagePooling1d(settings as never)),
  AveragePooling2D: pooling(2, (settings) => tf.layers.averagePooling2d(settings as never)),
  AveragePooling3D: pooling(3, (settings) => tf.layers.averagePooling3d(settings as never)),
  GlobalAveragePooling1D: named((settings) => tf.layers.globalAveragePooling1d(settings)),
  GlobalMaxPooling1D: named((settings) => tf.layers.globalMaxPooling1d(settings)),
  Add: named((settings) => tf.layers.add(settings)),
  Multiply: named((settings) => tf.layers.multiply(settings)),
  Average: named((settings) => tf.layers.average(settings)),
  Maximum: named((settings) => tf.layers.maximum(settings)),
  Minimum: named((settings) => tf.layers.minimum(settings)),
  Concatenate: (settings, name) => tf.layers.concatenate({ axis: settings.axis(-1), name }),
  Embedding: (settings, name) =>
    tf.layers.embedding({
      inputDim: settings.count('input_dim'),
      outputDim: settings.count('output_dim'),
      ...(settings.boolean('mask_zero', false) ? { maskZero: true } : {}),
      embeddingsInitializer: zeros,
      name,
    }),
  Masking: (settings, name) => tf.layers.masking({ maskValue: settings.number('mask_value', 0), name }),
  SimpleRNN: (settings, name) => tf.layers.simpleRNN(recurrent(settings, name)),
  LSTM: (settings, name) =>
    tf.layers.lstm({
      ...recurrent(settings, name),
      recurrentActivation: settings.activation('recurrent_activation') as 'sigmoid',
      unitForgetBias: false,
    }),
  GRU: (settings, name) => {
    if (settings.boolean('reset_after', true))
      throw settings.refuse(
        'has reset_after=True, for which TF.js has no layer; retrain with reset_after=False',
      );
    return tf.layers.gru({
      ...recurrent(settings, name),
      recurrentActivation: settings.activation('recurrent_activation') as 'sigmoid',
    });
  },
  Bidirectional: (settings, name, layer, context) => {
    const wrapped = inner(settings, layer, context);
    const mode = layer.config.merge_mode ?? null;
    if (mode === null) throw settings.refuse('gives both directions apart, which Descent can’t compute');
    return tf.layers.bidirectional({
      layer: wrapped as tf.RNN,
      mergeMode: settings.text('merge_mode', ['concat', 'sum', 'mul', 'ave'] as const),
      name,
    });
  },
  TimeDistributed: (settings, name, layer, context) =>
    tf.layers.timeDistributed({ layer: inner(settings, layer, context), name }),
};
