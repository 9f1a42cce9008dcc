import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { Dataset } from '../../../src/graph/data/dataset';
import { Graph } from '../../../src/graph/graph';
import type { Tensor } from '../../../src/graph/operation';
import * as ops from '../../../src/graph/operations';
import { type Feeds, GraphSession } from '../../../src/graph/session/session';
import { EndOfSequenceError } from '../../../src/graph/session/translate-error';

let directory: string;
beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent data ü '));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** All elements until the end of the sequence. */
async function drain(dataset: Dataset, feeds: Feeds = []): Promise<number[][]> {
  const { graph } = dataset.variant;
  const iterator = dataset.iterator();
  const [value] = iterator.next();
  const fetch = value!.dtype === 'int64' ? ops.cast(value!, 'int32') : value!;
  const session = await GraphSession.load(graph);
  session.fetch(iterator.started, feeds);
  const found: number[][] = [];
  try {
    for (;;) found.push(session.fetch(fetch).numbers());
  } catch (error) {
    if (!(error instanceof EndOfSequenceError)) throw error;
  }
  session.dispose();
  return found;
}

describe('data sets', () => {
  const range = (stop: number) => Dataset.range(new Graph(), 0, stop);

  it('batch with and without the remainder', async () => {
    expect(await drain(range(5).batch(2))).toEqual([[0, 1], [2, 3], [4]]);
    const exact = range(5).batch(2, { dropRemainder: true });
    expect(exact.elements).toEqual([{ dtype: 'int64', shape: [2] }]);
    expect(await drain(exact)).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(await drain(range(3).batch(2, { parallel: true }))).toEqual([[0, 1], [2]]);
  });

  it('map in parallel in order, with tensors from outside', async () => {
    const graph = new Graph();
    const factor = graph.placeholder('int64', []);
    const mapped = Dataset.range(graph, 0, 6).map(([x, by]) => [ops.multiply(x!, by!)], {
      captured: [factor],
    });
    expect(await drain(mapped.batch(6), [[factor, 3]])).toEqual([[0, 3, 6, 9, 12, 15]]);
  });

  it('repeat, take, skip, concatenate, filter, prefetch, cache, zip', async () => {
    const once = range(4);
    expect(await drain(once.repeat(2).skip(1).take(5).batch(8).prefetch())).toEqual([[1, 2, 3, 0, 1]]);
    const graph = new Graph();
    const two = Dataset.range(graph, 0, 2).concatenate(Dataset.range(graph, 7, 9));
    expect(await drain(two.cache().repeat(2).batch(8))).toEqual([[0, 1, 7, 8, 0, 1, 7, 8]]);
    expect(
      await drain(
        range(6)
          .filter(([x]) => ops.greater(x!, 3))
          .batch(8),
      ),
    ).toEqual([[4, 5]]);
    const other = new Graph();
    const zipped = Dataset.zip([Dataset.range(other, 0, 2), Dataset.range(other, 5, 7)]).map(([a, b]) => [
      ops.add(a!, b!),
    ]);
    expect(await drain(zipped.batch(2))).toEqual([[5, 7]]);
  });

  it('shuffle by their seeds', async () => {
    const shuffled = (one: number) => drain(range(20).shuffle(20, [one, 2]).batch(20));
    const first = await shuffled(1);
    expect(await shuffled(1)).toEqual(first);
    expect(await shuffled(3)).not.toEqual(first);
    expect([...first[0]!].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it('begin anew with other feeds', async () => {
    const graph = new Graph();
    const rows = graph.placeholder('int32', [null]);
    const iterator = Dataset.fromTensorSlices([rows]).batch(2).iterator();
    const [next] = iterator.next();
    const session = await GraphSession.load(graph);
    session.fetch(iterator.started, [[rows, [1, 2, 3]]]);
    expect(session.fetch(next!).numbers()).toEqual([1, 2]);
    session.fetch(iterator.started, [[rows, [7]]]);
    expect(session.fetch(next!).numbers()).toEqual([7]);
    expect(() => session.fetch(next!)).toThrow(EndOfSequenceError);
    session.dispose();
  });

  it('read and decode pictures, leave out the unreadable ones, and tell which are there', async () => {
    const paths: string[] = [];
    for (let index = 0; index < 5; index++) {
      const path = join(directory, `picture ${index}.jpg`);
      const picture = sharp({
        create: { width: 20 + index, height: 16, channels: 3, background: { r: 50 * index, g: 10, b: 200 } },
      });
      await (index === 3 ? writeFile(path, 'not a picture') : picture.jpeg({ quality: 95 }).toFile(path));
      paths.push(path);
    }
    const graph = new Graph();
    const names = graph.placeholder('string', [null]);
    const indices = graph.placeholder('int32', [null]);
    const dataset = Dataset.fromTensorSlices([names, indices])
      .map(([path, index]) => {
        const picture = ops.decodeJpeg(ops.readFile(path!), 3);
        expect(picture.shape).toEqual([null, null, 3]);
        const resized = ops.resizeBilinear(ops.expandDims(picture, 0), [8, 8]);
        return [ops.squeeze(resized, [0]), index!];
      })
      .ignoreErrors()
      .batch(8)
      .prefetch();
    expect(dataset.elements[0]).toEqual({ dtype: 'float32', shape: [null, 8, 8, 3] });
    const iterator = dataset.iterator();
    const [pictures, present] = iterator.next();
    const red = ops.mean(pictures!, [1, 2]);
    const session = await GraphSession.load(graph);
    session.fetch(iterator.started, [
      [names, paths],
      [indices, [0, 1, 2, 3, 4]],
    ]);
    const batch = session.run({ present: present!, red });
    expect(batch.present.numbers()).toEqual([0, 1, 2, 4]);
    [0, 50, 100, 200].forEach((value, row) => {
      expect(Math.abs(batch.red.numbers()[row * 3]! - value)).toBeLessThan(3);
    });
    session.dispose();
  });

  it('decode JPEG to the same bytes as libjpeg-turbo by sharp', async () => {
    const noise = Buffer.from(
      Array.from({ length: 48 * 32 * 3 }, (_, index) => (index * 7919 + (index >> 3) * 31) % 256),
    );
    const jpeg = await sharp(noise, { raw: { width: 48, height: 32, channels: 3 } })
      .jpeg({ quality: 80 })
      .toBuffer();
    const graph = new Graph();
    const bytes = graph.placeholder('string', []);
    const decoded = ops.cast(ops.decodeJpeg(bytes, 3), 'int32');
    const session = await GraphSession.load(graph);
    const found = session.fetch(decoded, [[bytes, jpeg]]);
    expect(found.shape).toEqual([32, 48, 3]);
    expect(Uint8Array.from(found.numbers())).toEqual(Uint8Array.from(await sharp(jpeg).raw().toBuffer()));
    session.dispose();
  });

  it('feed a step in the same call', async () => {
    const graph = new Graph();
    const total = graph.variable('total', 'float32', [], { initial: 0 });
    const iterator = Dataset.range(graph, 0, 10)
      .map(([x]) => [ops.cast(x!, 'float32')])
      .batch(5)
      .prefetch()
      .iterator();
    const [batch] = iterator.next() as [Tensor];
    const update = graph.op('AssignAddVariableOp', [total.handle, ops.sum(batch)]);
    const value = graph.read(total, [update]);
    const session = await GraphSession.load(graph);
    session.initialize();
    session.fetch(iterator.started);
    expect(session.fetch(value).scalar()).toBe(10);
    expect(session.fetch(value).scalar()).toBe(45);
    expect(() => session.fetch(value)).toThrow('The data set has no more elements.');
    session.dispose();
  });
});
