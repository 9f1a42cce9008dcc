import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { expectLayersEqualEager } from './support/layer-judge';

beforeAll(async () => {
  await loadBackend('node');
});

type Layer = tf.layers.Layer;
const sequences = (layer: Layer, shape = [4, 3]) => {
  const input = tf.input({ shape });
  return tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor | tf.SymbolicTensor[] });
};

const fused = { units: 3, recurrentActivation: 'sigmoid' } as const;
const layers: Record<string, () => Layer> = {
  'LSTM in one operation': () => tf.layers.lstm({ ...fused }),
  'LSTM in one operation, all steps': () => tf.layers.lstm({ ...fused, returnSequences: true }),
  'LSTM in one operation, backwards': () =>
    tf.layers.lstm({ ...fused, goBackwards: true, returnSequences: true }),
  'LSTM in one operation, with its states': () => tf.layers.lstm({ ...fused, returnState: true }),
  'LSTM in one operation, without bias': () => tf.layers.lstm({ ...fused, useBias: false }),
  'LSTM in one operation, dropout of inputs': () => tf.layers.lstm({ ...fused, dropout: 0.4 }),
  'LSTM step by step': () => tf.layers.lstm({ units: 3, returnSequences: true, returnState: true }),
  'LSTM step by step, relu': () =>
    tf.layers.lstm({ units: 3, activation: 'relu', recurrentActivation: 'sigmoid' }),
  'LSTM step by step, dropout': () =>
    tf.layers.lstm({ ...fused, dropout: 0.3, recurrentDropout: 0.4, goBackwards: true }),
  GRU: () => tf.layers.gru({ units: 3, recurrentActivation: 'sigmoid' }),
  'GRU, hard gates, all steps': () => tf.layers.gru({ units: 3, returnSequences: true, returnState: true }),
  'GRU, dropout': () => tf.layers.gru({ ...fused, dropout: 0.3, recurrentDropout: 0.4 }),
  'GRU, backwards': () => tf.layers.gru({ ...fused, goBackwards: true, returnSequences: true }),
  SimpleRNN: () => tf.layers.simpleRNN({ units: 4 }),
  'SimpleRNN, all steps, dropout': () =>
    tf.layers.simpleRNN({ units: 4, returnSequences: true, dropout: 0.2, recurrentDropout: 0.4 }),
};
for (const mergeMode of ['concat', 'sum', 'ave', 'mul'] as const)
  layers[`Bidirectional LSTM, ${mergeMode}`] = () =>
    tf.layers.bidirectional({
      layer: tf.layers.lstm({ ...fused, returnSequences: true }) as tf.RNN,
      mergeMode,
    });
layers['Bidirectional GRU, dropout, last step'] = () =>
  tf.layers.bidirectional({
    layer: tf.layers.gru({ units: 3, dropout: 0.4, recurrentDropout: 0.2 }) as tf.RNN,
    mergeMode: 'concat',
  });

describe('recurrent layers compile to what TF.js computes, with their gradients', () => {
  it.each(Object.keys(layers))('%s', (name) => expectLayersEqualEager(sequences(layers[name]!())));
});

describe('steps that are masked', () => {
  const words = (...layers: Layer[]) => {
    const input = tf.input({ shape: [4], dtype: 'int32' });
    const output = layers.reduce((current, layer) => layer.apply(current) as tf.SymbolicTensor, input);
    return tf.model({ inputs: input, outputs: output });
  };
  const ids = () =>
    tf.tensor2d(
      [
        [3, 2, 0, 0],
        [0, 4, 0, 1],
        [0, 0, 0, 0],
        [1, 1, 2, 5],
      ],
      [4, 4],
      'int32',
    );
  const embedding = () => tf.layers.embedding({ inputDim: 6, outputDim: 3, maskZero: true });

  it('leave the state of an LSTM as it is, wherever they stand', () =>
    expectLayersEqualEager(words(embedding(), tf.layers.lstm({ ...fused })), { inputs: [ids()] }));
  it('pass through to the next layer, and to both directions', () =>
    expectLayersEqualEager(
      words(
        embedding(),
        tf.layers.dropout({ rate: 0.3 }),
        tf.layers.bidirectional({
          layer: tf.layers.gru({ units: 2, returnSequences: true }) as tf.RNN,
          mergeMode: 'concat',
        }),
        tf.layers.lstm({ ...fused, returnSequences: true }),
      ),
      { inputs: [ids()] },
    ));
  it('are those of a value, for Masking', () => {
    const values = tf.tidy(() =>
      tf.mul(tf.randomNormal([4, 4, 3], 0, 1, 'float32', 5), tf.expandDims(tf.minimum(ids(), 1), -1)),
    );
    const input = tf.input({ shape: [4, 3] });
    const masked = tf.layers.masking().apply(input);
    const output = tf.layers.simpleRNN({ units: 3 }).apply(masked) as tf.SymbolicTensor;
    return expectLayersEqualEager(tf.model({ inputs: input, outputs: output }), {
      inputs: [values],
      // TF.js has no gradient past the comparison.
      byInput: false,
    });
  });
  it("are not compiled where TF.js takes another layer's mask", async () => {
    const model = words(
      embedding(),
      tf.layers.lstm({ ...fused }),
      tf.layers.repeatVector({ n: 4 }),
      tf.layers.gru({ units: 2 }),
    );
    await expect(expectLayersEqualEager(model, { inputs: [ids()] })).rejects.toThrow(
      'TF.js hands it the mask of another layer',
    );
  });
});
