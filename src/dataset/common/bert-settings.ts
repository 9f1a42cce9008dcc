import type { DatasetSummary } from '../../contract/dataset';
import type { Hyperparameters } from '../../contract/hyperparameters';

/** Longer texts are seldom worth what a step then takes. */
const longestSequence = 128;
const warmupShare = 0.1;

/**
 * Settings for a BERT base that was chosen by hand, where nothing else was: a head on frozen features, or, with `trainBase`, the
 * small steps of fine-tuning with warm-up, as TensorFlow's tutorial has them.
 */
export function settingsForBert(
  { splits }: Pick<DatasetSummary, 'splits'>,
  proposed: Pick<Hyperparameters, 'sequenceLength'>,
  chosen: Partial<Pick<Hyperparameters, 'trainBase' | 'epochs' | 'batchSize'>>,
): Partial<Hyperparameters> {
  const batchSize = chosen.batchSize ?? 16;
  const common = {
    batchSize,
    sequenceLength: Math.min(proposed.sequenceLength, longestSequence),
    dropout: 0.1,
  };
  if (!chosen.trainBase) return { ...common, epochs: 15, learningRate: 0.005 };
  const epochs = chosen.epochs ?? 4;
  const steps = epochs * Math.ceil(splits.train / batchSize);
  return {
    ...common,
    epochs,
    optimizer: 'adamw',
    learningRate: 1e-5,
    warmupSteps: Math.round(warmupShare * steps),
  };
}
