import { describe, expect, it } from 'vitest';
import { epochOrder } from '../../../src/pipeline/epoch-order';
import { philox } from '../../../src/pipeline/philox';
import { RandomStream, randomPurpose } from '../../../src/pipeline/random';

describe('philox', () => {
  // Known answers of the authors' Random123 library (tests/kat_vectors, philox4x32 10).
  it.each([
    [
      [0, 0, 0, 0, 0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('gives the known answers for %j', (input, expected) => {
    const out = new Uint32Array(4);
    const [a, b, c, d, first, second] = input as [number, number, number, number, number, number];
    philox(out, a, b, c, d, first, second);
    expect(Array.from(out)).toEqual(expected);
  });
});

describe('random streams', () => {
  it('depend on every part of their key', () => {
    const draw = (...key: ConstructorParameters<typeof RandomStream>) => {
      const stream = new RandomStream(...key);
      return Array.from({ length: 8 }, () => stream.nextWord());
    };
    const reference = draw(1, randomPurpose.dropout, 2, 3);
    expect(draw(1, randomPurpose.dropout, 2, 3)).toEqual(reference);
    for (const other of [
      draw(2, randomPurpose.dropout, 2, 3),
      draw(1, randomPurpose.order, 2, 3),
      draw(1, randomPurpose.dropout, 3, 3),
      draw(1, randomPurpose.dropout, 2, 4),
    ])
      expect(other).not.toEqual(reference);
  });

  it('are uniform over [0, 1) and over small ranges', () => {
    const stream = new RandomStream(7, randomPurpose.order);
    const bins = new Array<number>(10).fill(0);
    const sides = new Array<number>(6).fill(0);
    for (let draw = 0; draw < 60_000; draw++) {
      bins[Math.floor(stream.nextUniform() * 10)]! += 1;
      sides[stream.nextBelow(6)]! += 1;
    }
    for (const count of bins) expect(Math.abs(count - 6000)).toBeLessThan(300);
    for (const count of sides) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  });
});

describe('epochOrder', () => {
  it('visits every example once, otherwise in each epoch, and the same when asked again', () => {
    const first = epochOrder(42, 0, 1000, 10_000);
    expect(Array.from(first).sort((left, right) => left - right)).toEqual(
      Array.from({ length: 1000 }, (_, index) => index),
    );
    expect(epochOrder(42, 0, 1000, 10_000)).toEqual(first);
    expect(epochOrder(42, 1, 1000, 10_000)).not.toEqual(first);
    expect(epochOrder(43, 0, 1000, 10_000)).not.toEqual(first);
  });

  it('draws from a buffer: no example comes earlier than the buffer allows', () => {
    const buffer = 16;
    const order = epochOrder(1, 0, 500, buffer);
    expect(new Set(order).size).toBe(500);
    order.forEach((index, place) => {
      expect(index).toBeLessThanOrEqual(place + buffer - 1);
    });
    expect(Array.from(order)).not.toEqual(Array.from({ length: 500 }, (_, index) => index));
  });

  it('keeps the order with a buffer of one, and takes no examples at all', () => {
    expect(Array.from(epochOrder(1, 0, 5, 1))).toEqual([0, 1, 2, 3, 4]);
    expect(epochOrder(1, 0, 0, 10).length).toBe(0);
  });

  it('is a uniform shuffle when the buffer holds everything', () => {
    const counts = new Array<number>(16).fill(0);
    for (let epoch = 0; epoch < 4000; epoch++) {
      epochOrder(9, epoch, 4, 100).forEach((index, place) => {
        counts[place * 4 + index]! += 1;
      });
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(130);
  });
});
