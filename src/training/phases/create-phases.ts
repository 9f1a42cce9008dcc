import type * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import type { JobEvent } from '../../contract/frames';
import type { Hyperparameters } from '../../contract/hyperparameters';
import type { PhaseMark } from '../../contract/run';
import { baseLayers } from '../../model/bases/base-layers';
import { fineTunedLayers, setTrainable } from '../../model/bases/fine-tuned-layers';
import { type CreatedProgram, createProgram, type ProgramChoice } from '../create-program';
import { PhasedProgram } from './phased-program';
import { fineTuningPhases, type PhaseSettings } from './phases';

export interface PhasedChoice extends ProgramChoice {
  hyperparameters: ProgramChoice['hyperparameters'] &
    PhaseSettings &
    Pick<Hyperparameters, 'fineTuneLayers' | 'layerLearningRates'>;
}

type Emit = (event: JobEvent) => void;

/**
 * The program of a whole run: of one phase, or of two where the base of the model is fine-tuned.
 *
 * @param began the phase in which a run goes on
 * @throws DescentError `wrong-use` when no layer is to be fine-tuned; as `createProgram`
 */
export async function createPhases(
  choice: PhasedChoice,
  emit: Emit,
  began?: PhaseMark,
): Promise<CreatedProgram> {
  const { model, hyperparameters } = choice;
  if (!isFineTuned(model, hyperparameters, emit)) return createProgram(choice, emit);
  const { fineTuneLayers, layerLearningRates } = hyperparameters;
  const layers = fineTunedLayers(model, fineTuneLayers, layerLearningRates);
  if (!layers.some(({ weights }) => weights.length > 0))
    emit({
      type: 'notice',
      severity: 'warns',
      message:
        `None of the last ${fineTuneLayers} layers of the base has weights that can be fine-tuned (fineTuneLayers): the ` +
        'second phase only trains the head on.',
    });
  const program = await PhasedProgram.create(
    {
      model,
      phases: fineTuningPhases(hyperparameters),
      open: (phase, { step }, again) => {
        setTrainable(layers, phase.name === 'fine-tuning');
        const { features } = choice;
        return createProgram(
          {
            ...choice,
            ...(features ? { features: { ...features, epochs: phase.epochs } } : {}),
            keepsModel: true,
            firstStep: step,
          },
          again ? () => {} : emit,
        );
      },
    },
    began,
  );
  return { program, description: program.description };
}

/** Whether there is a second phase; tells where the settings speak of one that there can't be. */
function isFineTuned(
  model: tf.LayersModel,
  { fineTuneEpochs, fineTuneLayers }: PhasedChoice['hyperparameters'],
  emit: Emit,
): boolean {
  if (fineTuneEpochs === 0 && fineTuneLayers === 0) return false;
  const warn = (message: string) => emit({ type: 'notice', severity: 'warns', message });
  if (baseLayers(model).length === 0) {
    warn('Nothing is fine-tuned: the model has no pretrained base of layers.');
    return false;
  }
  if (fineTuneEpochs === 0) {
    warn('Nothing is fine-tuned: fineTuneLayers is set, but fineTuneEpochs is 0.');
    return false;
  }
  if (fineTuneLayers === 0)
    throw new DescentError(
      'wrong-use',
      'There are fineTuneEpochs, but no layers to fine-tune (fineTuneLayers: 0).',
      {
        subject: 'fineTuneLayers',
        remedy: `Set fineTuneLayers to a number from 1 to ${baseLayers(model).length}, or fineTuneEpochs to 0.`,
      },
    );
  return true;
}
