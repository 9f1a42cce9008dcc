import type { JobNotice } from '../../../contract/engine';
import { DescentError, type ErrorMessage, toErrorMessage } from '../../../contract/errors';
import type { JobFrame, LiveProgress } from '../../../contract/frames';
import type { Run, RunStatus } from '../../../contract/run';
import type { JobState } from '../../../contract/studio';
import type { RunLibrary } from '../../../record/node/run-library';
import { type RunOutcome, RunRecorder } from '../../../record/node/run-recorder';
import type { SeriesStore } from '../../../record/node/series-store';
import type { EnginePool } from '../engines/engine-pool';
import { type EngineProcess, engineDeath } from '../engines/engine-process';
import { threadsEnvironment, threadsOf } from '../engines/threads';
import { chooseFastMath, type FastMathChoice } from '../fast-math/choose';
import { fastMathEnvironment } from '../fast-math/environment';
import type { Logger } from '../logger';
import { Acknowledger } from './acknowledger';
import { markEngine, unmarkEngine } from './engine-marker';
import { recordLeftovers } from './leftovers';

export interface TrainingJobServices {
  engines: EnginePool;
  series: SeriesStore;
  cacheDirectory: string;
  logger: Logger;
  /** After every frame that was recorded. */
  onFrame(job: TrainingJob, frame: JobFrame): void;
  /** When what the queue shows of the job has changed. */
  onChange(job: TrainingJob): void;
}

/** How long an engine may take to end by itself: a step, and a checkpoint of a large model. */
const endPatienceMilliseconds = 60_000;

/** One run that waits, trains or has ended in this process. */
export class TrainingJob {
  readonly id: string;
  name: string;
  /** It changes to an ending one when everything is on the disk and the engine is gone. */
  status: RunStatus = 'queued';
  private readonly datasetName: string;
  private readonly configuration: Run['configuration'];
  private readonly threads: number | undefined;
  private readonly fastMathBefore: boolean | undefined;
  /** While it is found out how to train: ends the search. */
  private choosing: AbortController | undefined;
  private failure: ErrorMessage | undefined;
  private preparing: JobState['preparing'];
  private progress: LiveProgress | undefined;
  private engine: EngineProcess | undefined;
  private recorder: RunRecorder | undefined;
  private interrupting = false;
  /** Before it had begun to train. */
  private stoppedBefore = false;
  private saidHowItEnded = false;

  constructor(
    run: Run,
    readonly library: RunLibrary,
    private readonly resume: boolean,
    private readonly services: TrainingJobServices,
  ) {
    this.id = run.id;
    this.name = run.name;
    this.datasetName = run.dataset.name;
    this.configuration = run.configuration;
    this.threads = threadsOf(run);
    this.fastMathBefore = resume ? run.environment?.fastMath : undefined;
  }

  get active(): boolean {
    return this.status === 'queued' || this.status === 'running' || this.status === 'paused';
  }

  get liveProgress(): LiveProgress | undefined {
    return this.active ? this.progress : undefined;
  }

  state(position: number | undefined): JobState {
    return {
      run: this.id,
      name: this.name,
      datasetName: this.datasetName,
      status: this.status,
      position,
      preparing: this.preparing,
      progress: this.progress,
      failure: this.failure,
    };
  }

  /** Trains to the end, whatever end that is. Never throws: a failure is the run's. */
  async train(): Promise<void> {
    const { series, logger } = this.services;
    this.setStatus('running');
    let outcome: RunOutcome;
    try {
      const directory = this.library.directoryOf(this.id);
      const fastMath = await this.chooseFastMath(directory);
      this.engine = this.services.engines.take(this.environment(fastMath.on));
      await markEngine(directory, this.engine);
      this.recorder = await RunRecorder.open({
        library: this.library,
        store: series,
        id: this.id,
        onProblem: (error) => logger.error(`${this.id}: ${error.message}`),
      });
      outcome = await this.follow(this.engine, this.recorder, directory, fastMath.notice);
    } catch (error) {
      outcome = await this.outcomeOf(error);
    }
    await this.finish(outcome);
  }

  /** The variables that the job's engine has to be started with, if any. */
  private environment(fastMath: boolean): Record<string, string> | undefined {
    const variables = {
      ...(this.threads === undefined ? {} : threadsEnvironment(this.threads)),
      ...(fastMath ? fastMathEnvironment(true) : {}),
    };
    return Object.keys(variables).length > 0 ? variables : undefined;
  }

  /** Takes a waiting job out of the queue. */
  async cancel(status: 'stopped' | 'interrupted'): Promise<void> {
    const finished = new Date().toISOString();
    await this.library.update(this.id, () => ({ status, finished, owner: undefined }));
    this.setStatus(status);
  }

  async pause(): Promise<void> {
    await this.trainingEngine().client.call('job.pause', {});
  }

  async continue(): Promise<void> {
    await this.trainingEngine().client.call('job.continue', {});
  }

  async stop(): Promise<void> {
    if (this.choosing) {
      this.stoppedBefore = true;
      this.choosing.abort();
      return;
    }
    await this.trainingEngine().client.call('job.stop', {});
  }

  setLearningRate(learningRate: number): Promise<{ learningRate: number }> {
    return this.trainingEngine().client.call('job.setLearningRate', { learningRate });
  }

  /** Closes the engine's channel: it writes a checkpoint, with the frames that are not recorded yet, and ends. */
  interrupt(): void {
    this.interrupting = true;
    this.choosing?.abort();
    this.engine?.client.close();
  }

  private trainingEngine(): EngineProcess {
    if (this.engine && this.active) return this.engine;
    throw new DescentError('wrong-use', `The run ${this.name} is ${this.status}; it does not train now.`, {
      subject: this.id,
    });
  }

  private async follow(
    engine: EngineProcess,
    recorder: RunRecorder,
    runDirectory: string,
    notice: JobNotice | undefined,
  ): Promise<RunOutcome> {
    const acknowledger = new Acknowledger(engine, recorder, this.services.logger);
    const question = {
      runDirectory,
      configuration: this.configuration,
      resume: this.resume,
      cacheDirectory: this.services.cacheDirectory,
      ...(notice ? { notices: [notice] } : {}),
    };
    try {
      for await (const frame of engine.client.listen('job.train', question)) {
        recorder.record(frame);
        this.take(frame);
        this.services.onFrame(this, frame);
      }
    } finally {
      await acknowledger.end();
    }
    if (this.saidHowItEnded) return { status: 'stopped' };
    throw new DescentError('internal', 'The engine ended the training without saying how.');
  }

  private async chooseFastMath(runDirectory: string): Promise<FastMathChoice> {
    this.choosing = new AbortController();
    const { engines, cacheDirectory } = this.services;
    try {
      return await chooseFastMath({
        configuration: this.configuration,
        before: this.fastMathBefore,
        runDirectory,
        cacheDirectory,
        engines,
        signal: this.choosing.signal,
        onProgress: (done, total) => {
          this.preparing = { stage: 'checking fast math', done, total };
          this.services.onChange(this);
        },
      });
    } finally {
      this.choosing = undefined;
    }
  }

  private take(frame: JobFrame): void {
    switch (frame.type) {
      case 'preparing':
        this.preparing = { stage: frame.stage, done: frame.done, total: frame.total };
        break;
      case 'progress':
        this.preparing = undefined;
        this.progress = frame.progress;
        break;
      case 'started':
      case 'resumed':
        this.preparing = undefined;
        this.status = 'running';
        break;
      case 'paused':
        this.status = 'paused';
        break;
      case 'failed':
        this.failure = frame.error;
        this.saidHowItEnded = true;
        return;
      case 'done':
      case 'stopped':
        this.saidHowItEnded = true;
        return;
      default:
        return;
    }
    this.services.onChange(this);
  }

  private async outcomeOf(error: unknown): Promise<RunOutcome> {
    if (this.interrupting) return { status: 'interrupted' };
    if (this.stoppedBefore) return { status: 'stopped' };
    const failure = toErrorMessage(error);
    if (failure.code !== 'engine-died' || !this.engine) {
      this.failure = failure;
      return { status: 'failed', failure: { message: failure.message, remedy: failure.remedy } };
    }
    const exit = await this.engine.exited;
    this.failure = engineDeath(exit).toMessage();
    const { message, remedy } = this.failure;
    return { status: 'failed', failure: { message, remedy, signal: exit.signal ?? undefined } };
  }

  /** Ends the engine, then the recording; only then does the run count as ended. */
  private async finish(outcome: RunOutcome): Promise<void> {
    const { series, logger } = this.services;
    let status: RunStatus = outcome.status;
    try {
      await this.engine?.close(endPatienceMilliseconds);
      status = (await this.endRecord(outcome)).status;
      await unmarkEngine(this.library.directoryOf(this.id));
      if (this.interrupting) {
        status = (await recordLeftovers(this.library, series, this.id, logger))?.status ?? status;
      }
    } catch (error) {
      logger.error(`${this.id}: ${(error as Error).message}`);
      this.failure ??= toErrorMessage(error);
    }
    this.preparing = undefined;
    this.setStatus(status);
  }

  private endRecord(outcome: RunOutcome): Promise<Run> {
    if (this.recorder) return this.recorder.end(outcome);
    const finished = new Date().toISOString();
    return this.library.update(this.id, () => ({ ...outcome, finished, owner: undefined }));
  }

  private setStatus(status: RunStatus): void {
    this.status = status;
    this.services.onChange(this);
  }
}
