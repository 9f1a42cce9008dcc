import { describe, expect, it } from 'vitest';
import { assignSlots, dashPattern, runColorCount, runColors } from '../../../../renderer/charts/math/palette';

type Triple = [number, number, number];

/** Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB. */
const simulations: Record<string, Triple[]> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function linear(hex: string): Triple {
  return [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as Triple;
}

function simulate(hex: string, matrix: Triple[]): Triple {
  const rgb = linear(hex);
  return matrix.map((row) =>
    Math.min(1, Math.max(0, row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2])),
  ) as Triple;
}

/** OKLab, whose distances are even enough for a threshold. */
function oklab([r, g, b]: Triple): Triple {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function luminance(hex: string): number {
  const [r, g, b] = linear(hex);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (bright + 0.05) / (dark + 0.05);
}

describe('the colours of runs', () => {
  for (const theme of ['light', 'dark'] as const) {
    for (const [name, matrix] of Object.entries(simulations)) {
      it(`are told apart in the ${theme} theme with ${name} sight`, () => {
        const colors = runColors[theme].map((hex) => oklab(simulate(hex, matrix)));
        const close: string[] = [];
        for (let one = 0; one < colors.length; one++) {
          for (let other = one + 1; other < colors.length; other++) {
            const distance = Math.hypot(...colors[one]!.map((value, at) => value - colors[other]![at]!));
            if (distance < 0.06) close.push(`${one + 1}-${other + 1}: ${distance.toFixed(3)}`);
          }
        }
        expect(close).toEqual([]);
      });
    }

    it(`stand out from the ${theme} panel with at least 2.5:1`, () => {
      const panel = theme === 'light' ? '#ffffff' : '#191e26';
      for (const color of runColors[theme]) expect(contrast(color, panel), color).toBeGreaterThan(2.5);
    });
  }

  it('come back as dash patterns past eight', () => {
    expect(dashPattern(0, 'train')).toBe('solid');
    expect(dashPattern(runColorCount, 'train')).not.toBe('solid');
    expect(dashPattern(0, 'validation')).not.toBe('solid');
    const patterns = [0, 1, 2, 3].flatMap((lap) =>
      ['train', 'validation'].map((split) => JSON.stringify(dashPattern(lap * runColorCount, split))),
    );
    expect(new Set(patterns).size).toBe(patterns.length);
  });
});

describe('colour slots', () => {
  it('stay with a run when others come and go', () => {
    const first = assignSlots({}, ['a', 'b', 'c']);
    expect(first).toEqual({ a: 0, b: 1, c: 2 });
    const second = assignSlots(first, ['c'], ['a', 'b', 'c']);
    const third = assignSlots(second, ['c', 'd'], ['c']);
    expect(third.c).toBe(2);
    expect(third.d).toBe(0);
    expect(assignSlots(third, ['c', 'd', 'a'], ['c', 'd']).c).toBe(2);
  });

  it('are never shared by two runs in view', () => {
    let memory: Record<string, number> = { x: 3, y: 3, z: 3 };
    memory = assignSlots(memory, ['x', 'y', 'z', 'new']);
    const slots = ['x', 'y', 'z', 'new'].map((run) => memory[run]);
    expect(new Set(slots).size).toBe(4);
    expect(memory.x).toBe(3);
  });
});
