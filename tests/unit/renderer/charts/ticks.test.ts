import { describe, expect, it } from 'vitest';
import {
  durationTicks,
  formatTick,
  linearTicks,
  logTicks,
  thinTicks,
  wallTicks,
} from '../../../../renderer/charts/math/ticks';

const labels = (ticks: { label: string }[]) => ticks.map((tick) => tick.label);

describe('ticks', () => {
  it('are round, and end inside the range instead of colliding with its edge', () => {
    expect(labels(linearTicks(0, 2600, 5, true))).toEqual(['0', '1,000', '2,000']);
    expect(labels(linearTicks(0, 2580, 6, true))).toEqual(['0', '500', '1,000', '1,500', '2,000', '2,500']);
    expect(labels(linearTicks(0, 1, 5))).toEqual(['0', '0.2', '0.4', '0.6', '0.8', '1.0']);
  });

  it('never stand at fractions of a step', () => {
    for (const tick of linearTicks(1, 3, 10, true)) expect(Number.isInteger(tick.value)).toBe(true);
  });

  it('are exact despite binary fractions', () => {
    expect(linearTicks(0, 0.6, 6).map((tick) => tick.value)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
  });

  it('have different labels even on narrow ranges of large or small values', () => {
    for (const [low, high] of [
      [1e-7, 9e-7],
      [1_000_000, 1_000_010],
      [0.97231, 0.97239],
      [-5e-5, 5e-5],
      [2e9, 9e9],
    ] as const) {
      const found = labels(linearTicks(low, high, 6));
      expect(found.length).toBeGreaterThan(2);
      expect(new Set(found).size, found.join(' ')).toBe(found.length);
    }
  });

  it('say one value when the range has no width, and nothing without a range', () => {
    expect(linearTicks(4, 4, 5)).toHaveLength(1);
    expect(linearTicks(Number.NaN, 4, 5)).toEqual([]);
  });

  it('on a log axis are powers of ten, with 2 and 5 between when there is room', () => {
    expect(labels(logTicks(-3, 3, 8))).toEqual(['0.001', '0.01', '0.1', '1', '10', '100', '1,000']);
    expect(labels(logTicks(Math.log10(0.05), Math.log10(5), 8))).toEqual([
      '0.05',
      '0.1',
      '0.2',
      '0.5',
      '1',
      '2',
      '5',
    ]);
    expect(labels(logTicks(Math.log10(0.5), Math.log10(0.9), 4)).length).toBeGreaterThan(2);
    expect(labels(logTicks(-8, -4, 8))).toContain('1e−7');
    expect(logTicks(-300, 300, 8).length).toBeLessThan(12);
  });

  it('on elapsed time are at times people count in', () => {
    expect(labels(durationTicks(0, 171, 6))).toEqual(['0', '0:30', '1:00', '1:30', '2:00', '2:30']);
    expect(labels(durationTicks(0, 7200, 4))).toEqual(['0', '30 min', '1:00 h', '1:30 h', '2:00 h']);
    expect(labels(durationTicks(0, 30, 3))).toEqual(['0', '10 s', '20 s', '30 s']);
  });

  it('on wall time are at round local times', () => {
    const noon = Date.UTC(2026, 10, 23, 12, 0, 0) / 1000;
    expect(labels(wallTicks(noon, noon + 3600, 4, 0))).toEqual(['12:00', '12:15', '12:30', '12:45', '13:00']);
    expect(labels(wallTicks(noon, noon + 86_400 * 3, 3, 0))).toEqual(['11-24', '11-25', '11-26']);
  });

  it('are thinned evenly when labels would touch', () => {
    const ticks = linearTicks(0, 100, 10);
    const thin = thinTicks(ticks, 100, 200, 45);
    for (let index = 1; index < thin.length; index++)
      expect(((thin[index]!.value - thin[index - 1]!.value) / 100) * 200).toBeGreaterThanOrEqual(45);
  });

  it('use exponents for the very large and the very small', () => {
    expect(formatTick(2_000_000, 1_000_000)).toBe('2e6');
    expect(formatTick(0.00002, 0.00001)).toBe('2e-5');
    expect(formatTick(-0.5, 0.1)).toBe('−0.5');
  });
});
