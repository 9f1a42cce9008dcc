import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { Graph } from '../../../src/graph/graph';
import { GraphSession } from '../../../src/graph/session/session';
import { dropoutMask } from '../../../src/training/dropout-mask';
import { RandomMasks, randomCounter } from '../../../src/training/graph/random-masks';

describe('A dropout mask', () => {
  beforeAll(() => loadBackend('node'));

  // Rates of 8 and of 16 bits; rows that fill their words, and rows that don't.
  it.each([
    [0.25, 128],
    [0.5, 101],
    [0.3, 128],
    [0.1, 37],
  ])('has the same elements in the graph as in plain code (rate %f, %i columns)', async (rate, columns) => {
    const graph = new Graph();
    const masks = new RandomMasks(graph, 42);
    const like = graph.placeholder('float32', [null, columns]);
    const mask = masks.mask(like, { name: 'dropout', number: 3 }, rate);
    const session = await GraphSession.load(graph);
    const rows = 50;
    const found = session.fetch(mask, [
      [like, new Float32Array(rows * columns)],
      [masks.step, randomCounter(7)],
    ]);
    session.dispose();
    const wanted = dropoutMask(42, 7, 3, [rows, columns], rate);
    expect(found.floats()).toEqual(wanted);
    const share = wanted.filter((value) => value > 0).length / wanted.length;
    expect(Math.abs(share - (1 - rate))).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / wanted.length));
  });
});
