import { z } from 'zod';
import type { DatasetKind, datasetKinds } from './dataset';
import { parseLayerFactors } from './layer-learning-rates';
import { lossNames } from './losses';

export const presetNames = [
  'linear',
  'mlp',
  'small-cnn',
  'mobilenet-like',
  'efficientnet-lite0',
  'mobilenet-v2',
  'resnet50',
  'keras',
  'saved-model',
  'hub',
  'text-bag',
  'text-lstm',
  'glove',
  'tfidf',
  'bert',
] as const;
export const presetName = z.enum(presetNames);
export type PresetName = z.infer<typeof presetName>;

/** Presets that begin from a pretrained base, on which a head is trained. */
export const pretrainedPresets: readonly PresetName[] = [
  'efficientnet-lite0',
  'mobilenet-v2',
  'resnet50',
  'keras',
  'saved-model',
  'hub',
  'glove',
  'bert',
];

/** Widths for which there are pretrained weights of MobileNetV2. */
export const mobileNetAlphas = ['0.35', '0.5', '0.75', '1', '1.3', '1.4'] as const;

/** Presets that are read from a place: the file, folder or address that `base` names. */
export const placedPresets: readonly PresetName[] = ['keras', 'saved-model', 'hub', 'bert'];

/** Presets whose pretrained base is made of layers, the last of which can be fine-tuned. */
const basesOfLayers: readonly string[] = ['efficientnet-lite0', 'mobilenet-v2', 'resnet50', 'keras', 'bert'];
export const fineTunedPresets: readonly PresetName[] = presetNames.filter((name) =>
  basesOfLayers.includes(name),
);

/** What settings are about, in the order in which they are shown. */
export const hyperparameterGroups = [
  'model',
  'optimizer',
  'loss',
  'schedule',
  'regularization',
  'data',
  'augmentation',
  'computation',
  'recording',
] as const;

/** What the form, the command line and run.json say about one hyper-parameter; the schema itself gives default and range. */
export interface HyperparameterMeta {
  /** Keras' name for the same thing, where it has one. */
  keras?: string;
  unit?: string;
  group: (typeof hyperparameterGroups)[number];
  /** Data kinds that use it; absent: all. */
  kinds?: readonly DatasetKind[];
  /** Presets that use it; absent: all. */
  presets?: readonly PresetName[];
  /** Shown without opening "All settings". */
  basic?: boolean;
  /** Text: an example of what may be written. */
  placeholder?: string;
  /** One sentence. */
  description: string;
}

export const optimizerNames = ['sgd', 'momentum', 'nesterov', 'adam', 'adamw', 'rmsprop', 'adagrad'] as const;

/** A longer trace says no more, and takes long to open. */
export const maximumProfiledSteps = 500;

/** What is wrong with a text of layer=factor; undefined when nothing is. */
function problemOf(text: string): string | undefined {
  try {
    parseLayerFactors(text);
    return undefined;
  } catch (problem) {
    return (problem as Error).message;
  }
}

const isReadable = (text: string) => problemOf(text) === undefined;

const images = ['images'] as const satisfies readonly DatasetKind[];

export const hyperparameters = z.object({
  model: presetName
    .default('small-cnn')
    .meta({ group: 'model', basic: true, description: 'What is trained.' }),
  base: z.string().max(4096).default('').meta({
    group: 'model',
    presets: placedPresets,
    basic: true,
    placeholder: '/models/base.h5',
    description: 'The file, folder or address that the pretrained base is read from.',
  }),
  baseOutput: z
    .string()
    .max(1000)
    .default('')
    .meta({
      group: 'model',
      keras: 'base.get_layer(name).output',
      presets: ['keras'],
      placeholder: 'conv5_block3_out',
      description:
        'The layer of the base whose output the head is trained on; empty: the one before its classifier.',
    }),
  basePixels: z
    .enum(['auto', 'none', 'unit', 'tf', 'caffe', 'torch'])
    .default('auto')
    .meta({
      group: 'model',
      keras: 'preprocess_input(mode)',
      presets: ['keras'],
      description:
        'How the base wants its pixels. none: 0 to 255; unit: 0 to 1; tf: -1 to 1; caffe: blue first, less ImageNet’s means; torch: by ImageNet’s means and deviations.',
    }),
  epochs: z.number().int().min(1).max(100_000).default(10).meta({
    group: 'optimizer',
    keras: 'epochs',
    unit: 'epochs',
    basic: true,
    description: 'How many times every training example is seen.',
  }),
  fineTuneEpochs: z.number().int().min(0).max(100_000).default(0).meta({
    group: 'optimizer',
    keras: 'fit(initial_epoch)',
    unit: 'epochs',
    presets: fineTunedPresets,
    basic: true,
    description:
      'Epochs that follow on those of the head, in which the last layers of the base are trained, too; 0: none.',
  }),
  fineTuneLayers: z.number().int().min(0).max(10_000).default(0).meta({
    group: 'optimizer',
    keras: 'base_model.layers[-n:]',
    unit: 'layers',
    presets: fineTunedPresets,
    basic: true,
    description: 'How many of the base’s last layers are fine-tuned; batch normalization stays as it is.',
  }),
  fineTuneLearningRate: z.number().positive().max(100).default(0.00001).meta({
    group: 'optimizer',
    keras: 'Adam(learning_rate)',
    presets: fineTunedPresets,
    basic: true,
    description: 'The learning rate while the base is fine-tuned.',
  }),
  batchSize: z.number().int().min(1).max(65_536).default(32).meta({
    group: 'optimizer',
    keras: 'batch_size',
    unit: 'examples',
    basic: true,
    description: 'Examples in one step.',
  }),
  optimizer: z.enum(optimizerNames).default('adam').meta({
    group: 'optimizer',
    keras: 'optimizer',
    description: 'The rule that turns gradients into weight changes.',
  }),
  learningRate: z.number().positive().max(100).default(0.001).meta({
    group: 'optimizer',
    keras: 'learning_rate',
    basic: true,
    description: 'The size of a step along the gradient.',
  }),
  layerLearningRates: z
    .string()
    .max(2000)
    .refine(isReadable, { error: ({ input }) => problemOf(input as string) })
    .default('')
    .meta({
      group: 'optimizer',
      keras: 'layer.trainable',
      placeholder: 'conv2d*=0, dense=0.1',
      description:
        'Factors on the learning rate of layers, as layer=factor, with * for any characters; 0 freezes; empty: all 1.',
    }),
  momentum: z.number().min(0).max(1).default(0.9).meta({
    group: 'optimizer',
    keras: 'momentum',
    description: 'Share of the last update that is carried on (momentum, nesterov).',
  }),
  clipNorm: z.number().min(0).max(1_000_000).default(0).meta({
    group: 'optimizer',
    keras: 'global_clipnorm',
    description: 'All gradients are scaled together so that their norm is at most this; 0: off.',
  }),
  clipValue: z.number().min(0).max(1_000_000).default(0).meta({
    group: 'optimizer',
    keras: 'clipvalue',
    description:
      'Every element of a gradient is limited to this, either way; 0: off. Without effect beside a limit on the norm.',
  }),
  accumulateSteps: z.number().int().min(1).max(10_000).default(1).meta({
    group: 'optimizer',
    keras: 'gradient_accumulation_steps',
    unit: 'steps',
    description: 'Steps whose mean gradient makes one update: a larger batch in the same memory.',
  }),
  emaMomentum: z.number().min(0).max(0.999999).default(0).meta({
    group: 'optimizer',
    keras: 'use_ema, ema_momentum',
    description:
      'Share of the moving average of the weights that an update keeps. The average is what is evaluated and saved; 0: off.',
  }),
  schedule: z.enum(['constant', 'cosine', 'step', 'exponential']).default('constant').meta({
    group: 'schedule',
    keras: 'LearningRateSchedule',
    description: 'How the learning rate changes during the run.',
  }),
  warmupSteps: z.number().int().min(0).max(1_000_000).default(0).meta({
    group: 'schedule',
    keras: 'warmup_steps',
    unit: 'steps',
    description: 'Steps over which the learning rate rises linearly from 0.',
  }),
  decayEpochs: z.number().int().min(1).max(100_000).default(5).meta({
    group: 'schedule',
    keras: 'decay_steps',
    unit: 'epochs',
    description: 'Epochs between decays (step, exponential).',
  }),
  decayRate: z.number().min(0.0001).max(1).default(0.5).meta({
    group: 'schedule',
    keras: 'decay_rate',
    description: 'Factor of each decay (step, exponential).',
  }),
  seed: z.number().int().min(0).max(0x7fffffff).default(42).meta({
    group: 'optimizer',
    keras: 'set_random_seed',
    description: 'Makes the run repeatable: initial weights, order, augmentation, dropout.',
  }),
  compile: z.enum(['auto', 'graph', 'eager', 'xla']).default('auto').meta({
    group: 'computation',
    keras: 'compile(run_eagerly=False)',
    description:
      'graph: a step is one TensorFlow graph; eager: operation by operation; auto: graph where it can; xla: compiled by XLA (jit_compile), which took 1.4 to 16 times the time of graph on a processor in Descent’s measurements.',
  }),
  loss: z.enum(lossNames).default('auto').meta({
    group: 'loss',
    keras: 'loss',
    description:
      'What training makes small. auto: cross-entropy for classes, mean squared error for numbers. binary-crossentropy judges each class by itself.',
  }),
  huberDelta: z.number().min(0.0001).max(1000).default(1).meta({
    group: 'loss',
    keras: 'Huber(delta)',
    description: 'Huber: errors above it count linearly, in standard deviations of the target.',
  }),
  fastMath: z.enum(['off', 'on', 'auto']).default('off').meta({
    group: 'computation',
    keras: 'ONEDNN_DEFAULT_FPMATH_MODE=BF16',
    description:
      'Convolutions and products in bfloat16 on processors that have it; auto: where the losses of the first steps allow it.',
  }),
  threads: z.number().int().min(0).max(256).default(0).meta({
    group: 'computation',
    keras: 'intra_op_parallelism_threads',
    unit: 'threads',
    description:
      'How many threads an operation may use; 0: one a core, or a single one where steps are too small to share.',
  }),
  classWeights: z.enum(['none', 'balanced']).default('none').meta({
    group: 'loss',
    keras: 'class_weight',
    description: 'balanced: examples of rare classes weigh more.',
  }),
  labelSmoothing: z.number().min(0).max(0.5).default(0).meta({
    group: 'loss',
    keras: 'label_smoothing',
    description: 'Share of the target that is spread over all classes (cross-entropies).',
  }),
  earlyStoppingPatience: z.number().int().min(0).max(10_000).default(0).meta({
    group: 'optimizer',
    keras: 'EarlyStopping(patience)',
    unit: 'epochs',
    description: 'Stop after this many epochs without a better validation loss; 0: never.',
  }),
  dropout: z.number().min(0).max(0.95).default(0.25).meta({
    group: 'regularization',
    keras: 'rate',
    description: 'Share of activations set to zero while training.',
  }),
  l1: z.number().min(0).max(1).default(0).meta({
    group: 'regularization',
    keras: 'kernel_regularizer=l1',
    description: 'Weight of the absolute-weights penalty.',
  }),
  l2: z.number().min(0).max(1).default(0).meta({
    group: 'regularization',
    keras: 'kernel_regularizer=l2',
    description: 'Weight of the squared-weights penalty.',
  }),
  weightDecay: z.number().min(0).max(10).default(0).meta({
    group: 'regularization',
    keras: 'weight_decay',
    description:
      'Share of every weight, times the learning rate, that an update takes off; 0: none, with AdamW 0.004.',
  }),
  hiddenUnits: z
    .number()
    .int()
    .min(1)
    .max(8192)
    .default(64)
    .meta({
      group: 'model',
      keras: 'units',
      unit: 'units',
      presets: ['mlp', 'small-cnn', 'text-bag', 'text-lstm'],
      description: 'Units of each hidden layer.',
    }),
  headUnits: z.number().int().min(0).max(8192).default(0).meta({
    group: 'model',
    keras: 'Dense(units, "relu")',
    unit: 'units',
    presets: pretrainedPresets,
    description: 'Units of a hidden layer between the pretrained base and the last layer; 0: none.',
  }),
  alpha: z
    .enum(mobileNetAlphas)
    .default('1')
    .meta({
      group: 'model',
      keras: 'alpha',
      kinds: images,
      presets: ['mobilenet-v2'],
      description: 'Factor on the number of MobileNetV2’s filters.',
    }),
  hiddenLayers: z
    .number()
    .int()
    .min(0)
    .max(20)
    .default(2)
    .meta({ group: 'model', presets: ['mlp'], description: 'Hidden dense layers.' }),
  width: z
    .number()
    .min(0.1)
    .max(4)
    .default(1)
    .meta({
      group: 'model',
      keras: 'alpha',
      kinds: images,
      presets: ['small-cnn', 'mobilenet-like'],
      description: 'Factor on the number of filters.',
    }),
  imageSize: z.number().int().min(0).max(1024).default(0).meta({
    group: 'data',
    keras: 'image_size',
    unit: 'px',
    kinds: images,
    basic: true,
    description: 'Side of the square that pictures are resized to; 0: chosen from the folder.',
  }),
  colorMode: z.enum(['auto', 'rgb', 'grayscale']).default('auto').meta({
    group: 'data',
    keras: 'color_mode',
    kinds: images,
    description: 'auto: grey when every picture is.',
  }),
  shuffleBuffer: z.number().int().min(1).max(10_000_000).default(10_000).meta({
    group: 'data',
    keras: 'shuffle(buffer_size)',
    unit: 'examples',
    description: 'Buffer from which the next example is drawn at random.',
  }),
  cache: z.enum(['auto', 'memory', 'disk', 'none']).default('auto').meta({
    group: 'data',
    keras: 'Dataset.cache',
    description: 'Where decoded examples are kept after the first epoch.',
  }),
  prefetch: z.number().int().min(0).max(64).default(2).meta({
    group: 'data',
    keras: 'Dataset.prefetch',
    unit: 'batches',
    description: 'Batches prepared ahead of the step.',
  }),
  flipLeftRight: z.boolean().default(false).meta({
    group: 'augmentation',
    keras: 'RandomFlip("horizontal")',
    kinds: images,
    description: 'Mirror half of the training pictures.',
  }),
  brightness: z.number().min(0).max(1).default(0).meta({
    group: 'augmentation',
    keras: 'random_brightness(max_delta)',
    kinds: images,
    description: 'Largest change of brightness, as a share of the full range.',
  }),
  contrast: z.number().min(0).max(0.95).default(0).meta({
    group: 'augmentation',
    keras: 'RandomContrast',
    kinds: images,
    description: 'Largest change of contrast, as a factor around 1.',
  }),
  rotation: z.number().min(0).max(180).default(0).meta({
    group: 'augmentation',
    keras: 'RandomRotation',
    unit: '°',
    kinds: images,
    description: 'Largest turn, either way.',
  }),
  zoom: z.number().min(0).max(0.9).default(0).meta({
    group: 'augmentation',
    keras: 'RandomZoom',
    kinds: images,
    description: 'Largest zoom in or out, as a share.',
  }),
  crop: z.number().min(0).max(0.5).default(0).meta({
    group: 'augmentation',
    keras: 'RandomCrop',
    kinds: images,
    description: 'Largest shift, as a share of the size: padded by reflection, then cut at a random place.',
  }),
  featureVariants: z.number().int().min(0).max(1000).default(0).meta({
    group: 'augmentation',
    unit: 'variants',
    kinds: images,
    description:
      'Variants of each augmented picture before they repeat; 0: chosen where features of frozen layers are kept, else without end.',
  }),
  vocabularySize: z
    .number()
    .int()
    .min(100)
    .max(1_000_000)
    .default(10_000)
    .meta({
      group: 'data',
      keras: 'TextVectorization(max_tokens)',
      unit: 'words',
      kinds: ['texts'],
      description: 'Most frequent words that are kept.',
    }),
  sequenceLength: z
    .number()
    .int()
    .min(4)
    .max(10_000)
    .default(256)
    .meta({
      group: 'data',
      keras: 'output_sequence_length',
      unit: 'words',
      kinds: ['texts'],
      presets: presetNames.filter((name) => name !== 'tfidf'),
      description: 'Words read of each text.',
    }),
  ngrams: z
    .number()
    .int()
    .min(1)
    .max(3)
    .default(1)
    .meta({
      group: 'data',
      keras: 'TextVectorization(ngrams)',
      unit: 'words',
      kinds: ['texts'],
      presets: ['tfidf'],
      description: 'The most neighbouring words that make one term: 2 counts pairs of words, too.',
    }),
  trainEmbedding: z
    .boolean()
    .default(false)
    .meta({
      group: 'model',
      keras: 'Embedding(trainable)',
      kinds: ['texts'],
      presets: ['glove'],
      description: 'The vectors of the words are trained together with the head.',
    }),
  embeddingDimension: z
    .number()
    .int()
    .min(2)
    .max(2048)
    .default(32)
    .meta({
      group: 'model',
      keras: 'output_dim',
      kinds: ['texts'],
      presets: ['text-bag', 'text-lstm'],
      description: 'Numbers that stand for each word.',
    }),
  trainBase: z
    .boolean()
    .default(false)
    .meta({
      group: 'model',
      keras: 'hub.KerasLayer(trainable=True)',
      kinds: ['texts'],
      presets: ['bert'],
      basic: true,
      description: 'The whole of the pretrained base is trained, too, from the first epoch on.',
    }),
  pooling: z
    .enum(['auto', 'pooled', 'mean'])
    .default('auto')
    .meta({
      group: 'model',
      keras: 'pooled_output',
      kinds: ['texts'],
      presets: ['bert'],
      description:
        'What stands for a text. pooled: BERT’s pooled output of [CLS]; mean: the mean of its pieces; auto: as the folder says, else pooled.',
    }),
  bidirectional: z
    .boolean()
    .default(false)
    .meta({
      group: 'model',
      keras: 'Bidirectional',
      kinds: ['texts'],
      presets: ['text-lstm'],
      description: 'Texts are read backwards as well, by units of their own.',
    }),
  histogramEverySteps: z.number().int().min(0).max(1_000_000).default(0).meta({
    group: 'recording',
    keras: 'histogram_freq',
    unit: 'steps',
    description: 'Steps between weight and gradient histograms; 0: once an epoch.',
  }),
  checkpointEveryEpochs: z.number().int().min(1).max(100_000).default(1).meta({
    group: 'recording',
    keras: 'ModelCheckpoint(save_freq)',
    unit: 'epochs',
    description: 'Epochs between checkpoints.',
  }),
  keepCheckpoints: z.number().int().min(1).max(1000).default(3).meta({
    group: 'recording',
    keras: 'max_to_keep',
    unit: 'checkpoints',
    description: 'Checkpoints kept beside the best one.',
  }),
  profileFirstStep: z.number().int().min(0).max(100_000_000).default(0).meta({
    group: 'recording',
    keras: 'TensorBoard(profile_batch)',
    unit: 'step',
    description: 'First step whose time is profiled in detail; 0: none.',
  }),
  profileSteps: z.number().int().min(1).max(maximumProfiledSteps).default(20).meta({
    group: 'recording',
    keras: 'TensorBoard(profile_batch)',
    unit: 'steps',
    description: 'Steps profiled from the first one on.',
  }),
});
export type Hyperparameters = z.infer<typeof hyperparameters>;
export type HyperparameterName = keyof Hyperparameters;

export type HyperparameterValue = number | string | boolean;

/** One hyper-parameter as a form or a command line sees it, derived from the schema. */
export interface HyperparameterField extends HyperparameterMeta {
  name: HyperparameterName;
  type: 'integer' | 'number' | 'boolean' | 'choice' | 'text';
  default: HyperparameterValue;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  choices?: readonly string[];
}

interface JsonSchemaProperty {
  type?: string;
  enum?: string[];
  default: HyperparameterValue;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
}

/** Every hyper-parameter with its default, range, Keras' name and unit, in the schema's order. */
export const hyperparameterFields: readonly HyperparameterField[] = describeFields();

function describeFields(): HyperparameterField[] {
  const properties = z.toJSONSchema(hyperparameters).properties as unknown as Record<
    HyperparameterName,
    JsonSchemaProperty
  >;
  return (Object.keys(hyperparameters.shape) as HyperparameterName[]).map((name) => {
    const property = properties[name];
    const meta = hyperparameters.shape[name].meta() as unknown as HyperparameterMeta;
    return {
      ...meta,
      name,
      type: property.enum
        ? 'choice'
        : property.type === 'integer'
          ? 'integer'
          : property.type === 'boolean'
            ? 'boolean'
            : property.type === 'string'
              ? 'text'
              : 'number',
      default: property.default,
      minimum: property.minimum,
      maximum: property.maximum,
      exclusiveMinimum: property.exclusiveMinimum,
      choices: property.enum,
    };
  });
}

/** Keras' default of AdamW(weight_decay). */
export const adamwDecay = 0.004;

/** Share of the weights that an update takes off, times its learning rate; 0: none. AdamW without decay would be Adam. */
export function weightDecayOf({
  optimizer,
  weightDecay,
}: Pick<Hyperparameters, 'optimizer' | 'weightDecay'>): number {
  return optimizer === 'adamw' && weightDecay === 0 ? adamwDecay : weightDecay;
}

/** Presets that can be trained on a kind of data, the proposed one first. */
export const presetsByKind: Record<(typeof datasetKinds)[number], readonly PresetName[]> = {
  images: [
    'small-cnn',
    'efficientnet-lite0',
    'mobilenet-v2',
    'resnet50',
    'keras',
    'saved-model',
    'hub',
    'mobilenet-like',
    'mlp',
    'linear',
  ],
  table: ['mlp', 'linear'],
  texts: ['text-bag', 'glove', 'tfidf', 'bert', 'text-lstm', 'linear'],
};

/** Fields that matter for a kind of data and a preset. */
export function relevantFields(kind: DatasetKind, preset: PresetName): HyperparameterField[] {
  return hyperparameterFields.filter(
    (field) =>
      (!field.kinds || field.kinds.includes(kind)) && (!field.presets || field.presets.includes(preset)),
  );
}
