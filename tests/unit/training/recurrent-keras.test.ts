import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { gradients } from '../../../src/graph/gradients/gradients';
import { Graph } from '../../../src/graph/graph';
import * as ops from '../../../src/graph/operations';
import { GraphSession } from '../../../src/graph/session/session';
import { emitModel } from '../../../src/training/graph/emit-model';
import { ModelVariables } from '../../../src/training/graph/model-variables';
import { pythonJudge, runPython } from '../../support/python-judge';
import { numbersOf } from './support/layer-judge';

const judge = await pythonJudge();

const program = `
import json, sys
import numpy as np
import tensorflow as tf
layers = tf.keras.layers
cases = json.load(open(sys.argv[1]))
answers = []
for case in cases:
    made = {
        "lstm": lambda: layers.LSTM(3),
        "lstm, all steps, backwards": lambda: layers.LSTM(3, return_sequences=True, go_backwards=True),
        "gru": lambda: layers.GRU(3, reset_after=False),
        "both directions": lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        "masked": lambda: layers.LSTM(3),
    }[case["name"]]()
    x = tf.constant(np.array(case["x"], "float32").reshape(case["shape"]))
    mask = None if case["mask"] is None else tf.constant(np.array(case["mask"], bool).reshape(case["shape"][:2]))
    made(x)
    made.set_weights([np.array(w["values"], "float32").reshape(w["shape"]) for w in case["weights"]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = made(x, mask=mask)
        loss = tf.reduce_sum(y * y)
    found = tape.gradient(loss, [x] + made.trainable_weights)
    answers.append([t.numpy().ravel().tolist() for t in [y] + found])
print(json.dumps(answers))
`;

type Made = () => tf.layers.Layer;
const lstm = (settings = {}) => tf.layers.lstm({ units: 3, recurrentActivation: 'sigmoid', ...settings });
const cases: Record<string, Made> = {
  lstm: () => lstm(),
  'lstm, all steps, backwards': () => lstm({ returnSequences: true, goBackwards: true }),
  gru: () => tf.layers.gru({ units: 3, recurrentActivation: 'sigmoid' }),
  'both directions': () =>
    tf.layers.bidirectional({ layer: lstm({ returnSequences: true }) as tf.RNN, mergeMode: 'concat' }),
  masked: () => lstm(),
};
const shape = [3, 5, 2];
const mask = [1, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1];

async function ours(name: string) {
  const layer = cases[name]!();
  const input = tf.input({ shape: shape.slice(1) });
  const masked = name === 'masked' ? (tf.layers.masking().apply(input) as tf.SymbolicTensor) : input;
  const model = tf.model({ inputs: input, outputs: layer.apply(masked) as tf.SymbolicTensor });
  const values = numbersOf(30).map((value, index) => (name === 'masked' ? value * mask[index >> 1]! : value));
  layer.setWeights(
    layer
      .getWeights()
      .map((weight, index) => tf.tensor(numbersOf(weight.size, 0.3 + index / 10), weight.shape)),
  );
  const graph = new Graph();
  const variables = new ModelVariables(graph, model);
  const fed = graph.placeholder('float32', [null, ...shape.slice(1)]);
  const [output] = emitModel(model, {
    inputs: [fed],
    training: true,
    variable: (owner, weight) => variables.of(owner, weight),
    dropoutMask: (_, like) => like,
  }).outputs;
  const found = gradients(ops.sum(ops.square(output!)), [
    fed,
    ...variables.trained.map(({ variable }) => variable),
  ]);
  const session = await GraphSession.load(graph);
  session.setVariables(variables.all.map(({ variable, eager }) => [variable, eager]));
  const fetches = Object.fromEntries([output!, ...found].map((tensor, index) => [`${index}`, tensor!]));
  const results = session.run(fetches, [[fed, values]]);
  session.dispose();
  return {
    question: {
      name,
      shape,
      x: [...values],
      mask: name === 'masked' ? mask : null,
      weights: layer.getWeights().map((weight) => ({ shape: weight.shape, values: [...weight.dataSync()] })),
    },
    answer: Object.keys(fetches).map((key) => results[key]!.numbers()),
  };
}

describe.skipIf(typeof judge === 'string')('recurrent layers, outputs and gradients', () => {
  beforeAll(async () => {
    await loadBackend('node');
  });
  it('are those of Keras', async () => {
    if (typeof judge === 'string') throw new Error(judge);
    const all = [];
    for (const name of Object.keys(cases)) all.push(await ours(name));
    const directory = await mkdtemp(join(tmpdir(), 'descent-keras-'));
    await writeFile(join(directory, 'cases'), JSON.stringify(all.map(({ question }) => question)));
    const { stdout } = await runPython(judge, program, [join(directory, 'cases')]);
    await rm(directory, { recursive: true });
    const wanted = JSON.parse(stdout) as number[][][];
    all.forEach(({ question, answer }, index) => {
      answer.forEach((values, place) => {
        const other = wanted[index]![place]!;
        expect(values.length).toBe(other.length);
        values.forEach((value, element) => {
          expect(value, `${question.name}, ${place}`).toBeCloseTo(other[element]!, 5);
        });
      });
    });
  });
});
