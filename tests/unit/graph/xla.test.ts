import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { gradients } from '../../../src/graph/gradients/gradients';
import { Graph } from '../../../src/graph/graph';
import * as ops from '../../../src/graph/operations';
import { outline } from '../../../src/graph/outline';
import { GraphSession } from '../../../src/graph/session/session';

beforeAll(async () => {
  await loadBackend('node');
});
const compiled = { attributes: { _XlaMustCompile: true } };

describe('a function compiled by XLA', () => {
  it('refuses an operation that XLA does not know, by its name', async () => {
    const graph = new Graph();
    const x = graph.placeholder('float32', [null], 'x');
    const words = graph.op('AsString', [x], {}, { name: 'words' }).output;
    const lengths = graph.op('StringLength', [words]).output;
    const [length] = outline(graph, 'lengths', [lengths], compiled);
    const session = await GraphSession.load(graph);
    expect(() => session.fetch(length!, [[x, [1, 22]]])).toThrow(
      expect.objectContaining({
        code: 'unsupported',
        message: 'XLA can\'t compile AsString "words": it does not know AsString.',
        remedy: expect.stringContaining('compile: graph'),
      }),
    );
    expect(session.fetch(lengths, [[x, [1, 22]]]).numbers()).toEqual([8, 9]);
    session.dispose();
  });

  it('takes batches of any size, one after another', async () => {
    const graph = new Graph();
    const x = graph.placeholder('float32', [null, 2], 'x');
    const [y] = outline(graph, 'sums', [ops.sum(ops.square(x), [1])], compiled);
    const session = await GraphSession.load(graph);
    for (const rows of [3, 1, 3, 2])
      expect(session.fetch(y!, [[x, Array(rows).fill([1, 2])]]).numbers()).toEqual(Array(rows).fill(5));
    session.dispose();
  });
});

describe('outlining', () => {
  it('moves a computation with its gradients into a function of variables and inputs', async () => {
    const graph = new Graph();
    const x = graph.placeholder('float32', [null, 2], 'x');
    const kernel = graph.variable('kernel', 'float32', [2, 1], { initial: 2 });
    const loss = ops.mean(ops.square(ops.matMul(ops.multiply(x, 3), kernel.value)));
    const [gradient] = gradients(loss, [kernel]);
    const outlined = outline(graph, 'step', [loss, gradient!, x], compiled);
    const { inputs, body } = [...graph.functions.values()][0]!;
    expect(inputs.map(({ shape }) => shape)).toEqual(
      expect.arrayContaining([
        [null, 2],
        [2, 1],
      ]),
    );
    expect(inputs).toHaveLength(2);
    expect(body.operations.some(({ type }) => type === 'ReadVariableOp')).toBe(false);
    const session = await GraphSession.load(graph);
    session.initialize();
    const fetches = { loss, gradient: gradient! };
    const [ofLoss, ofGradient, ofX] = outlined;
    const values = [
      [
        x,
        [
          [1, 2],
          [3, 4],
        ],
      ],
    ] as const;
    const wanted = session.run(fetches, values);
    const found = session.run({ loss: ofLoss!, gradient: ofGradient!, x: ofX! }, values);
    expect(found.loss.scalar()).toBeCloseTo(wanted.loss.scalar(), 3);
    expect(found.gradient.numbers()).toEqual(wanted.gradient.numbers());
    expect(found.x.numbers()).toEqual([1, 2, 3, 4]);
    session.dispose();
  });

  it('leaves what has an effect of its own outside', async () => {
    const graph = new Graph();
    const total = graph.variable('total', 'float32', [], { initial: 1 });
    const grown = graph.op('AssignAddVariableOp', [total.handle, graph.constant(4)]);
    const read = graph.read(total, [grown]);
    const [doubled] = outline(graph, 'doubled', [ops.multiply(read, 2)]);
    const session = await GraphSession.load(graph);
    session.initialize();
    expect(session.fetch(doubled!).scalar()).toBe(10);
    expect(session.fetch(doubled!).scalar()).toBe(18);
    session.dispose();
  });
});
