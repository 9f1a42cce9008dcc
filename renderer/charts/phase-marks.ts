import type { DrawnLine, PhaseMark } from './line-model';
import { type AxisKind, nearestIndex } from './math/axis';

/** A mark on the horizontal axis, in the axis' unit. */
export interface PlacedMark {
  x: number;
  label: string;
  /** Absent when several runs share it. */
  color?: string | undefined;
}

/**
 * Where marks stand: at their step or epoch, or at the time of the point of their run's first curve that is nearest to it. A
 * mark without a curve is left out, and one that several runs have at the same place is drawn once.
 */
export function placeMarks(
  marks: readonly PhaseMark[],
  lines: readonly DrawnLine[],
  axis: AxisKind,
  counts: 'step' | 'epoch',
): PlacedMark[] {
  const placed: PlacedMark[] = [];
  for (const mark of marks) {
    const drawn = lines.find(({ line }) => line.run === mark.run);
    if (!drawn) continue;
    const at = counts === 'epoch' ? mark.epoch : mark.step;
    const x = axis === 'step' ? at : drawn.x[nearestIndex(drawn.line.series!.steps, at)]!;
    const same = placed.find((other) => other.x === x && other.label === mark.label);
    if (same) same.color = undefined;
    else placed.push({ x, label: mark.label, color: mark.color });
  }
  return placed;
}
