import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { Graph } from '../../../src/graph/graph';
import type { Tensor } from '../../../src/graph/operation';
import * as ops from '../../../src/graph/operations';
import { GraphSession } from '../../../src/graph/session/session';

beforeAll(async () => {
  await loadBackend('node');
});

async function compute(build: (graph: Graph) => Tensor): Promise<number[]> {
  const graph = new Graph();
  const result = build(graph);
  const session = await GraphSession.load(graph);
  const value = session.fetch(result).numbers();
  session.dispose();
  return value;
}

describe('pictures', () => {
  const pixels = Uint8Array.from({ length: 4 * 3 * 3 }, (_, index) => (index * 37) % 256);
  const raw = { raw: { width: 4, height: 3, channels: 3 } } as const;

  it('decode PNG to the bytes that were written, by its own operation and by the one that looks', async () => {
    const png = await sharp(Buffer.from(pixels), raw).png().toBuffer();
    for (const decode of [ops.decodePng, ops.decodeImage])
      expect(await compute((graph) => ops.cast(decode(graph.constant(png), 3), 'int32'))).toEqual([
        ...pixels,
      ]);
  });

  it('are encoded as PNG without loss', async () => {
    const graph = new Graph();
    const picture = ops.cast(graph.constant(pixels, 'int32', { shape: [3, 4, 3] }), 'uint8');
    const bytes = ops.encodePng(picture);
    const session = await GraphSession.load(graph);
    const [png] = session.fetch(bytes).data as Uint8Array[];
    expect(Uint8Array.from(await sharp(png).raw().toBuffer())).toEqual(pixels);
    session.dispose();
  });

  const row = (graph: Graph) =>
    graph.constant([
      [
        [[1], [2], [4]],
        [[5], [6], [8]],
      ],
    ]);

  it('are mirrored, brightened and contrasted', async () => {
    expect(await compute((graph) => ops.flipLeftRight(row(graph)))).toEqual([4, 2, 1, 8, 6, 5]);
    expect(await compute((graph) => ops.adjustBrightness(row(graph), 10))).toEqual([11, 12, 14, 15, 16, 18]);
    const contrasted = await compute((graph) => ops.adjustContrast(row(graph), 2));
    const mean = 26 / 6;
    [1, 2, 4, 5, 6, 8].forEach((value, index) => {
      expect(contrasted[index]).toBeCloseTo((value - mean) * 2 + mean, 4);
    });
  });

  it('are moved by a transform, with the edge reflected', async () => {
    const moved = (fill: 'REFLECT' | 'CONSTANT') =>
      compute((graph) =>
        ops.projectiveTransform(row(graph), graph.constant([[1, 0, 1, 0, 1, 0, 0, 0]]), [2, 3], { fill }),
      );
    expect(await moved('CONSTANT')).toEqual([2, 4, 0, 6, 8, 0]);
    expect(await moved('REFLECT')).toEqual([2, 4, 4, 6, 8, 8]);
  });
});
