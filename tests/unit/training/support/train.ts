import { resolve } from 'node:path';
import { type DatasetOptions, datasetOptions } from '../../../../src/contract/dataset';
import type { TrainingJob } from '../../../../src/contract/engine';
import type { JobEvent } from '../../../../src/contract/frames';
import { type Hyperparameters, hyperparameters } from '../../../../src/contract/hyperparameters';
import { newestCheckpoint } from '../../../../src/training/checkpoint';
import { JobControls } from '../../../../src/training/controls';
import { prepareTraining } from '../../../../src/training/prepare-training';
import { runTraining, type TrainingEnd } from '../../../../src/training/training-loop';

export const resourcesDir = resolve(import.meta.dirname, '../../../../resources');

export type EventOf<Type extends JobEvent['type']> = Extract<JobEvent, { type: Type }>;

/** Everything that a training told, with ways to look into it. */
export class Recording {
  readonly events: JobEvent[] = [];
  end: TrainingEnd | undefined;

  all<Type extends JobEvent['type']>(type: Type): EventOf<Type>[] {
    return this.events.filter((event): event is EventOf<Type> => event.type === type);
  }

  /** [step, value] of one series. */
  series(tag: string, split = 'train'): [number, number][] {
    return this.all('scalars').flatMap(({ columns }) =>
      columns
        .filter((column) => column.tag === tag && column.split === split)
        .flatMap((column) =>
          Array.from(column.steps, (step, row): [number, number] => [step, column.values[row]!]),
        ),
    );
  }

  get summary(): Record<string, number> {
    return (this.all('done')[0] ?? this.all('stopped')[0])!.summary;
  }
}

export interface TrainOptions {
  dataset: string;
  runDirectory: string;
  cacheDirectory: string;
  hyperparameters: Partial<Hyperparameters>;
  options?: Partial<DatasetOptions>;
  resume?: boolean;
  controls?: JobControls;
  onEvent?: (event: JobEvent, controls: JobControls) => void;
}

/** A whole job in this process. */
export async function train(options: TrainOptions): Promise<Recording> {
  const recording = new Recording();
  const controls = options.controls ?? new JobControls();
  const emit = (event: JobEvent) => {
    recording.events.push(event);
    options.onEvent?.(event, controls);
  };
  const job: TrainingJob = {
    runDirectory: options.runDirectory,
    configuration: {
      dataset: { path: options.dataset, options: datasetOptions.parse(options.options ?? {}) },
      hyperparameters: hyperparameters.parse(options.hyperparameters),
    },
    resume: options.resume ?? false,
    cacheDirectory: options.cacheDirectory,
  };
  const { program, description, dataset } = await prepareTraining(job, emit, new AbortController().signal);
  const { summary } = dataset;
  try {
    recording.end = await runTraining(
      program,
      {
        runDirectory: job.runDirectory,
        hyperparameters: job.configuration.hyperparameters,
        task: summary.task,
        program: description,
        environment: {
          descent: 'test',
          engine: 'node',
          engineVersion: 'test',
          threads: 2,
          node: process.version,
          platform: process.platform,
        },
        dataset: {
          name: summary.name,
          kind: summary.kind,
          task: summary.task,
          fingerprint: summary.fingerprint,
          labels: dataset.examples.labels,
          train: summary.splits.train,
          validation: summary.splits.validation,
          test: summary.splits.test,
        },
        checkpoint: job.resume
          ? await newestCheckpoint(`${job.runDirectory}/checkpoints`, (path, reason) =>
              emit({ type: 'notice', severity: 'warns', message: `${path}: ${reason}` }),
            )
          : undefined,
      },
      emit,
      controls,
    );
  } finally {
    await program.dispose();
  }
  return recording;
}
