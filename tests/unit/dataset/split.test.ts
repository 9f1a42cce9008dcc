import { describe, expect, it } from 'vitest';
import { divide, splitPosition } from '../../../src/dataset/common/split';
import { randomNumbers } from './random';

const fractions = { validationFraction: 0.2, testFraction: 0.1 };

function positionsOf(count: number, seed = 7): Float64Array {
  const next = randomNumbers(count);
  return Float64Array.from({ length: count }, () => splitPosition(next() * 2 ** 32, next() * 2 ** 32, seed));
}

describe('splitPosition', () => {
  it('spreads evenly, also for contents whose hashes are small numbers', () => {
    const counts = new Array<number>(10).fill(0);
    for (let index = 0; index < 10_000; index += 1) counts[Math.floor(splitPosition(0, index, 7) * 10)]! += 1;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(130);
  });

  it('depends on the seed', () => {
    const [first, second] = [positionsOf(1000, 1), positionsOf(1000, 2)];
    const same = first.filter((position, index) => position < 0.5 === second[index]! < 0.5).length;
    expect(same).toBeGreaterThan(400);
    expect(same).toBeLessThan(600);
  });
});

describe('divide', () => {
  it('gives every class about the same shares', () => {
    const labels = Int32Array.from({ length: 6000 }, (_, index) => index % 3);
    const splits = divide(positionsOf(6000), labels, fractions);
    for (let label = 0; label < 3; label += 1) {
      const mine = [...splits].filter((_, index) => labels[index] === label);
      expect(mine.filter((split) => split === 1).length / mine.length).toBeCloseTo(0.2, 1);
      expect(mine.filter((split) => split === 2).length / mine.length).toBeCloseTo(0.1, 1);
    }
  });

  it('leaves validation as it is when the test share changes', () => {
    const positions = positionsOf(500);
    const one = divide(positions, null, { validationFraction: 0.2, testFraction: 0 });
    const two = divide(positions, null, { validationFraction: 0.2, testFraction: 0.3 });
    expect([...two].map((split) => split === 1)).toEqual([...one].map((split) => split === 1));
  });

  it('never leaves a class without training examples', () => {
    const positions = Float64Array.of(0.01, 0.15, 0.05, 0.5, 0.6);
    const splits = divide(positions, Int32Array.of(0, 0, 0, 1, 1), {
      validationFraction: 0.2,
      testFraction: 0,
    });
    expect([...splits]).toEqual([1, 0, 1, 0, 0]);
  });

  it('takes one example for validation when none fell there', () => {
    const positions = Float64Array.of(0.9, 0.4, 0.5);
    const splits = divide(positions, Int32Array.of(0, 1, 1), { validationFraction: 0.2, testFraction: 0 });
    expect([...splits]).toEqual([0, 1, 0]);
  });

  it('keeps equal contents together when it makes an exception', () => {
    const positions = Float64Array.of(0.3, 0.3, 0.5, 0.6);
    const splits = divide(positions, Int32Array.of(0, 0, 0, 1), { validationFraction: 0.2, testFraction: 0 });
    expect([...splits]).toEqual([1, 1, 0, 0]);
  });

  it('takes nothing away from a class that has one example only', () => {
    const splits = divide(Float64Array.of(0.3, 0.6), Int32Array.of(0, 1), {
      validationFraction: 0.2,
      testFraction: 0,
    });
    expect([...splits]).toEqual([0, 0]);
  });
});
