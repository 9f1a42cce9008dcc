import type { TaskKind } from './dataset';
import { DescentError } from './errors';

export const lossNames = [
  'auto',
  'categorical-crossentropy',
  'binary-crossentropy',
  'mse',
  'mae',
  'huber',
] as const;
export type LossName = (typeof lossNames)[number];
export type ChosenLoss = Exclude<LossName, 'auto'>;

/** What can be trained for each task, the one that `auto` takes behind it. */
export const lossesByTask: Record<TaskKind, readonly [auto: 'auto', chosen: ChosenLoss, ...ChosenLoss[]]> = {
  classification: ['auto', 'categorical-crossentropy', 'binary-crossentropy'],
  regression: ['auto', 'mse', 'mae', 'huber'],
};

/**
 * The loss that a run trains with.
 * @throws DescentError `wrong-use` when it does not fit the task
 */
export function chooseLoss(task: TaskKind, loss: LossName = 'auto'): ChosenLoss {
  const fitting: readonly LossName[] = lossesByTask[task];
  if (!fitting.includes(loss)) {
    const what = task === 'classification' ? 'classes' : 'a number';
    throw new DescentError(
      'wrong-use',
      `The loss ${loss} can't be trained on data with ${what} to predict.`,
      {
        subject: 'loss',
        remedy: `Choose one of: ${fitting.join(', ')}.`,
      },
    );
  }
  return loss === 'auto' ? lossesByTask[task][1] : loss;
}
