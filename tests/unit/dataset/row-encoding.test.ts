import { describe, expect, it } from 'vitest';
import type { TableColumn } from '../../../src/contract/metadata';
import { encodeRow, isMissing, parseNumber, rowWidth } from '../../../src/dataset/common/table';

const columns: TableColumn[] = [
  { role: 'numeric', name: 'age', mean: 40, standardDeviation: 10 },
  { role: 'categorical', name: 'colour', values: ['blue', 'red'] },
  { role: 'numeric', name: 'weight', mean: 2.5, standardDeviation: 1, decimalComma: true },
];

describe('encodeRow', () => {
  it('puts numbers as they are and categories one-hot, by name or by place', () => {
    const expected = Float32Array.of(31, 0, 1, 1.5);
    expect(rowWidth(columns)).toBe(4);
    expect(encodeRow(columns, { age: ' 31 ', colour: 'red', weight: '1,5' })).toEqual(expected);
    expect(encodeRow(columns, ['1,5', 'red', 'x', '31'], ['weight', 'colour', 'unused', 'age'])).toEqual(
      expected,
    );
  });

  it('takes the mean for a missing or unreadable number, and no category for an unknown value', () => {
    expect(encodeRow(columns, { age: 'N/A', colour: 'green', weight: 'heavy' })).toEqual(
      Float32Array.of(40, 0, 0, 2.5),
    );
    expect(encodeRow(columns, {})).toEqual(Float32Array.of(40, 0, 0, 2.5));
  });
});

describe('parseNumber', () => {
  it('reads plain and grouped numbers', () => {
    const readable = {
      '1': 1,
      '-2.5': -2.5,
      '+.5': 0.5,
      '1e-3': 0.001,
      '1,234,567.8': 1234567.8,
      ' 7 ': 7,
      '5.': 5,
    };
    for (const [text, value] of Object.entries(readable)) expect(parseNumber(text)).toBe(value);
  });

  it('reads decimal commas only when told that the column has them', () => {
    expect(parseNumber('1,5')).toBeNaN();
    expect(parseNumber('1,5', true)).toBe(1.5);
    expect(parseNumber('1.234,5', true)).toBe(1234.5);
    expect(parseNumber('1.5', true)).toBeNaN();
  });

  it('refuses what only looks like a number', () => {
    for (const text of [
      '',
      '1 2',
      '0x10',
      'Infinity',
      '1e999',
      '12%',
      '1,23',
      '1,2345',
      '0,345',
      '--1',
      'e5',
      '$3',
    ])
      expect(parseNumber(text), text).toBeNaN();
  });
});

describe('isMissing', () => {
  it('knows the usual marks', () => {
    for (const mark of ['', '  ', 'NA', 'n/a', 'N/A', 'null', 'NULL', 'NaN', '?'])
      expect(isMissing(mark), mark).toBe(true);
    for (const value of ['0', 'none', 'Nan Goldin', '-', 'nab']) expect(isMissing(value), value).toBe(false);
  });
});
