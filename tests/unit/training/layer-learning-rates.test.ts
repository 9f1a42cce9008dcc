import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  LayerFactorProblem,
  matchesLayer,
  parseLayerFactors,
} from '../../../src/contract/layer-learning-rates';
import { loadBackend } from '../../../src/engine/native/backend';
import type { Graph } from '../../../src/graph/graph';
import type { NamedTensor } from '../../../src/training/named-tensor';
import type { TrainingProgram } from '../../../src/training/program';
import { Programs, pictures, type Question, rows, takeSteps } from './support/programs';

let programs: Programs;
beforeAll(async () => {
  await loadBackend('node');
  programs = await Programs.create();
});
afterAll(() => programs.remove());

/** How many operations of each type a graph has below a scope. */
function operationsOf(graph: Graph, scope = ''): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { name, type } of graph.operations)
    if (name.startsWith(scope)) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

const cnn = (layerLearningRates: string): Question => ({
  task: pictures(),
  hyperparameters: {
    model: 'small-cnn',
    width: 0.2,
    hiddenUnits: 12,
    dropout: 0.3,
    learningRate: 0.001,
    layerLearningRates,
  },
});
const mobile = (layerLearningRates: string): Question => ({
  task: pictures(16, 3),
  hyperparameters: {
    model: 'mobilenet-like',
    width: 0.25,
    optimizer: 'momentum',
    learningRate: 1e-4,
    layerLearningRates,
  },
});

function largestDifference(found: readonly NamedTensor[], wanted: readonly NamedTensor[]): number {
  expect(found.map(({ name }) => name)).toEqual(wanted.map(({ name }) => name));
  return Math.max(
    ...found.flatMap(({ values }, index) =>
      Array.from(values, (value, place) => Math.abs(value - wanted[index]!.values[place]!)),
    ),
  );
}

const named = (tensors: readonly NamedTensor[], pattern: RegExp) =>
  tensors.filter(({ name }) => pattern.test(name));

async function both<T>(question: Question, use: (program: TrainingProgram) => Promise<T>): Promise<[T, T]> {
  const results: T[] = [];
  for (const program of [await programs.graph(question), await programs.plain(question)]) {
    try {
      results.push(await use(program));
    } finally {
      await program.dispose();
    }
  }
  return results as [T, T];
}

describe('the text of layer factors', () => {
  it('names patterns and factors, in order', () => {
    expect(parseLayerFactors(' conv2d*=0, dense = 0.1,, ')).toEqual([
      { pattern: 'conv2d*', factor: 0 },
      { pattern: 'dense', factor: 0.1 },
    ]);
    expect(parseLayerFactors('')).toEqual([]);
  });

  it.each([
    ['dense', '"dense" is no layer=factor'],
    ['=0', '"=0" is no layer=factor'],
    ['dense=', '"dense=" is no layer=factor'],
    ['dense=-1', 'from 0 to 1000'],
    ['dense=a lot', 'from 0 to 1000'],
    ['dense=Infinity', 'from 0 to 1000'],
  ])('is refused: %s', (text, why) => {
    expect(() => parseLayerFactors(text)).toThrow(LayerFactorProblem);
    expect(() => parseLayerFactors(text)).toThrow(why);
  });

  it('has a wildcard for any characters, and nothing else that is special', () => {
    expect(matchesLayer('conv*', 'conv2d_1')).toBe(true);
    expect(matchesLayer('conv*', 'my_conv2d')).toBe(false);
    expect(matchesLayer('*_bn', 'conv_dw_1_bn')).toBe(true);
    expect(matchesLayer('dense', 'dense_1')).toBe(false);
    expect(matchesLayer('d.nse', 'dense')).toBe(false);
    expect(matchesLayer('a+(b)*', 'a+(b)c')).toBe(true);
  });

  it('that matches no layer is refused, naming the layers that there are', async () => {
    await expect(programs.graph(cnn('convolution*=0'))).rejects.toMatchObject({
      code: 'wrong-use',
      message: expect.stringContaining('"convolution*", which matches no layer'),
      remedy: 'Layers that are trained: conv2d, conv2d_1, dense, dense_1.',
    });
  });

  it('that freezes everything is refused', async () => {
    await expect(programs.plain(cnn('*=0'))).rejects.toThrow('freezes every layer');
  });
});

describe('frozen layers', () => {
  it('stay as they are, the same in both programs, and have no gradients and no slots', async () => {
    const question = cnn('conv2d*=0');
    const [graph, plain] = await both(question, async (program) => {
      const before = await program.readWeights();
      await takeSteps(program, 3);
      await takeSteps(program, 1, { recordGradients: true });
      const gradients = await program.readGradients();
      const after = await program.readWeights();
      expect(largestDifference(named(after, /^conv/), named(before, /^conv/))).toBe(0);
      expect(largestDifference(named(after, /^dense/), named(before, /^dense/))).toBeGreaterThan(1e-3);
      expect(gradients!.map(({ name }) => name)).toEqual([
        'dense/kernel',
        'dense/bias',
        'dense_1/kernel',
        'dense_1/bias',
      ]);
      const state = await program.save();
      expect(named(state.tensors, /^optimizer.*conv/)).toEqual([]);
      const trainable = program.layers.filter((layer) => layer.weights.length > 0 && layer.trainable);
      expect(trainable.map(({ name }) => name)).toEqual(['dense', 'dense_1']);
      return state.tensors;
    });
    expect(largestDifference(graph, plain)).toBeLessThan(1e-5);
  });

  it('below all that is trained cost no backward pass', async () => {
    let frozen: Map<string, number> | undefined;
    let forward: Map<string, number> | undefined;
    const program = await programs.graph(cnn('conv2d*=0'), (graph) => {
      frozen = operationsOf(graph, 'gradients/');
      forward = operationsOf(graph, 'training/');
    });
    await program.dispose();
    expect(forward!.get('Conv2D')).toBe(2);
    // The kernels of two dense layers, and what flows from the upper to the lower.
    expect(frozen!.get('MatMul')).toBe(3);
    expect(frozen!.get('BiasAddGrad')).toBe(2);
    expect(frozen!.get('ReluGrad')).toBe(1);
    for (const type of frozen!.keys()) expect(type).not.toMatch(/Conv2D|MaxPool/);
  });

  it('between layers that are trained let gradients through', async () => {
    const [graph, plain] = await both(cnn('dense=0, conv2d_1=0'), async (program) => {
      const before = await program.readWeights();
      await takeSteps(program, 4);
      const after = await program.readWeights();
      for (const name of ['conv2d/kernel', 'dense_1/kernel'])
        expect(
          largestDifference(
            after.filter((tensor) => tensor.name === name),
            before.filter((tensor) => tensor.name === name),
          ),
        ).toBeGreaterThan(1e-3);
      const fixed = /^(dense|conv2d_1)\//;
      expect(largestDifference(named(after, fixed), named(before, fixed))).toBe(0);
      return after;
    });
    expect(largestDifference(graph, plain)).toBeLessThan(1e-5);
  });

  it('of batch normalization run in inference mode and keep their averages', async () => {
    const question = mobile('conv*=0');
    let looked: Graph | undefined;
    const program = await programs.graph(question, (graph) => {
      looked = graph;
    });
    await program.dispose();
    expect([...operationsOf(looked!, 'gradients/').keys()].join()).not.toMatch(/BatchNorm|Conv/);
    expect(operationsOf(looked!).get('AssignSubVariableOp') ?? 0).toBe(0);
    const [graph, plain] = await both(question, async (trained) => {
      const before = await trained.readWeights();
      const metrics = await takeSteps(trained, 4);
      const after = await trained.readWeights();
      expect(largestDifference(named(after, /_bn\//), named(before, /_bn\//))).toBe(0);
      return { metrics, after };
    });
    expect(largestDifference(graph.after, plain.after)).toBeLessThan(1e-5);
    graph.metrics.forEach(({ loss }, step) => {
      expect(loss).toBeCloseTo(plain.metrics[step]!.loss!, 4);
    });
  });

  it('go on from a checkpoint with the very bytes of a run without a break', async () => {
    const question = cnn('conv2d=0, dense=0.3');
    const whole = await programs.graph(question);
    const losses = await takeSteps(whole, 10);
    const end = await whole.save();
    await whole.dispose();
    const first = await programs.graph(question);
    await takeSteps(first, 4);
    const half = await first.save();
    await first.dispose();
    const second = await programs.graph(question);
    await second.restore(half);
    expect(await takeSteps(second, 6)).toEqual(losses.slice(4));
    expect(largestDifference((await second.save()).tensors, end.tensors)).toBe(0);
    await second.dispose();
  });
});

describe('factors on the learning rate', () => {
  it('scale the steps of their layers, the later pattern winning', async () => {
    const table = (layerLearningRates: string): Question => ({
      task: rows,
      hyperparameters: { model: 'mlp', hiddenUnits: 8, dropout: 0, optimizer: 'sgd', layerLearningRates },
    });
    const changeOf = async (program: TrainingProgram) => {
      const before = await program.readWeights();
      await takeSteps(program, 1);
      const after = await program.readWeights();
      return (name: string) => {
        const [from, to] = [before, after].map((all) => all.find((tensor) => tensor.name === name)!.values);
        return Array.from(to!, (value, place) => value - from![place]!);
      };
    };
    const [whole] = await both(table(''), changeOf);
    for (const scaled of await both(table('dense*=0.5, dense_2=2'), changeOf))
      for (const [name, factor] of [
        ['dense/kernel', 0.5],
        ['dense_1/bias', 0.5],
        ['dense_2/kernel', 2],
      ] as const)
        scaled(name).forEach((change, place) => {
          expect(change).toBeCloseTo(whole(name)[place]! * factor, 6);
        });
  });

  it('of 1 add no operation, others one each', async () => {
    const countOf = async (text: string) => {
      let count = 0;
      const program = await programs.graph(cnn(text), (graph) => {
        count = graph.operations.length;
      });
      await program.dispose();
      return count;
    };
    const plain = await countOf('');
    expect(await countOf('*=1')).toBe(plain);
    // A multiplication and its constant, shared by the weights of all layers with this factor.
    expect(await countOf('conv*=0.5')).toBe(plain + 2);
  });
});
