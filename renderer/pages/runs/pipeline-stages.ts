import type { MeasuredStage, Run } from '../../../src/contract/run';

export interface StageView extends MeasuredStage {
  /** What the stage does, where its settings tell; they are without it. */
  does: string | undefined;
  /** Settings that do something: without zeros and what is switched off. */
  details: [name: string, value: string | number | boolean][];
  /** Of the work of all stages measured in the last epoch; undefined where nothing was measured then. */
  share: number | undefined;
  /** The epoch of its times when it is not the last one. */
  olderEpoch: number | undefined;
  slowest: boolean;
}

export interface PipelineView {
  stages: StageView[];
  /** The epoch of the last measurements, from 1; undefined before there are any. */
  epoch: number | undefined;
  /** How long a step waited for its batch; shares are of the step. */
  waiting: { milliseconds: number; step: number; share: number } | undefined;
}

/** A wait that a person should do something about: a twentieth of the step. */
export const longWait = 0.05;

/** The stages with the share that each has of the work. Several elements are worked on at once, so shares are not of time. */
export function pipelineView({ stages, waiting }: NonNullable<Run['pipeline']>): PipelineView {
  const epochs = stages.flatMap(({ measured }) => measured?.epoch ?? []);
  const epoch = waiting?.epoch ?? (epochs.length > 0 ? Math.max(...epochs) : undefined);
  const works = stages.map(({ measured }) =>
    measured && measured.epoch === epoch ? measured.elements * measured.millisecondsPerElement : undefined,
  );
  const whole = works.reduce<number>((sum, work) => sum + (work ?? 0), 0);
  const most = Math.max(0, ...works.map((work) => work ?? 0));
  return {
    epoch,
    stages: stages.map((stage, index) => {
      const { function: does, ...others } = stage.settings;
      const work = works[index];
      return {
        ...stage,
        does: does === undefined ? undefined : String(does),
        details: Object.entries(others).filter(([, value]) => value !== 0 && value !== false),
        share: work === undefined || whole === 0 ? undefined : work / whole,
        olderEpoch: stage.measured && stage.measured.epoch !== epoch ? stage.measured.epoch : undefined,
        slowest: work !== undefined && work > 0 && work === most,
      };
    }),
    waiting: waiting && {
      milliseconds: waiting.waitMillisecondsPerStep,
      step: waiting.stepMilliseconds,
      share: waiting.stepMilliseconds > 0 ? waiting.waitMillisecondsPerStep / waiting.stepMilliseconds : 0,
    },
  };
}
