import type { Hyperparameters } from '../contract/hyperparameters';

/** What turns gradients into changes of the weights. */
export type UpdateSettings = Pick<
  Hyperparameters,
  'optimizer' | 'momentum' | 'weightDecay' | 'clipNorm' | 'clipValue' | 'accumulateSteps' | 'emaMomentum'
>;

/** How gradients are limited. As in Keras, a limit on the norm leaves one on the elements without effect. */
export function clippingOf({
  clipNorm,
  clipValue,
}: Pick<UpdateSettings, 'clipNorm' | 'clipValue'>): { norm: number } | { value: number } | undefined {
  if (clipNorm > 0) return { norm: clipNorm };
  return clipValue > 0 ? { value: clipValue } : undefined;
}

/** Whether the step after `steps` steps updates the weights, or lays its gradients by. */
export function isUpdateDue({ accumulateSteps }: Pick<UpdateSettings, 'accumulateSteps'>, steps: number) {
  return (steps + 1) % accumulateSteps === 0;
}

/** Number, from 1, of the update at the end of the step after `steps` steps: what Adam corrects its means by. */
export function updateNumber(
  { accumulateSteps }: Pick<UpdateSettings, 'accumulateSteps'>,
  steps: number,
): number {
  return Math.floor(steps / accumulateSteps) + 1;
}

/** Names of what is kept for each weight beside the optimizer's own, as they stand in checkpoints. */
export const accumulatedSlot = 'accumulated';
export const averageSlot = 'average';
