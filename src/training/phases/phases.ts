import type { Hyperparameters } from '../../contract/hyperparameters';

/** A part of a run with its own trained layers, optimizer and learning rate. */
export interface Phase {
  name: 'training' | 'head' | 'fine-tuning';
  /** At most so many. */
  epochs: number;
  /** What the schedule multiplies. */
  learningRate: number;
}

export type PhaseSettings = Pick<
  Hyperparameters,
  'epochs' | 'learningRate' | 'fineTuneEpochs' | 'fineTuneLearningRate'
>;

/** Of a run that trains the same layers from its beginning to its end. */
export function singlePhase({ epochs, learningRate }: PhaseSettings): Phase {
  return { name: 'training', epochs, learningRate };
}

/** A head on a frozen base, then the last layers of the base with it. */
export function fineTuningPhases(settings: PhaseSettings): [Phase, Phase] {
  const { epochs, learningRate, fineTuneEpochs, fineTuneLearningRate } = settings;
  return [
    { name: 'head', epochs, learningRate },
    { name: 'fine-tuning', epochs: fineTuneEpochs, learningRate: fineTuneLearningRate },
  ];
}
