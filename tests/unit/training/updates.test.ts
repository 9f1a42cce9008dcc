import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Hyperparameters } from '../../../src/contract/hyperparameters';
import { loadBackend } from '../../../src/engine/native/backend';
import type { NamedTensor } from '../../../src/training/named-tensor';
import type { TrainingProgram } from '../../../src/training/program';
import { expectEqualTensors } from './support/compare';
import { Programs, pictures, prices, type Question, rows, sourceOf, takeSteps } from './support/programs';

let programs: Programs;
beforeAll(async () => {
  await loadBackend('node');
  programs = await Programs.create();
});
afterAll(() => programs.remove());

const small = { model: 'mlp', hiddenUnits: 12, dropout: 0.3, learningRate: 0.01 } as const;
const settings: Record<string, Partial<Hyperparameters>> = {
  'AdamW with the decay of Keras': { optimizer: 'adamw' },
  'weight decay with momentum': { optimizer: 'momentum', weightDecay: 0.5 },
  'a limit on the norm': { optimizer: 'momentum', clipNorm: 0.05 },
  'a limit on the elements': { optimizer: 'nesterov', clipValue: 0.01 },
  'L1 beside L2': { l1: 0.01, l2: 0.02 },
  'L1 alone': { optimizer: 'sgd', l1: 0.03 },
  'averaged weights': { emaMomentum: 0.9 },
  'accumulation over three steps': { accumulateSteps: 3 },
  'all of it': {
    optimizer: 'adamw',
    weightDecay: 0.3,
    clipNorm: 0.1,
    l1: 0.01,
    l2: 0.01,
    emaMomentum: 0.8,
    accumulateSteps: 4,
  },
  'weight decay with rates by layer': {
    optimizer: 'adamw',
    weightDecay: 0.5,
    layerLearningRates: 'dense=0.5, dense_1=0',
  },
  'all of it, by RMSprop': {
    optimizer: 'rmsprop',
    weightDecay: 0.1,
    clipValue: 0.02,
    l1: 0.001,
    emaMomentum: 0.5,
    accumulateSteps: 2,
  },
};

const questionOf = (hyperparameters: Partial<Hyperparameters>): Question => ({
  task: rows,
  hyperparameters: { ...small, ...hyperparameters },
});

const inputsOf = ({ task }: Question): Float32Array =>
  Float32Array.from([0, 1, 2].flatMap((index) => [...(sourceOf(task, 3).load(index) as Float32Array)]));

/** The weights of the model as it would be saved. */
async function savedWeights(program: TrainingProgram): Promise<NamedTensor> {
  const { weights } = await program.modelFiles();
  const values = new Float32Array(weights.slice().buffer);
  return { name: 'saved', dtype: 'float32', shape: [values.length], values };
}

async function expectEqualPrograms(question: Question, steps: number, tolerance: number): Promise<void> {
  const [graph, plain] = [await programs.graph(question), await programs.plain(question)];
  try {
    const found = await takeSteps(graph, steps);
    const wanted = await takeSteps(plain, steps);
    found.push(...(await takeSteps(graph, 1, { recordGradients: true })));
    wanted.push(...(await takeSteps(plain, 1, { recordGradients: true })));
    found.forEach(({ loss }, step) => {
      expect(Math.abs(loss! - wanted[step]!.loss!), `loss of step ${step}`).toBeLessThanOrEqual(
        1e-5 * Math.max(1, Math.abs(loss!)),
      );
    });
    expectEqualTensors((await graph.readGradients())!, (await plain.readGradients())!, tolerance);
    expectEqualTensors((await graph.save()).tensors, (await plain.save()).tensors, tolerance);
    expectEqualTensors([await savedWeights(graph)], [await savedWeights(plain)], tolerance);
    const evaluations = [await graph.evaluate('validation'), await plain.evaluate('validation')];
    expect(evaluations[0]!.metrics.loss).toBeCloseTo(evaluations[1]!.metrics.loss!, 4);
    const predictions = [
      await graph.predict(inputsOf(question), 3),
      await plain.predict(inputsOf(question), 3),
    ];
    predictions[0]!.forEach((value, place) => {
      expect(value).toBeCloseTo(predictions[1]![place]!, 4);
    });
  } finally {
    await graph.dispose();
    await plain.dispose();
  }
}

describe('updates of the compiled step', () => {
  it.each(Object.keys(settings))('are those of the eager one: %s', async (name) => {
    await expectEqualPrograms(questionOf(settings[name]!), 9, 2e-5);
  });

  it('are those of the eager one around loss and gradients that XLA compiled', async () => {
    await expectEqualPrograms(questionOf({ ...settings['all of it'], compile: 'xla' }), 7, 2e-5);
  });

  it('are those of the eager one with batch normalization, whose averages move at every step', async () => {
    await expectEqualPrograms(
      {
        task: pictures(8, 1),
        hyperparameters: {
          ...settings['all of it'],
          model: 'mobilenet-like',
          width: 0.1,
          optimizer: 'momentum',
          learningRate: 1e-6,
        },
      },
      6,
      2e-4,
    );
  });

  it('are no other operations than the rule of the optimizer when nothing else is asked for', async () => {
    const operations = async (hyperparameters: Partial<Hyperparameters>) => {
      let names: string[] = [];
      const program = await programs.graph(questionOf({ dropout: 0, ...hyperparameters }), (graph) => {
        names = graph.operations.filter(({ name }) => name.startsWith('update/')).map(({ type }) => type);
      });
      await program.dispose();
      return names.filter((type) => type !== 'Const').sort();
    };
    const frame = ['Identity', 'Identity', 'IsFinite', 'Merge', 'Switch'];
    const rule = (type: string) => new Array<string>(6).fill(type);
    expect(await operations({ optimizer: 'adam' })).toEqual([...frame, ...rule('ResourceApplyAdam')].sort());
    expect(await operations({ optimizer: 'sgd' })).toEqual(
      [...frame, ...rule('ResourceApplyGradientDescent')].sort(),
    );
    const clipping = ['AddN', 'Maximum', 'Mul', 'RealDiv', 'Sqrt', ...rule('L2Loss'), ...rule('Mul')];
    expect(await operations({ optimizer: 'adam', clipNorm: 1 })).toEqual(
      [...frame, ...rule('ResourceApplyAdam'), ...clipping].sort(),
    );
  });

  it('keep their bits under a limit that no norm reaches, and are held by one that it does', async () => {
    const firstStep = async (hyperparameters: Partial<Hyperparameters>) => {
      const program = await programs.graph(questionOf({ optimizer: 'sgd', dropout: 0, ...hyperparameters }));
      const before = await program.readWeights();
      await takeSteps(program, 1);
      const weights = await program.readWeights();
      await program.dispose();
      const moved = weights.flatMap(({ values }, index) =>
        Array.from(values, (value, place) => value - before[index]!.values[place]!),
      );
      return { weights, length: Math.hypot(...moved) };
    };
    const free = await firstStep({});
    const wide = await firstStep({ clipNorm: 1000 });
    expectEqualTensors(wide.weights, free.weights, 0);
    expect(free.length).toBeGreaterThan(0.002);
    // The learning rate times the limit.
    expect((await firstStep({ clipNorm: 0.1 })).length).toBeCloseTo(0.001, 6);
    // A limit on the norm leaves one on the elements without effect, as in Keras.
    expect((await firstStep({ clipNorm: 0.1, clipValue: 1e-6 })).length).toBeCloseTo(0.001, 6);
  });
});

describe('accumulation', () => {
  it.each(['graph', 'plain'] as const)(
    'of two batches is one step on the joined batch (%s)',
    async (kind) => {
      const common = { optimizer: 'momentum', dropout: 0, l2: 0.01, learningRate: 0.05 } as const;
      const accumulated = await programs[kind]({
        ...questionOf({ ...common, batchSize: 8, accumulateSteps: 2 }),
        examples: 48,
      });
      const joined = await programs[kind]({ ...questionOf({ ...common, batchSize: 16 }), examples: 48 });
      const start = await joined.readWeights();
      await takeSteps(accumulated, 1);
      expectEqualTensors(await accumulated.readWeights(), start, 0);
      const halves = await takeSteps(accumulated, 1);
      const [whole] = await takeSteps(joined, 1);
      expect(halves[0]!.loss).not.toBe(whole!.loss);
      await takeSteps(accumulated, 4);
      await takeSteps(joined, 2);
      expect([accumulated.step, joined.step]).toEqual([6, 3]);
      expectEqualTensors(await accumulated.readWeights(), await joined.readWeights(), 1e-6);
      await accumulated.dispose();
      await joined.dispose();
    },
  );

  it("counts updates, not steps, in Adam's corrections", async () => {
    const question = (hyperparameters: Partial<Hyperparameters>): Question => ({
      ...questionOf({ dropout: 0, ...hyperparameters }),
      examples: 48,
    });
    const accumulated = await programs.graph(question({ batchSize: 8, accumulateSteps: 2 }));
    const joined = await programs.graph(question({ batchSize: 16 }));
    await takeSteps(accumulated, 6);
    await takeSteps(joined, 3);
    expectEqualTensors(await accumulated.readWeights(), await joined.readWeights(), 1e-4);
    await accumulated.dispose();
    await joined.dispose();
  });
});

describe('resuming', () => {
  const resumed = ['weight decay with momentum', 'averaged weights', 'all of it', 'all of it, by RMSprop'];

  it.each(resumed)('gives the very bytes of a run without a break: %s', async (name) => {
    const question = questionOf(settings[name]!);
    const whole = await programs.graph(question);
    whole.setLearningRate(0.02);
    const losses = await takeSteps(whole, 14);
    const end = await whole.save();
    const validation = await whole.evaluate('validation');
    await whole.dispose();

    // In the middle of an accumulation over three, four or two steps.
    const first = await programs.graph(question);
    first.setLearningRate(0.02);
    await takeSteps(first, 7);
    const half = await first.save();
    await first.dispose();
    const second = await programs.graph(question);
    second.setLearningRate(0.02);
    await second.restore(half);
    expect(await takeSteps(second, 7)).toEqual(losses.slice(7));
    expectEqualTensors((await second.save()).tensors, end.tensors, 0);
    expect((await second.evaluate('validation'))!.metrics).toEqual(validation!.metrics);
    await second.dispose();
  });

  it('goes from eager to compiled in the middle of an accumulation, and back', async () => {
    const question = questionOf(settings['all of it']!);
    const whole = await programs.plain(question);
    const losses = await takeSteps(whole, 15);
    const eager = await programs.plain(question);
    await takeSteps(eager, 5);
    const compiled = await programs.graph(question);
    await compiled.restore(await eager.save());
    const found = await takeSteps(compiled, 5);
    await eager.restore(await compiled.save());
    found.push(...(await takeSteps(eager, 5)));
    found.forEach(({ loss }, step) => {
      expect(loss).toBeCloseTo(losses[5 + step]!.loss!, 4);
    });
    expectEqualTensors((await eager.save()).tensors, (await whole.save()).tensors, 2e-5);
    for (const program of [whole, eager, compiled]) await program.dispose();
  });
});

describe('averaged weights', () => {
  it.each(['graph', 'plain'] as const)(
    'are evaluated, saved and predict, while training goes on with those that it trains (%s)',
    async (kind) => {
      const question: Question = {
        task: prices,
        hyperparameters: { ...small, dropout: 0, emaMomentum: 0.75 },
      };
      const program = await programs[kind](question);
      const reference = await programs[kind]({
        ...question,
        hyperparameters: { ...question.hyperparameters, emaMomentum: 0 },
      });
      // The average by hand, from the weights after each step of a program that keeps none.
      const averages = await reference.readWeights();
      for (let step = 0; step < 6; step++) {
        expect(await takeSteps(program, 1)).toEqual(await takeSteps(reference, 1));
        (await reference.readWeights()).forEach(({ values }, index) => {
          averages[index]!.values.forEach((average, place, all) => {
            all[place] = 0.75 * average + 0.25 * values[place]!;
          });
        });
        // Looking at the averages leaves the training alone.
        await program.evaluate('validation');
      }
      expectEqualTensors(await program.readWeights(), await reference.readWeights(), 0);

      const state = await reference.save();
      await reference.restore({
        ...state,
        tensors: state.tensors.map((tensor) => {
          const average = averages.find(({ name }) => `weights/${name}` === tensor.name);
          return average ? { ...tensor, values: average.values } : tensor;
        }),
      });
      const wanted = (await reference.evaluate('validation'))!;
      const found = (await program.evaluate('validation'))!;
      expect(found.metrics.loss).toBeCloseTo(wanted.metrics.loss!, 5);
      expectEqualTensors([await savedWeights(program)], [await savedWeights(reference)], 1e-6);
      const predicted = await reference.predict(inputsOf(question), 3);
      (await program.predict(inputsOf(question), 3)).forEach((value, place) => {
        expect(value / predicted[place]!).toBeCloseTo(1, 5);
      });
      await program.dispose();
      await reference.dispose();
    },
  );

  it('come back when an evaluation is broken off', async () => {
    const program = await programs.plain(questionOf({ emaMomentum: 0.9 }));
    await takeSteps(program, 3);
    const before = await program.readWeights();
    await expect(
      program.evaluate('validation', () => Promise.reject(new Error('broken off'))),
    ).rejects.toThrow('broken off');
    expectEqualTensors(await program.readWeights(), before, 0);
    await program.dispose();
  });
});

it.each(['graph', 'plain'] as const)(
  'a step whose loss is no number leaves sums, averages and weights alone (%s)',
  async (kind) => {
    const program = await programs[kind](questionOf(settings['all of it']!));
    for (const steps of [6, 1]) {
      // The seventh step lays its gradients by, the eighth would update.
      await takeSteps(program, steps);
      const state = await program.save();
      const bias = state.tensors.find(({ name }) => name === 'weights/dense_2/bias')!;
      const broken = { ...bias, values: bias.values.map(() => Number.NaN) };
      const replaced = state.tensors.map((tensor) => (tensor === bias ? broken : tensor));
      await program.restore({ ...state, tensors: replaced });
      const [metrics] = await takeSteps(program, 1);
      expect(metrics!.loss).toBeNaN();
      expect(program.step).toBe(state.step);
      const others = (tensors: NamedTensor[]) => tensors.filter(({ name }) => name !== bias.name);
      expectEqualTensors(others((await program.save()).tensors), others(state.tensors), 0);
      await program.restore(state);
    }
    await program.dispose();
  },
);

it('an eager program leaves no tensors behind', async () => {
  const question = questionOf(settings['all of it']!);
  const program = await programs.plain(question);
  await takeSteps(program, 4);
  await program.evaluate('validation');
  const before = program.tensorCount();
  await takeSteps(program, 8);
  await program.evaluate('validation');
  await program.modelFiles();
  expect(program.tensorCount()).toBe(before);
  await program.dispose();
});
