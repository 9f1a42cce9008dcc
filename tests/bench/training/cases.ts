import type * as tf from '@tensorflow/tfjs';
import { threadsEnvironment } from '../../../src/studio/node/engines/threads';
import { mobileNet, resNet50 } from './models';

/** What is trained: the same layers by Descent, by Keras and by TF.js. */
export interface Case {
  name: string;
  /** The function of keras_models.py that builds it. */
  keras: string;
  shape: number[];
  /** Of texts: how many words are known. */
  words?: number;
  classes: number;
  batchSize: number;
  /** Steps of one round, and those that TF.js takes, which is many times slower. */
  steps: number;
  tfjsSteps: number;
  /** A preset's hyper-parameters, or the model itself. */
  settings?: Record<string, string | number>;
  model?: (shape: number[], classes: number) => tf.LayersModel;
  /** Variables of both processes. */
  environment?: Record<string, string>;
  /** Largest ratio to Keras that is aimed at. */
  wanted: number;
}

/** Convolutions and products in bfloat16 where the processor has it. */
export const fastMath = { ONEDNN_DEFAULT_FPMATH_MODE: 'BF16', TF_SET_ONEDNN_FPMATH_MODE: 'BF16' };

const cnn: Omit<Case, 'name' | 'wanted'> = {
  keras: 'cnn',
  shape: [28, 28, 1],
  classes: 10,
  batchSize: 64,
  steps: 40,
  tfjsSteps: 12,
  settings: { model: 'small-cnn', hiddenUnits: 128, dropout: 0.25 },
};

/** Descent gives so small a step one thread (unless the run is short); Keras gets as many. */
const mlp: Omit<Case, 'name' | 'wanted'> = {
  keras: 'mlp',
  shape: [100],
  classes: 10,
  batchSize: 256,
  steps: 100,
  tfjsSteps: 50,
  settings: { model: 'mlp', hiddenUnits: 128, hiddenLayers: 2, dropout: 0.25 },
};

export const cases: readonly Case[] = [
  { ...cnn, name: 'CNN 28×28, batch 64', wanted: 0.75 },
  { ...cnn, name: 'CNN 28×28, batch 64, fast math', environment: fastMath, wanted: 0.65 },
  {
    name: 'MobileNet α 0.25 at 96×96, batch 32',
    keras: 'mobilenet',
    shape: [96, 96, 3],
    classes: 10,
    batchSize: 32,
    steps: 12,
    tfjsSteps: 3,
    model: (shape, classes) => mobileNet(shape, classes, 0.25),
    wanted: 0.8,
  },
  {
    name: 'ResNet50 at 64×64, batch 16',
    keras: 'resnet50',
    shape: [64, 64, 3],
    classes: 10,
    batchSize: 16,
    steps: 4,
    tfjsSteps: 2,
    model: resNet50,
    wanted: 0.95,
  },
  { ...mlp, name: 'MLP on 100 columns, batch 256', environment: threadsEnvironment(1), wanted: 0.5 },
  { ...mlp, name: 'MLP on 100 columns, batch 256, a thread a core', wanted: 0.5 },
  {
    name: 'LSTM text classifier, 100 words, batch 32',
    keras: 'lstm',
    shape: [100],
    words: 10_000,
    classes: 2,
    batchSize: 32,
    steps: 40,
    tfjsSteps: 3,
    settings: { model: 'text-lstm', embeddingDimension: 64, hiddenUnits: 64, dropout: 0 },
    wanted: 1.2,
  },
];
