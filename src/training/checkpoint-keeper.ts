import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobEvent } from '../contract/frames';
import type { Hyperparameters } from '../contract/hyperparameters';
import type { Environment } from '../contract/run';
import { type ModelFiles, writeModelFiles } from '../model/model-files';
import {
  type CheckpointContent,
  checkpointSteps,
  hasCheckpoint,
  type LoopState,
  pruneCheckpoints,
  readCheckpoint,
  writeCheckpoint,
} from './checkpoint';
import type { ProgramState, TrainingProgram } from './program';

/** Work of less than this is not worth the writing: epochs of a tiny table take milliseconds. */
const leastMilliseconds = 1000;

export interface KeeperPlan {
  runDirectory: string;
  hyperparameters: Pick<Hyperparameters, 'checkpointEveryEpochs' | 'keepCheckpoints'>;
  environment: Environment;
}

/** The best weights so far, when they are not on the disk yet. */
interface HeldBest {
  content: CheckpointContent;
  model: ModelFiles;
}

/** Decides when checkpoints and the best model are written, and which are deleted. */
export class CheckpointKeeper {
  readonly directory: string;
  private lastWrite = Number.NEGATIVE_INFINITY;
  private held: HeldBest | undefined;

  constructor(
    private readonly program: TrainingProgram,
    private readonly plan: KeeperPlan,
    private readonly emit: (event: JobEvent) => void,
  ) {
    this.directory = join(plan.runDirectory, 'checkpoints');
  }

  /**
   * After an epoch: the best one is kept in any case, in memory when the last writing was a moment ago. The last one of a
   * phase is written.
   */
  async epochEnded(loop: LoopState, isLast: boolean): Promise<void> {
    const { checkpointEveryEpochs } = this.plan.hyperparameters;
    const isBest = loop.best?.step === this.program.step;
    const rested = performance.now() - this.lastWrite >= leastMilliseconds;
    if (isBest) this.held = { content: await this.content(loop), model: await this.program.modelFiles() };
    if (isLast || (rested && (this.held || loop.epoch % checkpointEveryEpochs === 0))) await this.write(loop);
  }

  /** Writes what the program has reached, and the best weights if they wait. `frames` are kept beside. */
  async write(loop: LoopState, frames?: () => Uint8Array): Promise<void> {
    const heldStep = this.held?.content.program.step;
    await this.writeBest();
    if (heldStep !== this.program.step || frames)
      await this.writeContent({ ...(await this.content(loop)), frames: frames?.() });
    await pruneCheckpoints(this.directory, this.plan.hyperparameters.keepCheckpoints, loop.best?.step);
    this.lastWrite = performance.now();
  }

  /** The run's model folder and the checkpoint of the best epoch. */
  private async writeBest(): Promise<void> {
    const { held } = this;
    if (!held) return;
    this.held = undefined;
    await writeModelFiles(join(this.plan.runDirectory, 'model'), held.model);
    await this.writeContent(held.content);
  }

  private async writeContent(content: CheckpointContent): Promise<void> {
    const written = await writeCheckpoint(this.directory, content);
    const { program, loop, best } = content;
    this.emit({ type: 'checkpoint', step: program.step, epoch: loop.epoch, best, ...written });
  }

  private async content(loop: LoopState): Promise<CheckpointContent> {
    const { engine, engineVersion, threads } = this.plan.environment;
    return {
      program: await this.program.save(),
      loop,
      engine: { kind: engine, version: engineVersion, threads },
      best: loop.best?.step === this.program.step,
    };
  }

  /** Deletes checkpoints of later steps: a run that goes on from an earlier one will write them anew. */
  async discardAfter(step: number): Promise<void> {
    for (const later of await checkpointSteps(this.directory))
      if (later > step) await rm(join(this.directory, String(later)), { recursive: true, force: true });
  }

  has(step: number): Promise<boolean> {
    return hasCheckpoint(this.directory, step);
  }

  async read(step: number): Promise<ProgramState> {
    return (await readCheckpoint(join(this.directory, String(step)))).program;
  }
}
