import { type Ref, shallowRef } from 'vue';
import { runColors } from './math/palette';

/** Colours and type for canvases, read from the CSS tokens in force. */
export interface ChartTheme {
  name: 'light' | 'dark';
  text: string;
  soft: string;
  faint: string;
  line: string;
  lineStrong: string;
  panel: string;
  background: string;
  accent: string;
  ok: string;
  warn: string;
  fail: string;
  runs: readonly string[];
  font: string;
}

let current: Ref<ChartTheme> | undefined;

function readTheme(): ChartTheme {
  const root = document.documentElement;
  const style = getComputedStyle(root);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const name = root.dataset.theme === 'dark' ? 'dark' : 'light';
  return {
    name,
    text: token('--text'),
    soft: token('--soft'),
    faint: token('--faint'),
    line: token('--line'),
    lineStrong: token('--line-strong'),
    panel: token('--panel'),
    background: token('--background'),
    accent: token('--accent'),
    ok: token('--ok'),
    warn: token('--warn'),
    fail: token('--fail'),
    runs: runColors[name],
    font: token('--font') || 'sans-serif',
  };
}

/** The one chart theme; changes with `data-theme` on <html>. */
export function useChartTheme(): Ref<ChartTheme> {
  if (current) return current;
  const theme = shallowRef(readTheme());
  new MutationObserver(() => {
    theme.value = readTheme();
  }).observe(document.documentElement, {
    attributes: true,
    attributeFilter: ['data-theme', 'style', 'class'],
  });
  current = theme;
  return theme;
}

/** `#rrggbb` with an opacity 0..1, as canvas takes it. */
export function withOpacity(color: string, opacity: number): string {
  const [red, green, blue] = channels(color);
  return `rgba(${red}, ${green}, ${blue}, ${opacity})`;
}

/** A colour between two, `share` 0 gives the first. */
export function mix(from: string, to: string, share: number): string {
  const first = channels(from);
  const second = channels(to);
  const at = (index: number) => Math.round(first[index]! + (second[index]! - first[index]!) * share);
  return `rgb(${at(0)}, ${at(1)}, ${at(2)})`;
}

function channels(color: string): [number, number, number] {
  const mixed = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(color);
  if (mixed) return [Number(mixed[1]), Number(mixed[2]), Number(mixed[3])];
  // A built style sheet has #fff for #ffffff.
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(color);
  const hex = short
    ? short
        .slice(1)
        .map((digit) => digit + digit)
        .join('')
    : /^#([0-9a-f]{6})$/i.exec(color)?.[1];
  if (hex === undefined) return [128, 128, 128];
  const value = Number.parseInt(hex, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
