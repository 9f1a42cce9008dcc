import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runColors } from '../../../renderer/charts/math/palette';

const css = readFileSync(join(import.meta.dirname, '../../../renderer/theme/tokens.css'), 'utf8');
const [light, dark] = css
  .split(':root[data-theme="dark"]')
  .map((block) =>
    Object.fromEntries(
      [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map(([, name, value]) => [name!, value!]),
    ),
  ) as [Record<string, string>, Record<string, string>];

function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** WCAG 2.2, contrast ratio. */
function contrast(first: string, second: string): number {
  const [darker, lighter] = [luminance(first), luminance(second)].sort((left, right) => left - right) as [
    number,
    number,
  ];
  return (lighter + 0.05) / (darker + 0.05);
}

describe.each([
  ['light', light],
  ['dark', dark],
] as const)('the %s theme', (theme, tokens) => {
  const of = (name: string) => tokens[name]!;

  it.each(['text', 'soft', 'faint', 'accent-text', 'ok-text', 'warn-text', 'fail-text'])(
    'keeps 4.5:1 for words in --%s on every surface',
    (name) => {
      for (const surface of ['background', 'panel', 'panel-hover'])
        expect([surface, contrast(of(name), of(surface)) >= 4.5]).toEqual([surface, true]);
    },
  );

  it('keeps 4.5:1 on coloured grounds', () => {
    for (const [words, ground] of [
      ['on-accent', 'accent'],
      ['on-fail', 'fail'],
      ['accent-text', 'accent-soft'],
      ['text', 'accent-soft'],
      ['text', 'warn-soft'],
      ['text', 'fail-soft'],
      ['fail-text', 'fail-soft'],
    ] as const)
      expect([words, ground, contrast(of(words), of(ground)) >= 4.5]).toEqual([words, ground, true]);
  });

  it('keeps 3:1 for lines of controls, dots and curves', () => {
    for (const name of ['line-strong', 'accent', 'ok', 'warn', 'fail'])
      expect([name, contrast(of(name), of('panel')) >= 3]).toEqual([name, true]);
    for (const color of runColors[theme])
      expect([color, contrast(color, of('panel')) >= 3]).toEqual([color, true]);
  });
});
