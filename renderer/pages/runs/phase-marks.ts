import { useI18n } from 'vue-i18n';
import type { PhaseMark as RunPhase } from '../../../src/contract/run';
import type { PhaseMark } from '../../charts/line-model';

/** Names of phases, and marks for charts where later ones begin. */
export function usePhaseMarks() {
  const { t, te } = useI18n();
  const nameOf = (phase: string) =>
    te(`runs.trainingPhases.${phase}`, 'en') ? t(`runs.trainingPhases.${phase}`) : phase;
  const of = (run: { id: string; phases: readonly RunPhase[] }, color?: string): PhaseMark[] =>
    run.phases
      .filter(({ step }) => step > 0)
      .map(({ name, step, epoch }) => ({
        run: run.id,
        step,
        epoch,
        label: nameOf(name),
        ...(color ? { color } : {}),
      }));
  return { nameOf, of };
}
