import type { DatasetOptions, DatasetSummary } from '../../../contract/dataset';
import { DescentError } from '../../../contract/errors';
import type { JobFrame } from '../../../contract/frames';
import { type Hyperparameters, weightDecayOf } from '../../../contract/hyperparameters';
import type { Run } from '../../../contract/run';
import type { JobState } from '../../../contract/studio';
import type { RunLibrary } from '../../../record/node/run-library';
import type { SeriesStore } from '../../../record/node/series-store';
import type { EnginePool } from '../engines/engine-pool';
import { Hub } from '../hub';
import type { Logger } from '../logger';
import { awaitEarlierEngine } from './engine-marker';
import { recordLeftovers } from './leftovers';
import { TrainingJob } from './training-job';

export interface JobQueueServices {
  engines: EnginePool;
  series: SeriesStore;
  cacheDirectory: string;
  logger: Logger;
  jobsAtOnce(): Promise<number>;
}

export interface NewJob {
  summary: DatasetSummary;
  options: DatasetOptions;
  hyperparameters: Hyperparameters;
  name?: string;
  parent?: string;
  comparison?: string;
}

/** What happened to a job: a frame was recorded, or (without one) its state changed. */
export interface JobNews {
  run: string;
  frame?: JobFrame;
  /** It has ended and everything about it is on the disk. */
  ended: boolean;
}

/** Ended jobs that stay in the list, so that a window sees how they ended. */
const shownEndedJobs = 20;
/** How long an engine of a studio that was killed may take to end before its run can be resumed. */
const earlierEnginePatienceMilliseconds = 30_000;

/** Runs that wait, train or have just ended in this process, in the order of starting. */
export class JobQueue {
  readonly news = new Hub<JobNews>();
  private jobs: TrainingJob[] = [];
  private readonly training = new Map<TrainingJob, Promise<void>>();
  private closed = false;

  constructor(private readonly services: JobQueueServices) {}

  /** Makes a run in the library and puts it at the end of the queue. Returns its id. */
  async start(library: RunLibrary, job: NewJob): Promise<string> {
    this.refuseWhenClosed();
    const { summary, options, name, parent, comparison } = job;
    // What is used is what is recorded: AdamW takes off a share of its own where none is given.
    const hyperparameters = { ...job.hyperparameters, weightDecay: weightDecayOf(job.hyperparameters) };
    const run = await library.create({
      configuration: { dataset: { path: summary.path, options }, hyperparameters },
      dataset: {
        name: summary.name,
        kind: summary.kind,
        task: summary.task,
        fingerprint: summary.fingerprint,
        labels: summary.classes.map((summaryClass) => summaryClass.name),
        train: summary.splits.train,
        validation: summary.splits.validation,
        test: summary.splits.test,
      },
      name,
      parent,
      comparison,
    });
    this.add(library, run, false);
    return run.id;
  }

  /** Puts an ended run in the queue again, to go on from its newest checkpoint. */
  async resume(library: RunLibrary, id: string): Promise<string> {
    this.refuseWhenClosed();
    const run = await library.read(id);
    if (this.find(id)?.active) {
      throw new DescentError('busy', `The run ${run.name} is ${run.status} already.`, { subject: id });
    }
    if (run.status === 'done') {
      throw new DescentError('wrong-use', `The run ${run.name} is done; there is nothing left to train.`, {
        remedy: 'Train again with more epochs instead.',
        subject: id,
      });
    }
    await library.claim(id);
    try {
      await awaitEarlierEngine(library.directoryOf(id), earlierEnginePatienceMilliseconds);
      await recordLeftovers(library, this.services.series, id, this.services.logger);
    } catch (error) {
      await library.update(id, () => ({ status: run.status, failure: run.failure, owner: undefined }));
      throw error;
    }
    this.add(library, await library.claim(id), true);
    return id;
  }

  list(): JobState[] {
    let position = 0;
    return this.jobs.map((job) => job.state(job.status === 'queued' ? ++position : undefined));
  }

  find(id: string): TrainingJob | undefined {
    return this.jobs.findLast((job) => job.id === id);
  }

  /** @throws DescentError `not-found` when this process does not train that run */
  get(id: string): TrainingJob {
    const job = this.find(id);
    if (job?.active) return job;
    throw new DescentError('not-found', `The run ${id} neither waits nor trains in this Descent.`, {
      remedy: 'When another Descent trains it, do it there.',
      subject: id,
    });
  }

  async stop(id: string): Promise<void> {
    const job = this.get(id);
    if (job.status === 'queued') await job.cancel('stopped');
    else await job.stop();
  }

  /**
   * Puts a waiting job at another place among those that wait: 1 is next.
   * @throws DescentError `wrong-use` when the job no longer waits
   */
  move(id: string, position: number): void {
    const job = this.get(id);
    if (job.status !== 'queued')
      throw new DescentError('wrong-use', `The run ${job.name} is ${job.status}: it no longer waits.`, {
        subject: id,
      });
    const waiting = this.jobs.filter((known) => known.status === 'queued' && known !== job);
    waiting.splice(position - 1, 0, job);
    // Those that wait keep their places among the others.
    this.jobs = this.jobs.map((known) => (known.status === 'queued' ? waiting.shift()! : known));
    this.news.tell({ run: id, ended: false });
  }

  /** The person has given a run another name. */
  rename(id: string, name: string): void {
    const job = this.find(id);
    if (!job) return;
    job.name = name;
    this.news.tell({ run: id, ended: false });
  }

  /** Looks for a place for the next waiting job. Called when a job came, ended, or a setting changed. */
  async pump(): Promise<void> {
    const places = await this.places();
    while (!this.closed && this.training.size < places) {
      const next = this.jobs.find((job) => job.status === 'queued' && !this.training.has(job));
      if (!next) return;
      const training = next.train().finally(() => {
        this.training.delete(next);
        this.news.tell({ run: next.id, ended: true });
        void this.pump();
      });
      this.training.set(next, training);
    }
  }

  /** Ends all jobs: `interrupt` after a checkpoint, `stop` after a checkpoint and an evaluation. Waits for all. */
  async close(how: 'interrupt' | 'stop'): Promise<void> {
    this.closed = true;
    const waiting = this.jobs.filter((job) => job.status === 'queued' && !this.training.has(job));
    for (const job of waiting) {
      await job.cancel('interrupted');
      this.news.tell({ run: job.id, ended: true });
    }
    for (const job of this.training.keys()) {
      if (how === 'interrupt') job.interrupt();
      else await job.stop().catch(() => job.interrupt());
    }
    await Promise.all(this.training.values());
  }

  private async places(): Promise<number> {
    try {
      return await this.services.jobsAtOnce();
    } catch (error) {
      // Settings that can't be read must not keep a job from training.
      this.services.logger.warn(`How many jobs train at once is unknown: ${(error as Error).message}`);
      return 1;
    }
  }

  private add(library: RunLibrary, run: Run, resume: boolean): void {
    const { engines, series, cacheDirectory, logger } = this.services;
    const job = new TrainingJob(run, library, resume, {
      engines,
      series,
      cacheDirectory,
      logger,
      onFrame: ({ id }, frame) => this.news.tell({ run: id, frame, ended: false }),
      onChange: ({ id }) => this.news.tell({ run: id, ended: false }),
    });
    this.jobs = [...this.jobs.filter(({ id }) => id !== run.id), job];
    const ended = this.jobs.filter((known) => !known.active);
    const dropped = new Set(ended.slice(0, Math.max(0, ended.length - shownEndedJobs)));
    this.jobs = this.jobs.filter((known) => !dropped.has(known));
    this.news.tell({ run: run.id, ended: false });
    void this.pump();
  }

  private refuseWhenClosed(): void {
    if (this.closed) throw new DescentError('cancelled', 'Descent is closing; no job is started any more.');
  }
}
