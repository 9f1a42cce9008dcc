import { expect } from 'vitest';
import type { NamedTensor } from '../../../../src/training/named-tensor';

/** Names, shapes and types are the same; values differ by no more than `tolerance`, relative where they are above 1. */
export function expectEqualTensors(found: NamedTensor[], wanted: NamedTensor[], tolerance: number): void {
  expect(found.map(({ name, shape, dtype }) => ({ name, shape, dtype }))).toEqual(
    wanted.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
  );
  found.forEach(({ name, values }, index) => {
    const other = wanted[index]!.values;
    let largest = 0;
    values.forEach((value, place) => {
      const difference = Math.abs(value - other[place]!) / Math.max(1, Math.abs(other[place]!));
      if (!(difference <= largest)) largest = difference;
    });
    expect(largest, name).toBeLessThanOrEqual(tolerance);
  });
}
