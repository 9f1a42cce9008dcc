import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { gradients } from '../../../src/graph/gradients/gradients';
import { Graph } from '../../../src/graph/graph';
import * as ops from '../../../src/graph/operations';
import { GraphSession } from '../../../src/graph/session/session';
import { exampleLosses } from '../../../src/training/example-losses';
import { judge } from '../../../src/training/graph/losses';
import type { LossSettings } from '../../../src/training/loss-settings';
import type { NamedTensor } from '../../../src/training/named-tensor';
import type { TrainingProgram } from '../../../src/training/program';
import { type PythonJudge, pythonJudge, runPython } from '../../support/python-judge';
import { Programs, prices, type Question, rows, sourceOf, takeSteps } from './support/programs';

const python = await pythonJudge();
const missing = typeof python === 'string';
if (missing) console.warn(`skipped: ${python}`);

let programs: Programs;
beforeAll(async () => {
  await loadBackend('node');
  programs = await Programs.create();
});
afterAll(() => programs.remove());

const examples = 44;
const heldOut = 21;
const batchSize = 8;
/** An epoch, its short last batch included, and one step more. */
const steps = 7;

const settings = {
  model: 'mlp',
  hiddenUnits: 8,
  dropout: 0,
  // Adam would turn the rounding of gradients that are nearly zero into whole steps.
  optimizer: 'momentum',
  learningRate: 0.02,
  shuffleBuffer: 1,
} as const;
const two = { ...rows, classes: 2 };
const classWeights = Float32Array.of(0.5, 2, 1.25);
type Case = Omit<Question, 'hyperparameters'> & { settings: Partial<Question['hyperparameters']> };
const cases: Record<string, Case> = {
  'cross-entropy': { task: rows, settings: {} },
  'cross-entropy, everything': {
    task: rows,
    settings: { loss: 'categorical-crossentropy', labelSmoothing: 0.2 },
    classWeights,
    weighted: true,
  },
  'binary cross-entropy': { task: rows, settings: { loss: 'binary-crossentropy' } },
  'binary cross-entropy, two classes': { task: two, settings: { loss: 'binary-crossentropy' } },
  'binary cross-entropy, everything': {
    task: rows,
    settings: { loss: 'binary-crossentropy', labelSmoothing: 0.2 },
    classWeights,
    weighted: true,
  },
  mse: { task: prices, settings: {} },
  'mse, weighted': { task: prices, settings: { loss: 'mse' }, weighted: true },
  mae: { task: prices, settings: { loss: 'mae' } },
  'mae, weighted': { task: prices, settings: { loss: 'mae' }, weighted: true },
  huber: { task: prices, settings: { loss: 'huber' } },
  'huber, weighted': { task: prices, settings: { loss: 'huber', huberDelta: 0.3 }, weighted: true },
};

function questionOf({ settings: own, ...rest }: Case): Question {
  return { ...rest, examples, hyperparameters: { ...settings, batchSize, ...own } };
}

interface Trained {
  losses: number[];
  weights: number[][];
  validation: number;
}

async function trained(program: TrainingProgram): Promise<Trained> {
  const metrics = await takeSteps(program, steps);
  const weights = (await program.readWeights()).filter(({ name }) => name.startsWith('dense'));
  const evaluation = await program.evaluate('validation');
  return {
    losses: metrics.map(({ loss }) => loss!),
    weights: weights.map(({ values }) => [...values]),
    validation: evaluation!.metrics.loss!,
  };
}

/** The same steps by Keras: the model's weights before the first are given. */
const kerasSteps = `
import json, sys
import numpy as np
import tensorflow as tf
tf.keras.utils.set_random_seed(1)
asked = json.load(open(sys.argv[1]))
K = tf.keras.losses

def loss_of(loss, smoothing, delta):
    return {
        'categorical-crossentropy': lambda **k: K.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing, **k),
        'binary-crossentropy': lambda **k: K.BinaryCrossentropy(from_logits=True, label_smoothing=smoothing, **k),
        'mse': lambda **k: K.MeanSquaredError(**k),
        'mae': lambda **k: K.MeanAbsoluteError(**k),
        'huber': lambda **k: K.Huber(delta=delta, **k),
    }[loss]

def train(case):
    arrays = [np.array(values, np.float32).reshape(shape) for values, shape in case['weights']]
    layers = [tf.keras.layers.Dense(kernel.shape[1], 'relu' if index < len(arrays) // 2 - 1 else None)
              for index, kernel in enumerate(arrays[0::2])]
    model = tf.keras.Sequential([tf.keras.Input([arrays[0].shape[0]]), *layers])
    model.set_weights(arrays)
    model.compile(tf.keras.optimizers.SGD(case['rate'], momentum=0.9), loss_of(case['loss'], case['smoothing'], case['delta'])())
    def data(split):
        x = (np.array(split['x'], np.float32).reshape(-1, arrays[0].shape[0]) - np.array(case['mean'], np.float32)) / np.sqrt(np.array(case['variance'], np.float32))
        y = np.array(split['y'], np.float32)
        y = (y - np.float32(100)) / np.float32(20) if case['regression'] else np.eye(case['classes'], dtype=np.float32)[y.astype(int)]
        w = np.array(split['w'], np.float32) if split['w'] else None
        return x, y.reshape(len(x), -1), w
    x, y, w = data(case['train'])
    class_weight = dict(enumerate(case['classWeights'])) if case['classWeights'] else None
    losses = []
    batches = -(-len(x) // case['batch'])
    for step in range(case['steps']):
        part = slice(step % batches * case['batch'], (step % batches + 1) * case['batch'])
        losses.append(model.train_on_batch(x[part], y[part], sample_weight=None if w is None else w[part],
                                           class_weight=class_weight, reset_metrics=True))
    ends = model.get_weights()
    x, y, w = data(case['validation'])
    return {'losses': [float(loss) for loss in losses], 'weights': [end.ravel().tolist() for end in ends],
            'validation': float(model.evaluate(x, y, batch_size=case['batch'], sample_weight=w, verbose=0))}

def point(asked):
    outputs = tf.constant(asked['outputs'], tf.float32)
    answers = tf.constant(asked['answers'], tf.float32)
    if asked['classes']: answers = tf.one_hot(tf.cast(answers, tf.int32), asked['classes'])
    else: answers = tf.reshape(answers, [-1, 1])
    loss = loss_of(asked['loss'], asked['smoothing'], asked['delta'])(reduction='none')
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        values = loss(answers, outputs)
    return {'values': values.numpy().tolist(), 'gradients': tape.gradient(values, outputs).numpy().ravel().tolist()}

print(json.dumps({'cases': [train(case) for case in asked['cases']], 'points': [point(each) for each in asked['points']]}))
`;

/** Outputs at which formulas break: far from 0, at 0, at a kink. */
const logits = [
  [80, -80, 0],
  [-80, 80, 80],
  [0, 0, 0],
  [1e-8, -1e-8, 0.5],
  [-80, -80, -80],
];
const classesOfLogits = [1, 0, 2, 1, 2];
const values = [[80], [-80], [0], [0.5], [-0.5], [0.5000001], [1e-6]];
const points: (LossSettings & { outputs: number[][]; answers: number[] })[] = [
  ...(['categorical-crossentropy', 'binary-crossentropy'] as const).flatMap((loss) =>
    [0, 0.2].map((labelSmoothing) => ({
      loss,
      labelSmoothing,
      huberDelta: 1,
      outputs: logits,
      answers: classesOfLogits,
    })),
  ),
  ...(['mse', 'mae', 'huber'] as const).map((loss) => ({
    loss,
    labelSmoothing: 0,
    huberDelta: 0.5,
    outputs: values,
    answers: values.map(() => 0),
  })),
];

interface Judged {
  values: number[];
  gradients: number[];
}

async function byGraph(asked: (typeof points)[number]): Promise<Judged> {
  const graph = new Graph();
  const shape = [null, asked.outputs[0]!.length] as const;
  const outputs = graph.placeholder('float32', shape, 'outputs');
  const answers = graph.placeholder('float32', [null], 'answers');
  const { losses } = judge(outputs, answers, { ...asked, targetScale: 1, targetShift: 0 });
  const [gradient] = gradients(ops.sum(losses), [outputs]);
  const session = await GraphSession.load(graph);
  const found = session.run({ losses, gradient: gradient! }, [
    [outputs, asked.outputs],
    [answers, asked.answers],
  ]);
  session.dispose();
  return { values: found.losses!.numbers(), gradients: found.gradient!.numbers() };
}

function eagerly(asked: (typeof points)[number]): Judged {
  return tf.tidy(() => {
    const outputs = tf.tensor2d(asked.outputs);
    const answers = tf.tensor1d(asked.answers);
    const losses = exampleLosses(outputs, answers, asked);
    const gradient = tf.grad((x) => tf.sum(exampleLosses(x as tf.Tensor2D, answers, asked)))(outputs);
    return { values: [...losses.dataSync()], gradients: [...gradient.dataSync()] };
  });
}

function expectClose(found: readonly number[], wanted: readonly number[], tolerance: number, what: string) {
  expect(found.length, what).toBe(wanted.length);
  found.forEach((value, index) => {
    const error = Math.abs(value - wanted[index]!) / Math.max(1, Math.abs(wanted[index]!));
    expect(error, `${what} [${index}]: ${value}, Keras ${wanted[index]}`).toBeLessThanOrEqual(tolerance);
  });
}

describe.skipIf(missing)('losses against Keras', () => {
  let answered: { cases: Trained[]; points: Judged[] };

  beforeAll(async () => {
    const asked = { cases: [] as unknown[], points: points.map(asJson) };
    for (const each of Object.values(cases)) asked.cases.push(await describeCase(each));
    const file = await programs.write('losses.json', JSON.stringify(asked));
    const { stdout } = await runPython(python as PythonJudge, kerasSteps, [file]);
    answered = JSON.parse(stdout.trim().split('\n').at(-1)!);
  }, 600_000);

  function asJson({ labelSmoothing, huberDelta, ...rest }: (typeof points)[number]) {
    const classes = rest.loss.endsWith('crossentropy') ? rest.outputs[0]!.length : 0;
    return { ...rest, smoothing: labelSmoothing, delta: huberDelta, classes };
  }

  async function describeCase(each: Case) {
    const { task, weighted, settings: own } = each;
    const program = await programs.plain(questionOf(each));
    const weights = await program.readWeights();
    await program.dispose();
    const of = (name: string) => [...weights.find((tensor) => tensor.name === `standardize/${name}`)!.values];
    const split = (count: number, first: number) => {
      const source = sourceOf(task, count, first, weighted);
      const numbers = Array.from({ length: count }, (_, index) => index);
      return {
        x: numbers.map((index) => [...(source.load(index) as Float32Array)]),
        y: numbers.map((index) => source.answer(index)),
        w: weighted ? numbers.map((index) => source.weight!(index)) : null,
      };
    };
    const regression = task.task === 'regression';
    return {
      loss: own.loss ?? (regression ? 'mse' : 'categorical-crossentropy'),
      smoothing: own.labelSmoothing ?? 0,
      delta: own.huberDelta ?? 1,
      rate: settings.learningRate,
      batch: batchSize,
      steps,
      regression,
      classes: task.classes,
      classWeights: each.classWeights ? [...each.classWeights] : null,
      mean: of('moving_mean'),
      variance: of('moving_variance'),
      weights: weights
        .filter(({ name }) => name.startsWith('dense'))
        .map(({ values: numbers, shape }: NamedTensor) => [[...numbers], shape]),
      train: split(examples, 0),
      validation: split(heldOut, 1000),
    };
  }

  it.each(Object.keys(cases))('give the same losses and steps: %s', async (name) => {
    const wanted = answered.cases[Object.keys(cases).indexOf(name)]!;
    for (const kind of ['graph', 'plain'] as const) {
      const program = await programs[kind](questionOf(cases[name]!));
      const found = await trained(program);
      await program.dispose();
      expectClose(found.losses, wanted.losses, 5e-6, `${kind} loss`);
      found.weights.forEach((numbers, index) => {
        expectClose(numbers, wanted.weights[index]!, 2e-5, `${kind} weight ${index}`);
      });
      expectClose([found.validation], [wanted.validation], 5e-6, `${kind} validation loss`);
    }
  });

  it.each(points.map((each, index) => [each.loss, each.labelSmoothing, index] as const))(
    'give the same values and gradients far out, at 0 and at kinks: %s, smoothing %s',
    async (_loss, _smoothing, index) => {
      const wanted = answered.points[index]!;
      for (const found of [await byGraph(points[index]!), eagerly(points[index]!)]) {
        expectClose(found.values, wanted.values, 1e-6, 'value');
        expectClose(found.gradients, wanted.gradients, 1e-6, 'gradient');
      }
    },
  );
});

describe('binary cross-entropy', () => {
  it('makes a model of sigmoids, whose probabilities are the same wherever they are told', async () => {
    const question = questionOf(cases['binary cross-entropy']!);
    const told: number[][] = [];
    for (const program of [await programs.graph(question), await programs.plain(question)]) {
      await takeSteps(program, steps);
      const source = sourceOf(question.task, heldOut, 1000);
      const inputs = Array.from({ length: heldOut }, (_, index) => [
        ...(source.load(index) as Float32Array),
      ]).flat();
      const predicted = [...(await program.predict(Float32Array.from(inputs), heldOut))];
      const { outcomes, metrics } = (await program.evaluate('validation'))!;
      for (let row = 0; row < heldOut; row++) {
        const own = predicted.slice(row * 3, row * 3 + 3);
        expect(outcomes.confidences[row]).toBeCloseTo(Math.max(...own), 5);
        expect(outcomes.predicted[row]).toBe(own.indexOf(Math.max(...own)));
      }
      const right = outcomes.truths.filter((truth, row) => truth === outcomes.predicted[row]).length;
      expect(metrics.accuracy).toBeCloseTo(right / heldOut, 6);
      const sums = Array.from({ length: heldOut }, (_, row) =>
        predicted.slice(row * 3, row * 3 + 3).reduce((sum, share) => sum + share, 0),
      );
      expect(sums.some((sum) => Math.abs(sum - 1) > 0.05)).toBe(true);
      const { json, weights } = await program.modelFiles();
      expect(json.userDefinedMetadata).toMatchObject({ descent: { outputs: 'independent-probabilities' } });
      const model = await tf.loadLayersModel(
        tf.io.fromMemory({
          modelTopology: json.modelTopology as object,
          weightSpecs: (json.weightsManifest as { weights: tf.io.WeightsManifestEntry[] }[])[0]!.weights,
          weightData: weights.slice().buffer,
        }),
      );
      const saved = tf.tidy(() =>
        (model.predict(tf.tensor(inputs, [heldOut, ...source.shape])) as tf.Tensor).dataSync(),
      );
      model.dispose();
      expectClose([...saved], predicted, 1e-5, 'saved model');
      told.push(predicted);
      await program.dispose();
    }
    expectClose(told[0]!, told[1]!, 1e-5, 'both programs');
  });
});

describe('a loss', () => {
  it.each([
    [rows, 'mae', 'categorical-crossentropy, binary-crossentropy'],
    [prices, 'binary-crossentropy', 'mse, mae, huber'],
  ] as const)('that does not fit the task is refused, naming those that do', async (task, loss, fitting) => {
    const question: Question = { task, hyperparameters: { ...settings, loss } };
    await expect(programs.graph(question)).rejects.toMatchObject({
      code: 'wrong-use',
      message: expect.stringContaining(`The loss ${loss} can't be trained`),
      remedy: `Choose one of: auto, ${fitting}.`,
    });
  });

  it('goes on from a checkpoint with the very bytes of a run without a break, weights and all', async () => {
    const question = questionOf(cases['binary cross-entropy, everything']!);
    const whole = await programs.graph(question);
    const losses = await takeSteps(whole, 9);
    const end = await whole.save();
    await whole.dispose();
    const first = await programs.graph(question);
    await takeSteps(first, 4);
    const half = await first.save();
    await first.dispose();
    const second = await programs.graph(question);
    await second.restore(half);
    expect(await takeSteps(second, 5)).toEqual(losses.slice(4));
    expect((await second.save()).tensors).toEqual(end.tensors);
    await second.dispose();
  });

  it('takes the weights of examples as one more column, which is there only with them', async () => {
    const feeds = async (question: Question) => {
      let found: string[] = [];
      const program = await programs.graph(question, (graph) => {
        found = graph.operations.filter(({ type }) => type === 'Placeholder').map(({ name }) => name);
      });
      await program.dispose();
      return found;
    };
    const without = await feeds(questionOf(cases.mse!));
    const weighted = await feeds(questionOf(cases['mse, weighted']!));
    expect(weighted.filter((name) => !without.includes(name))).toEqual(['train/weights']);
  });
});
