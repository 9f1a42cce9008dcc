import { join } from 'node:path';
import { EventQueue } from '../../channel/common/event-queue';
import type { TrainingJob } from '../../contract/engine';
import { toErrorMessage } from '../../contract/errors';
import type { JobFrame } from '../../contract/frames';
import { type LoadedCheckpoint, newestCheckpoint } from '../../training/checkpoint';
import { JobControls } from '../../training/controls';
import { prepareTraining } from '../../training/prepare-training';
import type { TrainingProgram } from '../../training/program';
import { runTraining } from '../../training/training-loop';
import { describeEnvironment } from '../environment';
import type { LoadedBackend } from '../native/backend';
import { FrameLedger } from './frame-ledger';

/** One training job, from its folder of data to its last frame. */
export class TrainingSession {
  readonly controls = new JobControls();
  private readonly queue = new EventQueue<JobFrame>();
  private readonly ledger = new FrameLedger((frame) => this.queue.push(frame));
  private readonly preparing = new AbortController();
  /** Resolves when nothing of the job runs any more; never rejects: a failure is a frame. */
  readonly finished: Promise<void>;

  constructor(
    private readonly job: TrainingJob,
    backend: Promise<LoadedBackend>,
  ) {
    this.finished = this.run(backend).finally(() => this.queue.end());
  }

  get frames(): AsyncIterable<JobFrame> {
    return this.queue;
  }

  acknowledge(sequence: number): void {
    this.ledger.acknowledge(sequence);
  }

  stop(): number {
    const step = this.controls.stop();
    this.preparing.abort();
    return step;
  }

  /** Ends after the step in hand, with a checkpoint that holds what the studio has not recorded. */
  interrupt(): void {
    this.controls.interrupt();
    this.preparing.abort();
  }

  private async run(loading: Promise<LoadedBackend>): Promise<void> {
    let program: TrainingProgram | undefined;
    try {
      const backend = await loading;
      for (const notice of this.job.notices ?? []) this.ledger.emit({ type: 'notice', ...notice });
      const checkpoint = this.job.resume ? await this.findCheckpoint() : undefined;
      const prepared = await prepareTraining(this.job, this.ledger.emit, this.preparing.signal, {
        weights: checkpoint ? 'later' : 'pretrained',
        phase: checkpoint?.program.phase,
      });
      program = prepared.program;
      const { summary, examples } = prepared.dataset;
      const { hyperparameters } = this.job.configuration;
      await runTraining(
        program,
        {
          runDirectory: this.job.runDirectory,
          hyperparameters,
          task: summary.task,
          environment: describeEnvironment(backend),
          program: prepared.description,
          dataset: {
            name: summary.name,
            kind: summary.kind,
            task: summary.task,
            fingerprint: summary.fingerprint,
            labels: examples.labels,
            train: summary.splits.train,
            validation: summary.splits.validation,
            test: summary.splits.test,
          },
          checkpoint,
          unacknowledgedFrames: () => this.ledger.encodeUnacknowledged(),
        },
        this.ledger.emit,
        this.controls,
      );
    } catch (error) {
      this.fail(error, program?.step ?? 0);
    } finally {
      await program?.dispose();
    }
  }

  private fail(error: unknown, step: number): void {
    const message = toErrorMessage(error);
    if (message.code === 'cancelled' && this.controls.ending !== undefined) {
      if (this.controls.ending === 'stop') this.ledger.emit({ type: 'stopped', step, summary: {} });
      return;
    }
    // The sentence is for the person; the stack is for whoever reads the log.
    if (message.code === 'internal' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    this.ledger.emit({ type: 'failed', error: message, step });
  }

  private async findCheckpoint(): Promise<LoadedCheckpoint | undefined> {
    const found = await newestCheckpoint(join(this.job.runDirectory, 'checkpoints'), (path, reason) =>
      this.ledger.emit({
        type: 'notice',
        severity: 'warns',
        message: `The checkpoint ${path} can't be used (${reason}); an earlier one is taken.`,
      }),
    );
    if (!found)
      this.ledger.emit({
        type: 'notice',
        severity: 'warns',
        message: 'There is no usable checkpoint: the run begins anew.',
      });
    return found;
  }
}
