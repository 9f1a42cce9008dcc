/** What is trained: the same layers by Descent and by Keras. */
export interface Case {
  name: string;
  /** The function of keras_steps.py that builds it. */
  keras: 'cnn' | 'mobilenet' | 'mlp';
  shape: number[];
  classes: number;
  batchSize: number;
  /** Steps of one round. */
  steps: number;
  settings: Record<string, string | number>;
  /** Largest ratio to Keras that is aimed at. */
  wanted: number;
}

export const cases: readonly Case[] = [
  {
    name: 'CNN 28×28, batch 64',
    keras: 'cnn',
    shape: [28, 28, 1],
    classes: 10,
    batchSize: 64,
    steps: 40,
    settings: { model: 'small-cnn', hiddenUnits: 128, dropout: 0.25 },
    wanted: 0.75,
  },
  {
    name: 'MobileNet-like 96×96, batch 32',
    keras: 'mobilenet',
    shape: [96, 96, 3],
    classes: 10,
    batchSize: 32,
    steps: 12,
    settings: { model: 'mobilenet-like', width: 0.5, dropout: 0 },
    wanted: 0.8,
  },
  {
    name: 'MLP on 100 columns, batch 256',
    keras: 'mlp',
    shape: [100],
    classes: 10,
    batchSize: 256,
    steps: 100,
    settings: { model: 'mlp', hiddenUnits: 128, hiddenLayers: 2, dropout: 0.25 },
    wanted: 0.5,
  },
];
