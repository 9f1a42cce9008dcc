import { describe, expect, it } from 'vitest';
import type { DrawnLine, PhaseMark } from '../../../../renderer/charts/line-model';
import { placeMarks } from '../../../../renderer/charts/phase-marks';

/** A curve whose points are ten seconds apart. */
function curve(run: string, steps: number[]): DrawnLine {
  const wallTimes = Float64Array.from(steps, (_, index) => 1000 + index * 10);
  const line = { run, series: { steps: Float64Array.from(steps), wallTimes } };
  return { line, x: wallTimes.map((time) => time - 1000) } as unknown as DrawnLine;
}

const mark = (run: string, step: number, epoch: number): PhaseMark => ({
  run,
  step,
  epoch,
  label: 'Fine-tuning',
  color: `of ${run}`,
});

describe('marks of phases', () => {
  const lines = [curve('a', [100, 200, 300]), curve('b', [100, 400])];

  it('stand at their step, or at their epoch where the axis counts those', () => {
    expect(placeMarks([mark('a', 200, 2)], lines, 'step', 'step')).toEqual([
      { x: 200, label: 'Fine-tuning', color: 'of a' },
    ]);
    expect(placeMarks([mark('a', 200, 2)], lines, 'step', 'epoch')[0]!.x).toBe(2);
  });

  it('stand at the time of their run’s nearest point on axes of time', () => {
    const placed = placeMarks([mark('a', 290, 2), mark('b', 120, 3)], lines, 'relative', 'step');
    expect(placed.map(({ x }) => x)).toEqual([20, 0]);
  });

  it('are drawn once for several runs, without the colour of one of them, and not without a curve', () => {
    const placed = placeMarks([mark('a', 200, 2), mark('b', 200, 2), mark('c', 9, 1)], lines, 'step', 'step');
    expect(placed).toEqual([{ x: 200, label: 'Fine-tuning', color: undefined }]);
  });
});
