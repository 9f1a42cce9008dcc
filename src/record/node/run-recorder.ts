import { join } from 'node:path';
import type { Evaluation } from '../../contract/evaluation';
import type { JobEvent, JobFrame } from '../../contract/frames';
import type { MeasuredStage, Run, RunStatus } from '../../contract/run';
import { removeStalePartials, writeFileAtomically } from '../../files/node/atomic';
import { EventFileWriter } from './event-file-writer';
import {
  encodeExperiment,
  encodeSessionEnd,
  encodeSessionStart,
  hparamsTags,
  sessionEndStatus,
} from './hparams-encoding';
import { configurationText, experimentOf, hyperparametersOf, modelText } from './run-description';
import type { RunLibrary } from './run-library';
import type { LiveRun, SeriesStore } from './series-store';
import { hasSessionEnd, writeSessionState } from './session-state';

export interface RunRecorderOptions {
  library: RunLibrary;
  store: SeriesStore;
  /** The run, made by the library and owned by this process. */
  id: string;
  /** Told when something can't be written; what was recorded waits in memory and is tried again. */
  onProblem?: (error: Error) => void;
}

/** How a job ended that could not say so itself. */
export interface RunOutcome {
  status: Extract<RunStatus, 'failed' | 'stopped' | 'interrupted'>;
  failure?: NonNullable<Run['failure']>;
}

type EventOf<Type extends JobEvent['type']> = Extract<JobEvent, { type: Type }>;

const splits = ['', 'train', 'validation'] as const;
type Split = (typeof splits)[number];

const progressMilliseconds = 2000;

/**
 * Records one job of a run: event files below the run's folder, the series store, run.json and evaluation.json. What was
 * recorded reaches the files within a second, at once with `flush`.
 */
export class RunRecorder {
  private readonly options: RunRecorderOptions;
  private readonly live: LiveRun;
  private readonly directory: string;
  private readonly writers: Record<Split, EventFileWriter>;
  /** The run as it will be written next. */
  private run: Run;
  private handedOver = 0;
  private tasks: Promise<void> = Promise.resolve();
  private taskError: Error | undefined;
  private progressTimer: NodeJS.Timeout | undefined;
  private runningSince: number | undefined;
  private evaluation: Evaluation | undefined;
  private best: { loss: number } | undefined;
  /** The event files tell of an end already: the run failed or was stopped, and goes on. */
  private readonly hadEnded: boolean;
  /** A frame has said how the job ended. */
  private concluded = false;
  private ended = false;

  private constructor(
    options: RunRecorderOptions,
    live: LiveRun,
    run: Run,
    writers: Record<Split, EventFileWriter>,
    hadEnded: boolean,
  ) {
    this.hadEnded = hadEnded;
    this.writers = writers;
    this.options = options;
    this.live = live;
    this.run = run;
    this.directory = options.library.directoryOf(options.id);
  }

  /** Begins to record. The run must exist; what it has recorded before is loaded into the store. */
  static async open(options: RunRecorderOptions): Promise<RunRecorder> {
    const run = await options.library.read(options.id);
    const directory = options.library.directoryOf(options.id);
    options.store.register(options.id, directory);
    // What a killed engine left half-written.
    for (const folder of ['', 'checkpoints', 'exports']) await removeStalePartials(join(directory, folder));
    const hadEnded = await hasSessionEnd(directory);
    const live = await options.store.openLive(options.id);
    const opened = await Promise.allSettled(
      splits.map((split) => EventFileWriter.create(join(directory, split), { onProblem: options.onProblem })),
    );
    const writers = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const refused = opened.find((result) => result.status === 'rejected');
    if (refused) {
      await Promise.all([live.end(), ...writers.map((writer) => writer.close())]);
      throw refused.reason;
    }
    const [root, train, validation] = writers;
    return new RunRecorder(
      options,
      live,
      run,
      { '': root!, train: train!, validation: validation! },
      hadEnded,
    );
  }

  /** Takes the next frame. A frame that was recorded already (sequence numbers) is passed over. */
  record(frame: JobFrame): void {
    if (this.ended || frame.sequence <= this.handedOver) return;
    this.handedOver = frame.sequence;
    this.take(frame);
  }

  /** The run as recorded so far; run.json follows within two seconds. */
  get state(): Run {
    return { ...this.run, progress: { ...this.run.progress, trainingSeconds: this.trainingSeconds() } };
  }

  /**
   * Writes what is in memory. Returns the sequence number up to which all frames are in the files: what may be
   * acknowledged. Throws the file system's refusal.
   */
  async flush(): Promise<number> {
    const sequence = this.handedOver;
    await this.tasks;
    for (const split of splits) await this.writers[split].flush();
    this.throwTaskError();
    return sequence;
  }

  /**
   * Ends the recording: closes the event files and writes run.json. `outcome` counts when no frame has said how the job
   * ended. Returns the run. Throws the file system's refusal after everything else was tried.
   */
  async end(outcome: RunOutcome = { status: 'interrupted' }): Promise<Run> {
    if (this.ended) return this.run;
    this.ended = true;
    this.stopClock();
    if (!this.concluded) {
      this.run = {
        ...this.run,
        status: outcome.status,
        failure: outcome.failure,
        finished: new Date().toISOString(),
      };
    }
    this.run = { ...this.run, owner: undefined };
    this.writeSessionEnd();
    await this.tasks;
    const problems: unknown[] = [];
    for (const action of [
      ...splits.map((split) => () => this.writers[split].close()),
      () => this.live.end(),
      () => this.saveEvaluation(),
      () => this.saveRun(),
    ]) {
      await action().catch((error: unknown) => problems.push(error));
    }
    if (problems.length > 0) throw problems[0];
    return this.run;
  }

  private take(event: JobEvent): void {
    switch (event.type) {
      case 'started':
        this.started(event);
        break;
      case 'scalars':
        this.scalars(event);
        break;
      case 'histograms':
        this.histograms(event);
        break;
      case 'progress': {
        const { step, totalSteps, epoch, epochs } = event.progress;
        this.change({ progress: { ...this.run.progress, step, totalSteps, epoch, epochs } }, 'soon');
        break;
      }
      case 'epoch':
        this.epoch(event);
        break;
      case 'pipeline':
        this.pipeline(event);
        break;
      case 'phase': {
        const { name, step, epoch, learningRate, trainedParameters, program, layers } = event;
        // A resumed run may come to the same phase again.
        const before = this.run.phases.filter((phase) => phase.name !== name);
        const phase = { name, step, epoch, learningRate, trainedParameters, program };
        const { model } = this.run;
        this.change(
          { phases: [...before, phase], ...(model && layers ? { model: { ...model, layers } } : {}) },
          'now',
        );
        break;
      }
      case 'text':
        this.text(event.tag, event.step, event.text);
        break;
      case 'notice':
        this.text('descent/notices', this.run.progress.step, event.message);
        break;
      case 'skipped':
        this.skipped(event);
        break;
      case 'paused':
        this.stopClock();
        this.change({ status: 'paused' }, 'now');
        break;
      case 'resumed':
        this.runningSince = performance.now();
        this.change({ status: 'running' }, 'now');
        break;
      case 'evaluation':
        this.evaluation = event.evaluation;
        this.task(() => this.saveEvaluation());
        break;
      case 'done':
        this.finish({ status: 'done', summary: event.summary });
        break;
      case 'stopped':
        // The step of the checkpoint: the last progress may be older.
        this.run = { ...this.run, progress: { ...this.run.progress, step: event.step } };
        this.finish({ status: 'stopped', summary: event.summary });
        break;
      case 'failed': {
        const { message, remedy } = event.error;
        this.finish({ status: 'failed', failure: { message, remedy } });
        break;
      }
      // A checkpoint's and a profile's files speak for themselves; preparing is for the moment only.
      case 'checkpoint':
      case 'profile':
      case 'preparing':
        break;
    }
  }

  private started(event: EventOf<'started'>): void {
    const now = new Date();
    this.runningSince = performance.now();
    this.change(
      {
        status: 'running',
        started: this.run.started ?? now.toISOString(),
        finished: undefined,
        failure: undefined,
        environment: event.environment,
        program: event.program,
        dataset: { ...this.run.dataset, ...event.dataset },
        model: { parameters: event.parameters, layers: event.layers },
        pipeline: { ...this.run.pipeline, stages: this.withMeasurements(event.pipeline) },
        phases: this.run.phases.filter(({ step }) => step <= event.step),
        progress: {
          ...this.run.progress,
          step: event.step,
          totalSteps: event.totalSteps,
          epoch: event.epoch,
          epochs: event.epochs,
        },
      },
      'now',
    );
    const { run } = this;
    const seconds = now.getTime() / 1000;
    // Whether an engine calls its first step 0 or 1, no point of a step that is kept goes.
    const firstStep = event.step === 0 ? 0 : event.step + 1;
    for (const split of splits) {
      this.writers[split].sessionStart(firstStep, seconds);
      this.live.restart(split, firstStep);
    }
    if (event.step === 0) {
      const start = encodeSessionStart(hyperparametersOf(run), run.id, seconds);
      this.writers[''].plugin(
        hparamsTags.experiment,
        'hparams',
        encodeExperiment(experimentOf(run)),
        seconds,
      );
      this.writers[''].plugin(hparamsTags.sessionStart, 'hparams', start, seconds);
    }
    if (this.hadEnded) this.tellSessionState(sessionEndStatus.running);
    this.text('descent/configuration', event.step, configurationText(run));
    this.text('descent/model', event.step, modelText(run.model!));
  }

  private pipeline({ stages, waiting }: EventOf<'pipeline'>): void {
    this.change({ pipeline: { stages: this.withMeasurements(stages), waiting } }, 'soon');
  }

  /** What was not measured keeps its last measurement: files are read in the first epoch, then never again. */
  private withMeasurements(stages: readonly MeasuredStage[]): MeasuredStage[] {
    const known = this.run.pipeline?.stages ?? [];
    return stages.map((stage, place) => {
      const before = known[place]?.stage === stage.stage ? known[place].measured : undefined;
      const measured = stage.measured ?? before;
      return { ...stage, ...(measured ? { measured } : {}) };
    });
  }

  private scalars({ columns }: EventOf<'scalars'>): void {
    for (const { split, tag, steps, wallTimes, values } of columns) {
      // As the file will have them, so that a run looks the same while it trains and when it is read again.
      this.live.scalars(split, tag, steps, wallTimes, Float32Array.from(values));
      this.writers[split].scalars(tag, steps, wallTimes, values);
    }
  }

  private histograms({ split, step, wallTime, items }: EventOf<'histograms'>): void {
    for (const { tag, buckets } of items) {
      this.live.histogram(split, tag, step, wallTime, buckets);
      this.writers[split].histogram(tag, step, wallTime, buckets);
    }
  }

  private text(tag: string, step: number, text: string): void {
    const wallTime = Date.now() / 1000;
    this.live.text('', tag, step, wallTime, text);
    this.writers[''].text(tag, step, wallTime, text);
  }

  private epoch({ epoch, step, metrics }: EventOf<'epoch'>): void {
    const progress = { ...this.run.progress, epoch, step };
    // Until the engine sums up itself: the numbers of the epoch with the lowest validation loss.
    const loss = metrics.val_loss ?? metrics.loss ?? Number.NaN;
    const isBest = this.best === undefined || loss < this.best.loss;
    if (isBest) this.best = { loss };
    this.change(
      isBest ? { progress, summary: { ...finiteOnly(metrics), best_epoch: epoch } } : { progress },
      'now',
    );
  }

  private skipped({ files }: EventOf<'skipped'>): void {
    const known = new Map(this.run.dataset.skipped.map((entry) => [entry.file, entry]));
    for (const entry of files) known.set(entry.file, entry);
    this.change({ dataset: { ...this.run.dataset, skipped: [...known.values()] } }, 'now');
  }

  private finish(change: Pick<Run, 'status'> & Partial<Run>): void {
    this.stopClock();
    this.concluded = true;
    const summary = change.summary ? finiteOnly(change.summary) : this.run.summary;
    this.change({ ...change, summary, finished: new Date().toISOString(), owner: undefined }, 'now');
  }

  private writeSessionEnd(): void {
    const { status } = this.run;
    if (status === 'interrupted') {
      // It goes on when it is resumed: it has no end yet, or none any more.
      if (this.hadEnded) this.tellSessionState(sessionEndStatus.unknown);
      return;
    }
    const ending =
      status === 'done' || status === 'stopped' ? sessionEndStatus.success : sessionEndStatus.failure;
    if (this.hadEnded) {
      this.tellSessionState(ending);
      return;
    }
    const seconds = Date.now() / 1000;
    this.writers[''].plugin(hparamsTags.sessionEnd, 'hparams', encodeSessionEnd(ending, seconds), seconds);
  }

  /** Past the end that the event files tell of. */
  private tellSessionState(status: number): void {
    const began = Date.parse(this.run.started ?? this.run.created) / 1000;
    this.task(() => writeSessionState(this.directory, status, began, Date.now() / 1000));
  }

  private stopClock(): void {
    const trainingSeconds = this.trainingSeconds();
    this.runningSince = undefined;
    this.run = { ...this.run, progress: { ...this.run.progress, trainingSeconds } };
  }

  private trainingSeconds(): number {
    const running = this.runningSince === undefined ? 0 : (performance.now() - this.runningSince) / 1000;
    return this.run.progress.trainingSeconds + running;
  }

  private change(change: Partial<Run>, when: 'now' | 'soon'): void {
    this.run = { ...this.run, ...change };
    if (when === 'now') this.task(() => this.saveRun());
    else
      this.progressTimer ??= setTimeout(() => this.task(() => this.saveRun()), progressMilliseconds).unref();
  }

  /** Name, tags, note and archived are the person's, who may have changed them meanwhile. */
  private async saveRun(): Promise<void> {
    clearTimeout(this.progressTimer);
    this.progressTimer = undefined;
    const { state } = this;
    await this.options.library.update(this.options.id, ({ name, tags, note, archived }) => ({
      ...state,
      name,
      tags,
      note,
      archived,
    }));
  }

  private async saveEvaluation(): Promise<void> {
    const { evaluation } = this;
    if (!evaluation) return;
    await writeFileAtomically(join(this.directory, 'evaluation.json'), `${JSON.stringify(evaluation)}\n`);
    if (this.evaluation === evaluation) this.evaluation = undefined;
  }

  /** Work on files, in order. An error is told at once and thrown by the next flush. */
  private task(action: () => Promise<void>): void {
    this.tasks = this.tasks.then(action).catch((error: Error) => {
      this.taskError ??= error;
      this.options.onProblem?.(error);
    });
  }

  private throwTaskError(): void {
    const error = this.taskError;
    this.taskError = undefined;
    if (error) throw error;
  }
}

/** JSON has no NaN. */
function finiteOnly(metrics: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
}
