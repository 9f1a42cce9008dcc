import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { Graph } from '../../../src/graph/graph';
import * as ops from '../../../src/graph/operations';
import { GraphSession } from '../../../src/graph/session/session';
import { TensorValue } from '../../../src/graph/tensor-value';

beforeAll(async () => {
  await loadBackend('node');
});

describe('a session', () => {
  it('feeds and fetches every type that crosses, and leaves no file behind', async () => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith('descent-graph-')).length;
    const graph = new Graph();
    const float = graph.placeholder('float32', [null, 2], 'float');
    const integer = graph.placeholder('int32', [2], 'integer');
    const wide = graph.placeholder('int64', [], 'wide');
    const byte = graph.placeholder('uint8', [3], 'byte');
    const flag = graph.placeholder('bool', [2], 'flag');
    const text = graph.placeholder('string', [2], 'text');
    const deep = graph.placeholder('float32', [1, 1, 1, 1, 1, 2]);
    const fetches = {
      doubled: ops.multiply(float, 2),
      negative: ops.negate(integer),
      next: ops.add(wide, 1),
      bytes: ops.cast(byte, 'int32'),
      not: ops.logicalNot(flag),
      joined: graph.op('StringJoin', [[text, graph.constant(['!', '?'])]]).output,
      deep: ops.square(deep),
    };
    const loaded = await GraphSession.load(graph);
    const results = loaded.run(fetches, [
      [float, Float32Array.of(1, 2, 3, 4)],
      [integer, [5, -6]],
      [wide, 2n ** 53n],
      [byte, Uint8Array.of(0, 128, 255)],
      [flag, [true, false]],
      [text, ['ü', '']],
      [deep, Float32Array.of(1, 2)],
    ]);
    expect(results.doubled.shape).toEqual([2, 2]);
    expect([...results.doubled.floats()]).toEqual([2, 4, 6, 8]);
    expect(results.negative.numbers()).toEqual([-5, 6]);
    expect(results.next.data).toEqual(BigInt64Array.of(2n ** 53n + 1n));
    expect(results.bytes.numbers()).toEqual([0, 128, 255]);
    expect(results.not.numbers()).toEqual([0, 1]);
    expect(results.joined.strings()).toEqual(['ü!', '?']);
    expect(results.deep.shape).toEqual([1, 1, 1, 1, 1, 2]);
    loaded.dispose();
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('descent-graph-')).length).toBe(before);
  });

  it('takes tensors of tfjs as feeds', async () => {
    const graph = new Graph();
    const x = graph.placeholder('float32', [2, 2]);
    const y = ops.square(x);
    const session = await GraphSession.load(graph);
    const eager = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    expect(session.fetch(y, [[x, eager]]).numbers()).toEqual([1, 4, 9, 16]);
    eager.dispose();
    session.dispose();
  });

  it('keeps variables, initializes, sets, reads and updates them', async () => {
    const graph = new Graph();
    const counter = graph.variable('counter', 'int32', [], { initial: 3 });
    const weights = graph.scope('dense', () => graph.variable('kernel', 'float32', [2, 2]));
    expect(weights.name).toBe('dense/kernel');
    const increased = graph.op('AssignAddVariableOp', [counter.handle, graph.constant(1, 'int32')]);
    const after = graph.read(counter, [increased]);
    const session = await GraphSession.load(graph);
    session.initialize();
    expect(session.fetch(after).scalar()).toBe(4);
    expect(session.fetch(after).scalar()).toBe(5);
    session.setVariables([[weights, Float32Array.of(1, 2, 3, 4)]]);
    const [count, kernel] = session.readVariables([counter, weights]);
    expect(count!.scalar()).toBe(5);
    expect(kernel).toEqual(new TensorValue('float32', [2, 2], Float32Array.of(1, 2, 3, 4)));
    session.dispose();
  });

  it('keeps a fed variable apart from the memory that was fed', async () => {
    const graph = new Graph();
    const variable = graph.variable('v', 'float32', [64]);
    const session = await GraphSession.load(graph);
    const given = new Float32Array(64).fill(1);
    session.setVariables([[variable, given]]);
    given.fill(7);
    expect(session.readVariables([variable])[0]!.floats()[0]).toBe(1);
    session.dispose();
  });

  it('keeps sessions of one graph apart', async () => {
    const graph = new Graph();
    const variable = graph.variable('v', 'float32', []);
    const one = await GraphSession.load(graph);
    const two = await GraphSession.load(graph);
    one.setVariables([[variable, 1]]);
    two.setVariables([[variable, 2]]);
    expect(one.readVariables([variable])[0]!.scalar()).toBe(1);
    one.dispose();
    expect(two.readVariables([variable])[0]!.scalar()).toBe(2);
    two.dispose();
  });

  it('calls functions, with side effects, in XLA and without', async () => {
    const graph = new Graph();
    const total = graph.variable('total', 'float32', [], { initial: 0 });
    const affine = graph.defineFunction(
      'affine',
      [
        { name: 'x', dtype: 'float32', shape: [null, 2] },
        { name: 'w', dtype: 'float32', shape: [2, 3] },
      ],
      ([x, w]) => [ops.relu(ops.matMul(x!, w!))],
    );
    const compiled = graph.defineFunction(
      'compiled',
      [{ name: 'x', dtype: 'float32', shape: [2, 2] }],
      ([x]) => [ops.tanh(ops.add(x!, 1)), ops.sum(x!)],
      { attributes: { _XlaMustCompile: true } },
    );
    const accumulate = graph.defineFunction(
      'accumulate',
      [
        { name: 'handle', dtype: 'resource', shape: [] },
        { name: 'value', dtype: 'float32', shape: [] },
      ],
      ([handle, value], body) => {
        body.op('AssignAddVariableOp', [handle!, value!]);
        return [ops.multiply(value!, 2)];
      },
    );
    const x = graph.placeholder('float32', [null, 2]);
    const [y] = graph.call(affine, [
      x,
      graph.constant([
        [1, 0, -1],
        [0, 1, -1],
      ]),
    ]);
    expect(y!.shape).toEqual([null, 3]);
    const square = graph.placeholder('float32', [2, 2]);
    const [t, s] = graph.call(compiled, [square]);
    const [doubled] = graph.call(accumulate, [total.handle, graph.constant(5)]);
    const session = await GraphSession.load(graph);
    session.initialize();
    expect(session.fetch(y!, [[x, Float32Array.of(1, 2)]]).numbers()).toEqual([1, 2, 0]);
    const both = session.run({ t: t!, s: s! }, [[square, Float32Array.of(0, 1, 2, 3)]]);
    expect(both.s.scalar()).toBe(6);
    expect(both.t.numbers()[0]).toBeCloseTo(Math.tanh(1), 6);
    expect(session.fetch(doubled!).scalar()).toBe(10);
    expect(session.readVariables([total])[0]!.scalar()).toBe(5);
    session.dispose();
  });

  it('names the operation that failed', async () => {
    const graph = new Graph();
    const index = graph.placeholder('int32', [null], 'index');
    const rows = graph.scope('embedding', () => ops.gather(graph.constant([[1, 2]]), index, 0, 'lookup'));
    const path = graph.placeholder('string', [], 'path');
    const file = graph.op('ReadFile', [path], {}, { name: 'read_picture' }).output;
    const session = await GraphSession.load(graph);
    expect(() => session.fetch(rows, [[index, [3]]])).toThrow(
      /GatherV2 "embedding\/lookup".*indices\[0\] = 3/,
    );
    expect(() => session.fetch(file, [[path, '/no/such/file']])).toThrow(
      /ReadFile "read_picture".*no\/such\/file.*No such file/,
    );
    session.dispose();
  });

  it('refuses feeds that do not fit, fetches of types that do not cross, and what came later', async () => {
    const graph = new Graph();
    const x = graph.placeholder('float32', [null, 2], 'x');
    const byte = ops.cast(x, 'uint8', 'byte');
    const session = await GraphSession.load(graph);
    expect(() => session.fetch(x, [[x, new TensorValue('float32', [1, 3], new Float32Array(3))]])).toThrow(
      'x:0 takes float32 [?, 2], but was fed float32 [1, 3].',
    );
    expect(() => session.fetch(x, [[x, new Float32Array(3)]])).toThrow("which 3 elements don't fill");
    expect(() => session.fetch(byte, [[x, new Float32Array(2)]])).toThrow(
      "byte:0 is uint8, which can't be fetched.",
    );
    expect(() => session.fetch(ops.add(x, 1))).toThrow('added to the graph after');
    expect(() => session.fetch(new Graph().constant(1))).toThrow('lies in another graph');
    session.dispose();
    session.dispose();
    expect(() => session.fetch(x, [[x, new Float32Array(2)]])).toThrow('disposed');
  });

  it('says which operation TensorFlow refuses to load', async () => {
    const graph = new Graph();
    graph.op(
      'Einsum',
      [[graph.constant([[1, 2]]), graph.constant([1, 2, 3])]],
      { equation: 'ab,bc->ac' },
      { name: 'bad' },
    );
    await expect(GraphSession.load(graph)).rejects.toThrow(/refuses the graph.*bad/);
  });

  it('leaves tensor counts and memory as they were, over 5,000 calls', async () => {
    const graph = new Graph();
    const x = graph.placeholder('float32', [64, 64]);
    const variable = graph.variable('v', 'float32', [64, 64], { initial: 0 });
    const update = graph.op('AssignAddVariableOp', [variable.handle, x]);
    const loss = ops.sum(graph.read(variable, [update]));
    const done = graph.group([update]);
    const session = await GraphSession.load(graph);
    session.initialize();
    const call = session.prepare({ loss, done }, [x]);
    const values = new Float32Array(64 * 64).fill(1e-3);
    const work = (count: number) => {
      for (let turn = 0; turn < count; turn++) call.run(values);
      (globalThis as { gc?: () => void }).gc?.();
    };
    work(500);
    const tensors = tf.memory().numTensors;
    const before = process.memoryUsage().rss;
    work(5000);
    expect(tf.memory().numTensors).toBe(tensors);
    // Each call feeds 16 kB: kept, they would be 80 MB.
    expect(process.memoryUsage().rss - before).toBeLessThan(20e6);
    session.dispose();
  });
});
