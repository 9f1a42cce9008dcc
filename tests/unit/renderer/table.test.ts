import { expect, it } from 'vitest';
import { compareCells } from '../../../renderer/components/table';

it('sorts numbers by size, names by their numbers, and puts what is missing last', () => {
  expect([10, 9, undefined, 2].sort(compareCells)).toEqual([2, 9, 10, undefined]);
  expect([...['run 10', 'run 9', 'Run 1']].sort(compareCells)).toEqual(['Run 1', 'run 9', 'run 10']);
  expect([Number.NaN, 3, 1].sort(compareCells)).toEqual([1, 3, Number.NaN]);
});
