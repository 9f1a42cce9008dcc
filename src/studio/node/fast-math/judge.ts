import type { ProbedSteps } from '../../../contract/engine';

export interface FastMathVerdict {
  on: boolean;
  /** A sentence for the run's page. */
  reason: string;
}

/** Fast math may change the losses by this share of what another seed changes them by. */
const largestShare = 0.25;

/**
 * Whether fast math may be used, by the losses of the same first steps with it, without it, and without it from another seed.
 * The same steps see the same examples, so that their losses differ by the arithmetic alone; those of another seed show how
 * much the losses of this training depend on chance anyway. A quarter of that is no more than a run's own noise, while
 * arithmetic that harms (losses that are no numbers, that stall or run away) is far beyond it.
 */
export function judgeFastMath(
  fast: ProbedSteps,
  strict: ProbedSteps,
  otherSeed: ProbedSteps,
): FastMathVerdict {
  const steps = `${strict.losses.length} steps`;
  if (strict.losses.some((loss) => !Number.isFinite(loss)))
    return {
      on: false,
      reason:
        'Fast math stays off: without it the loss is no number already, so that nothing can be compared.',
    };
  if (fast.losses.some((loss) => !Number.isFinite(loss)))
    return {
      on: false,
      reason: `Fast math stays off: with it the loss is no number after ${fast.losses.length} steps.`,
    };
  if (fast.losses.every((loss, step) => Object.is(loss, strict.losses[step])))
    return {
      on: false,
      reason: `Fast math stays off: the losses of ${steps} are the same with and without it, to the last bit, so that it changes nothing on this processor.`,
    };
  const difference = rootMeanSquare(fast.losses, strict.losses);
  const chance = rootMeanSquare(otherSeed.losses, strict.losses);
  const found = `over ${steps} it changes the losses by ${written(difference)}, and another seed changes them by ${written(chance)} (root mean square)`;
  if (!(difference <= largestShare * chance))
    return { on: false, reason: `Fast math stays off: ${found}; up to a quarter of that is allowed.` };
  const time = Math.round((100 * fast.stepMilliseconds) / strict.stepMilliseconds);
  return { on: true, reason: `Fast math is on: ${found}; a step took ${time} % of the time.` };
}

function rootMeanSquare(one: readonly number[], other: readonly number[]): number {
  const squares = one.map((value, index) => (value - other[index]!) ** 2);
  return Math.sqrt(squares.reduce((sum, value) => sum + value, 0) / squares.length);
}

function written(value: number): string {
  return Number(value.toPrecision(2)).toString();
}
