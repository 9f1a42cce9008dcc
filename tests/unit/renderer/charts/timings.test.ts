import { describe, expect, it } from 'vitest';
import {
  stepTimings,
  timingsCeiling,
  timingTags,
  timingVerdict,
} from '../../../../renderer/charts/math/timings';

const series = (tag: string, steps: number[], values: number[]) => ({
  run: 'r',
  split: 'train',
  tag,
  total: steps.length,
  nonFinite: 0,
  revision: 1,
  steps: Float64Array.from(steps),
  wallTimes: Float64Array.from(steps),
  values: Float64Array.from(values),
});

describe('step timings', () => {
  it('find the tags that the engine records', () => {
    expect(
      timingTags([
        'batch_loss',
        'timing/wait_ms',
        'timing/copy_ms',
        'timing/compute_ms',
        'timing/callbacks_ms',
      ]),
    ).toEqual({
      wait: 'timing/wait_ms',
      copy: 'timing/copy_ms',
      compute: 'timing/compute_ms',
      callbacks: 'timing/callbacks_ms',
    });
    expect(timingTags(['batch_loss'])).toEqual({});
  });

  it('stand side by side by step, also when a part lacks some', () => {
    const found = stepTimings({
      wait: series('timing/wait_ms', [1, 2, 3], [1, 1, 1]),
      compute: series('timing/compute_ms', [2, 3, 4], [9, 9, 9]),
    })!;
    expect([...found.steps]).toEqual([1, 2, 3, 4]);
    expect([...found.totals]).toEqual([1, 10, 10, 9]);
    expect(found.shares.compute).toBeCloseTo(27 / 30);
  });

  it('are of the last steps', () => {
    const steps = Array.from({ length: 50 }, (_, index) => index);
    const found = stepTimings({ compute: series('timing/compute_ms', steps, steps) }, 10)!;
    expect([...found.steps]).toEqual(steps.slice(40));
    expect(found.p95).toBe(49);
    expect(stepTimings({})).toBeNull();
  });

  it('are drawn up to a ceiling that a single slow step does not raise', () => {
    const steps = Float64Array.from({ length: 120 }, (_, index) => (index === 7 ? 900 : 10));
    expect(timingsCeiling(steps)).toBeCloseTo(16);
    expect(timingsCeiling(Float64Array.of(9, 10, 11))).toBe(11);
  });

  it('name what the time goes to', () => {
    expect(timingVerdict({ wait: 0.02, copy: 0.03, compute: 0.94, callbacks: 0.01 }).kind).toBe('compute');
    expect(timingVerdict({ wait: 0.41, copy: 0.03, compute: 0.55, callbacks: 0.01 })).toEqual({
      kind: 'wait',
      share: 0.41,
    });
    expect(timingVerdict({ wait: 0.1, copy: 0.3, compute: 0.55, callbacks: 0.05 }).kind).toBe('copy');
    expect(timingVerdict({ wait: 0.1, copy: 0.1, compute: 0.5, callbacks: 0.3 }).kind).toBe('callbacks');
  });
});
