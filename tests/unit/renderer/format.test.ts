import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatDuration,
  formatExact,
  formatMilliseconds,
  formatMoment,
  formatNumber,
  formatShare,
  formatShort,
} from '../../../renderer/format/numbers';

describe('numbers', () => {
  it.each([
    [0.96423, '0.9642'],
    [25.4, '25.40'],
    [1234.567, '1,235'],
    [1842, '1,842'],
    [0, '0'],
    [-0.5, '−0.5000'],
    [0.00012345, '0.0001235'],
    [0.00001, '1e-5'],
    [0.0000123456, '1.235e-5'],
    [12_345_678_901.5, '1.235e10'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '∞'],
    [null, '–'],
    [undefined, '–'],
  ])('shows %s with four significant digits as %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it('shows bounds without zeros that fill up', () => {
    expect([0.1, 4.3, -3.25, 2, 1234.56, 0, 1e-7].map(formatShort)).toEqual([
      '0.1',
      '4.3',
      '−3.25',
      '2',
      '1,235',
      '0',
      '1e-7',
    ]);
  });

  it('keeps every digit of a setting', () => {
    expect([0.001, 1e-5, 0.2, 10_000].map(formatExact)).toEqual(['0.001', '1e-5', '0.2', '10000']);
  });

  it('tells shares, bytes, durations and steps with their unit', () => {
    expect(formatShare(0.018)).toBe('1.80 %');
    expect(formatShare(1)).toBe('100 %');
    expect(formatBytes(0)).toBe('0 B');
    expect(formatBytes(1023)).toBe('1023 B');
    expect(formatBytes(1_395_864_371)).toBe('1.3 GiB');
    expect(formatDuration(0.85)).toBe('850 ms');
    expect(formatDuration(3.14)).toBe('3.1 s');
    expect(formatDuration(59.7)).toBe('1 m 0 s');
    expect(formatDuration(72)).toBe('1 m 12 s');
    expect(formatDuration(7500)).toBe('2 h 5 m');
    expect(formatDuration(Number.POSITIVE_INFINITY)).toBe('–');
    expect(formatMilliseconds(25.43)).toBe('25.4 ms');
  });

  it('names the year of a moment only when it is another one', () => {
    const now = new Date('2026-11-23T12:00:00');
    expect(formatMoment('2026-11-20T09:12:00', now)).toBe('20 Nov, 09:12');
    expect(formatMoment('2025-11-20T09:12:00', now)).toBe('20 Nov 2025, 09:12');
    expect(formatMoment('never', now)).toBe('–');
  });
});
