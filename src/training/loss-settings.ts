import type { TaskKind } from '../contract/dataset';
import type { Hyperparameters } from '../contract/hyperparameters';
import { type ChosenLoss, chooseLoss } from '../contract/losses';

/** What of the hyper-parameters says how far off an answer is. */
export type LossHyperparameters = Pick<Hyperparameters, 'loss' | 'huberDelta' | 'labelSmoothing'>;

export interface LossSettings extends Omit<LossHyperparameters, 'loss'> {
  loss: ChosenLoss;
}

/** @throws DescentError `wrong-use` when the loss does not fit the task */
export function lossSettingsOf(task: TaskKind, hyperparameters: LossHyperparameters): LossSettings {
  const { loss, huberDelta, labelSmoothing } = hyperparameters;
  return { loss: chooseLoss(task, loss), huberDelta, labelSmoothing };
}
