import type { Hyperparameters } from '../contract/hyperparameters';

export type ScheduleSettings = Pick<
  Hyperparameters,
  'schedule' | 'warmupSteps' | 'decayEpochs' | 'decayRate' | 'epochs'
>;

/**
 * The factor on the base learning rate at a step (from 0) of a phase of so many epochs. Warm-up rises linearly from 0 as in
 * tf.keras.optimizers.schedules.CosineDecay(warmup_steps); `cosine` falls to 0 over the rest of the phase; `step` and
 * `exponential` are ExponentialDecay with and without staircase.
 */
export function scheduleFactor(settings: ScheduleSettings, step: number, stepsPerEpoch: number): number {
  if (step < settings.warmupSteps) return step / settings.warmupSteps;
  switch (settings.schedule) {
    case 'constant':
      return 1;
    case 'cosine': {
      const total = Math.max(1, settings.epochs * stepsPerEpoch - settings.warmupSteps);
      const progress = Math.min(1, (step - settings.warmupSteps) / total);
      return 0.5 * (1 + Math.cos(Math.PI * progress));
    }
    case 'step':
      return settings.decayRate ** Math.floor(step / stepsPerEpoch / settings.decayEpochs);
    case 'exponential':
      return settings.decayRate ** (step / stepsPerEpoch / settings.decayEpochs);
  }
}
