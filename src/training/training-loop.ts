import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as yieldToEvents } from 'node:timers/promises';
import type { SplitName, TaskKind } from '../contract/dataset';
import { DescentError } from '../contract/errors';
import type { JobEvent } from '../contract/frames';
import type { Hyperparameters } from '../contract/hyperparameters';
import type { Environment, ProgramDescription } from '../contract/run';
import { writeFileAtomically } from '../files/node/atomic';
import { writeModelFiles } from '../model/model-files';
import { BestTracker } from './best-tracker';
import type { CheckpointState, LoadedCheckpoint, LoopState } from './checkpoint';
import { CheckpointKeeper } from './checkpoint-keeper';
import type { JobControls } from './controls';
import { EpochMeans } from './epoch-means';
import { evaluationFileName, reportEvaluation } from './evaluation-report';
import { FrozenWeights, weightHistograms } from './histograms';
import { nonFiniteLoss } from './non-finite';
import { type Phase, singlePhase } from './phases/phases';
import { trainedParameters } from './phases/trained-parameters';
import { PipelineReport } from './pipeline-report';
import { StepProfiler } from './profile/step-profiler';
import type { PreparingReport, StepReport, StepTimings, TrainingProgram } from './program';
import { ProgressMeter } from './progress-meter';
import { ScalarBatcher } from './scalar-batcher';
import { scheduleFactor } from './schedule';
import { updateNotices } from './update-notices';

type StartedDataset = Extract<JobEvent, { type: 'started' }>['dataset'];

export interface TrainingPlan {
  runDirectory: string;
  hyperparameters: Hyperparameters;
  task: TaskKind;
  environment: Environment;
  /** How steps are computed and why, for the run's page. */
  program?: ProgramDescription;
  dataset: StartedDataset;
  /** Where to go on from. */
  checkpoint?: LoadedCheckpoint;
  /** Encoded frames that nobody has acknowledged yet; kept beside the checkpoint of an interrupted run. */
  unacknowledgedFrames?: () => Uint8Array;
}

export type TrainingEnd = 'done' | 'stopped' | 'interrupted';

/** Thrown between two batches of an evaluation to leave it. */
class Interrupted extends Error {}

/** Preparing is told at most this often. */
const preparingMilliseconds = 100;

/** Trains a program to the end of a plan and tells by `emit` what happens. Knows programs, and nothing of TensorFlow. */
export class TrainingLoop {
  private readonly scalars: ScalarBatcher;
  private readonly meter = new ProgressMeter();
  private readonly best: BestTracker;
  private readonly keeper: CheckpointKeeper;
  private readonly frozen = new FrozenWeights();
  private readonly profiler: StepProfiler;
  private readonly pipeline = new PipelineReport();
  private readonly history: Record<string, number>[];
  private means: EpochMeans;
  /** Epochs finished. */
  private epoch: number;
  private learningRate: number;
  private epochSeconds: number;
  private trainingSeconds: number;
  private preparingTold = { stage: '', at: 0 };
  private lastMetrics: Record<string, number> = {};
  /** When the last step ended: what comes until the next is asked for are callbacks. */
  private stepEnd = performance.now();

  constructor(
    private readonly program: TrainingProgram,
    private readonly plan: TrainingPlan,
    private readonly emit: (event: JobEvent) => void,
    private readonly controls: JobControls,
  ) {
    const state = plan.checkpoint?.state.loop;
    this.scalars = new ScalarBatcher(emit);
    this.best = new BestTracker(state);
    this.keeper = new CheckpointKeeper(program, plan, emit);
    this.profiler = new StepProfiler(program, plan, emit);
    this.history = [...(state?.history ?? [])];
    this.means = new EpochMeans(state?.epochSums, state?.epochExamples);
    this.epoch = state?.epoch ?? 0;
    this.learningRate = state?.learningRate ?? plan.hyperparameters.learningRate;
    this.epochSeconds = state?.epochSeconds ?? 0;
    this.trainingSeconds = state?.trainingSeconds ?? 0;
  }

  /** @throws DescentError `non-finite` when the loss is no number, `bad-input` when no example could be read */
  async run(): Promise<TrainingEnd> {
    try {
      await this.start();
      const ending = await this.train();
      await this.profiler.finish();
      if (ending === 'stopped') await this.writeCheckpoint();
      return await this.conclude(ending);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      await this.profiler.close();
      await this.returnToLastStep();
      await this.writeCheckpoint(this.plan.unacknowledgedFrames);
      return 'interrupted';
    } finally {
      await this.profiler.close();
      this.scalars.flush();
      this.controls.finished();
    }
  }

  private async start(): Promise<void> {
    const { program, plan } = this;
    if (plan.checkpoint) await program.restore(plan.checkpoint.program);
    await this.keeper.discardAfter(program.step);
    this.controls.step = program.step;
    this.emit({
      type: 'started',
      environment: plan.environment,
      ...this.description,
      totalSteps: this.totalSteps,
      stepsPerEpoch: program.stepsPerEpoch,
      epochs: this.totalEpochs,
      step: program.step,
      epoch: this.epoch,
      parameters: program.parameters,
      layers: [...program.layers],
      dataset: plan.dataset,
      pipeline: [...program.stages],
    });
    if (plan.checkpoint) this.noticeOtherEngine(plan.checkpoint.state.engine);
    else {
      this.tellPhase();
      for (const message of updateNotices(plan.hyperparameters, this.phase.epochs * program.stepsPerEpoch))
        this.emit({ type: 'notice', severity: 'warns', message });
      await this.recordHistograms();
    }
  }

  private noticeOtherEngine(before: CheckpointState['engine']): void {
    const { engine, threads } = this.plan.environment;
    if (before.kind === engine && before.threads === threads) return;
    this.emit({
      type: 'notice',
      severity: 'notes',
      message:
        `The run was begun with engine ${before.kind} on ${before.threads} threads and goes on with ${engine} on ` +
        `${threads}: numbers may differ in their last digits from a run without a break.`,
    });
  }

  private get description(): { program?: ProgramDescription } {
    const program = this.program.description ?? this.plan.program;
    return program ? { program } : {};
  }

  /** The phase in hand and those that follow. */
  private get phasesLeft(): [Phase, ...Phase[]] {
    const phases = this.program.phases ?? [singlePhase(this.plan.hyperparameters)];
    const place = phases.findIndex(({ name }) => name === this.program.phase?.name);
    const [phase, ...later] = phases.slice(Math.max(0, place));
    return [phase!, ...later];
  }

  private get phase(): Phase {
    return this.phasesLeft[0];
  }

  /** Epochs and steps of the run before the phase. */
  private get phaseBegan(): { step: number; epoch: number } {
    return this.program.phase ?? { step: 0, epoch: 0 };
  }

  private get epochsFromPhaseOn(): number {
    return this.phasesLeft.reduce((sum, { epochs }) => sum + epochs, 0);
  }

  private get totalEpochs(): number {
    return this.phaseBegan.epoch + this.epochsFromPhaseOn;
  }

  private get totalSteps(): number {
    return this.phaseBegan.step + this.epochsFromPhaseOn * this.program.stepsPerEpoch;
  }

  private async train(): Promise<'finished' | 'early-stopping' | 'stopped'> {
    for (;;) {
      while (!this.isPhaseOver) {
        if ((await this.trainEpoch()) === 'stopped') return 'stopped';
        await this.profiler.measure('end of epoch', () => this.finishEpoch());
      }
      const [, next] = this.phasesLeft;
      if (!next) return this.hasAllEpochs ? 'finished' : 'early-stopping';
      await this.obeyControls();
      if (this.controls.ending === 'stop') return 'stopped';
      await this.enterPhase(next);
    }
  }

  private get hasAllEpochs(): boolean {
    return this.epoch >= this.phaseBegan.epoch + this.phase.epochs;
  }

  private get isPhaseOver(): boolean {
    const { earlyStoppingPatience } = this.plan.hyperparameters;
    const stops = earlyStoppingPatience > 0 && this.best.epochsWithoutImprovement >= earlyStoppingPatience;
    return this.hasAllEpochs || stops;
  }

  private async enterPhase(next: Phase): Promise<void> {
    const begin = performance.now();
    await this.program.enterPhase!(next.name, this.epoch);
    this.learningRate = next.learningRate;
    this.best.beginPhase();
    this.meter.beginPhase();
    this.tellPhase();
    this.trainingSeconds += (performance.now() - begin) / 1000;
    this.stepEnd = performance.now();
  }

  private tellPhase(): void {
    const { layers } = this.program;
    this.emit({
      type: 'phase',
      name: this.phase.name,
      step: this.program.step,
      epoch: this.epoch,
      learningRate: this.learningRate,
      trainedParameters: trainedParameters(layers),
      ...this.description,
      layers: [...layers],
    });
  }

  /** Steps until the epoch's examples are used up. */
  private async trainEpoch(): Promise<'end-of-epoch' | 'stopped'> {
    const { program } = this;
    // An interruption during the validation leaves the data in the next epoch already.
    while (program.position.epoch <= this.epoch) {
      await this.obeyControls();
      if (this.controls.ending === 'stop') return 'stopped';
      this.profiler.stepBegins();
      const learningRate = this.currentLearningRate();
      program.setLearningRate(learningRate);
      const callbackMilliseconds = performance.now() - this.stepEnd;
      const asked = performance.now();
      // Lets commands in and decoded examples arrive: it belongs to the waiting for data.
      await yieldToEvents();
      const gaveWay = performance.now();
      const yielded = gaveWay - asked;
      const report = await program.next({ recordGradients: this.recordsGradients() });
      if (report.type !== 'step') {
        this.profiler.stepDropped();
        if (report.type === 'end-of-epoch') break;
        this.notePreparing(report);
        continue;
      }
      this.profiler.stepTaken(report, asked, gaveWay);
      report.timings.waitMilliseconds += yielded;
      const whole = performance.now() - this.stepEnd;
      this.stepEnd = performance.now();
      await this.takeStep(report, learningRate, callbackMilliseconds, whole);
      await this.profiler.stepEnds();
    }
    return 'end-of-epoch';
  }

  /** What has to be prepared before the next step belongs to the epoch, and to no step. */
  private notePreparing(report: PreparingReport): void {
    const now = performance.now();
    const seconds = (now - this.stepEnd) / 1000;
    this.stepEnd = now;
    this.epochSeconds += seconds;
    this.trainingSeconds += seconds;
    this.tellPreparing(report);
  }

  private tellPreparing(report: PreparingReport): void {
    const now = performance.now();
    const { stage, at } = this.preparingTold;
    if (stage === report.stage && now - at < preparingMilliseconds) return;
    this.preparingTold = { stage: report.stage, at: now };
    this.emit(report);
  }

  private async takeStep(
    report: StepReport,
    learningRate: number,
    callbackMilliseconds: number,
    wholeMilliseconds: number,
  ): Promise<void> {
    const { program } = this;
    const loss = report.metrics.loss!;
    if (!Number.isFinite(loss)) {
      this.scalars.add('train', program.step + 1, { batch_loss: loss });
      throw await nonFiniteLoss(program, loss, this.epoch + 1, learningRate);
    }
    this.controls.step = program.step;
    this.means.add(report.metrics, report.examples);
    this.epochSeconds += wholeMilliseconds / 1000;
    this.trainingSeconds += wholeMilliseconds / 1000;
    this.lastMetrics = { ...this.lastMetrics, ...this.means.means };
    this.meter.add(report, callbackMilliseconds, wholeMilliseconds);
    this.pipeline.add(report.timings, wholeMilliseconds);
    this.profiler.measure('record scalars', () => this.recordStep(report, callbackMilliseconds));
    this.tellSkipped();
    if (this.histogramIsDue(program.step))
      await this.profiler.measure('histograms', () => this.recordHistograms());
    if (this.meter.isDue()) this.profiler.measure('progress', () => this.tellProgress());
  }

  private recordStep({ metrics, timings }: StepReport, callbackMilliseconds: number): void {
    const batchMetrics = Object.entries(metrics).map(([name, value]) => [`batch_${name}`, value]);
    this.scalars.add('train', this.program.step, {
      ...Object.fromEntries(batchMetrics),
      'timing/wait_ms': timings.waitMilliseconds,
      'timing/copy_ms': timings.copyMilliseconds,
      'timing/compute_ms': timings.computeMilliseconds,
      'timing/callbacks_ms': callbackMilliseconds,
      ...partsOf(timings),
    });
    this.scalars.offer();
  }

  private currentLearningRate(): number {
    const changed = this.controls.takeLearningRate();
    if (changed !== undefined && changed !== this.learningRate) {
      this.emit({
        type: 'notice',
        severity: 'notes',
        message: `Learning rate changed from ${this.learningRate} to ${changed} after step ${this.program.step}.`,
      });
      this.learningRate = changed;
    }
    const { epochs } = this.phase;
    const step = this.program.step - this.phaseBegan.step;
    return (
      this.learningRate *
      scheduleFactor({ ...this.plan.hyperparameters, epochs }, step, this.program.stepsPerEpoch)
    );
  }

  /** Waits while paused. @throws Interrupted */
  private readonly obeyControls = async (): Promise<void> => {
    if (this.controls.pausing) {
      this.scalars.flush();
      this.emit({ type: 'paused', step: this.program.step });
      await this.controls.whilePaused();
      if (this.controls.ending === undefined) this.emit({ type: 'resumed', step: this.program.step });
      this.stepEnd = performance.now();
    }
    if (this.controls.ending === 'interrupt') throw new Interrupted();
  };

  /** Between two batches of an evaluation. */
  private readonly betweenBatches = async (preparing?: PreparingReport): Promise<void> => {
    if (preparing) this.tellPreparing(preparing);
    await yieldToEvents();
    await this.obeyControls();
  };

  private histogramIsDue(step: number): boolean {
    const every = this.plan.hyperparameters.histogramEverySteps;
    return every > 0 && step % every === 0;
  }

  /** Whether the step that comes next is one whose gradients are shown. */
  private recordsGradients(): boolean {
    const { program } = this;
    if (this.plan.hyperparameters.histogramEverySteps > 0) return this.histogramIsDue(program.step + 1);
    return program.position.index + this.plan.hyperparameters.batchSize >= program.trainingExamples;
  }

  private async recordHistograms(): Promise<void> {
    const weights = this.frozen.leaveOut(await this.program.readWeights(), this.program.layers);
    const items = weightHistograms(weights, await this.program.readGradients());
    const wallTime = Date.now() / 1000;
    this.emit({ type: 'histograms', split: 'train', step: this.program.step, wallTime, items });
  }

  private tellSkipped(): void {
    const files = this.program.takeSkipped();
    if (files.length > 0) this.emit({ type: 'skipped', files });
  }

  private tellPipeline(): void {
    const { stages } = this.program;
    const event = this.pipeline.take(this.epoch, stages, this.program.takeStageTimes?.() ?? []);
    if (event) this.emit(event);
  }

  private tellProgress(): void {
    this.emit({
      type: 'progress',
      progress: this.meter.read({
        epoch: this.epoch,
        epochs: this.totalEpochs,
        step: this.program.step,
        totalSteps: this.totalSteps,
        learningRate: this.currentLearningRate(),
        tensors: this.program.tensorCount(),
        metrics: this.lastMetrics,
      }),
    });
  }

  private async finishEpoch(): Promise<void> {
    const { program } = this;
    this.tellSkipped();
    if (this.means.examples === 0)
      throw new DescentError('bad-input', 'Not one example of the training split could be read.', {
        remedy: 'Look at the skipped files of this run, repair or replace them, then train again.',
      });
    const metrics = this.means.means;
    const before = performance.now();
    const validation = await this.profiler.measure('validation', () =>
      program.evaluate('validation', this.betweenBatches),
    );
    if (validation) this.meter.validated((performance.now() - before) / 1000);
    this.trainingSeconds += (performance.now() - before) / 1000;
    const validationMetrics = validation?.metrics ?? {};
    const epochIndex = this.epoch;
    this.scalars.add('train', epochIndex, {
      ...epochTags(metrics),
      epoch_learning_rate: this.currentLearningRate(),
      'system/rss_bytes': process.memoryUsage.rss(),
      'system/tensors': program.tensorCount(),
    });
    if (validation) this.scalars.add('validation', epochIndex, epochTags(validationMetrics));
    this.scalars.flush();
    if (this.plan.hyperparameters.histogramEverySteps === 0)
      await this.profiler.measure('histograms', () => this.recordHistograms());

    this.epoch++;
    const all = { ...metrics };
    for (const [name, value] of Object.entries(validationMetrics)) all[`val_${name}`] = value;
    this.lastMetrics = all;
    this.history.push(all);
    const seconds = this.epochSeconds + (performance.now() - before) / 1000;
    this.means = new EpochMeans();
    this.epochSeconds = 0;
    this.best.finish(this.epoch, program.step, all);
    this.tellPipeline();
    this.emit({ type: 'epoch', epoch: this.epoch, step: program.step, seconds, metrics: all });
    await this.profiler.measure('checkpoint', () => this.keeper.epochEnded(this.state(), this.isPhaseOver));
    this.tellProgress();
  }

  private async writeCheckpoint(frames?: () => Uint8Array): Promise<void> {
    this.scalars.flush();
    await this.keeper.write(this.state(), frames);
  }

  private state(): LoopState {
    return {
      epoch: this.epoch,
      learningRate: this.learningRate,
      epochSums: this.means.state,
      epochExamples: this.means.examples,
      epochSeconds: this.epochSeconds,
      best: this.best.best,
      epochsWithoutImprovement: this.best.epochsWithoutImprovement,
      phaseBest: this.best.phaseBest ?? null,
      history: [...this.history],
      trainingSeconds: this.trainingSeconds,
    };
  }

  /** An interruption of the last evaluation finds the best weights in the program, not those of the last step. */
  private async returnToLastStep(): Promise<void> {
    if (this.program.step === this.controls.step) return;
    await this.program.restore(await this.keeper.read(this.controls.step));
  }

  /** Evaluates the best weights on the held-out split; the run's model is theirs already. */
  private async conclude(ending: 'finished' | 'early-stopping' | 'stopped'): Promise<TrainingEnd> {
    const { program, plan } = this;
    const modelDirectory = join(plan.runDirectory, 'model');
    const best = this.best.best;
    if (!(await this.keeper.has(program.step))) await this.writeCheckpoint();
    if (best && best.step !== program.step && (await this.keeper.has(best.step)))
      await program.restore(await this.keeper.read(best.step));
    await writeModelFiles(modelDirectory, await program.modelFiles());
    const evaluated = await this.evaluateHeldOut();
    const summary: Record<string, number> = {
      ...(best ? best.metrics : this.means.examples > 0 ? this.means.means : {}),
      ...evaluated,
      ...(best ? { best_epoch: best.epoch } : {}),
      epochs: this.epoch,
    };
    this.scalars.flush();
    if (ending === 'stopped') {
      this.emit({ type: 'stopped', step: this.controls.step, summary });
      return 'stopped';
    }
    this.emit({ type: 'done', reason: ending, summary });
    return 'done';
  }

  /** Writes evaluation.json for the test split, or else the validation split. Returns what goes into the summary. */
  private async evaluateHeldOut(): Promise<Record<string, number>> {
    const { program, plan } = this;
    const path = join(plan.runDirectory, evaluationFileName);
    for (const split of ['test', 'validation'] as const satisfies SplitName[]) {
      const result = await program.evaluate(split, this.betweenBatches);
      this.tellSkipped();
      if (!result) continue;
      const evaluation = reportEvaluation(split, plan.task, plan.dataset.labels, result);
      await writeFileAtomically(path, JSON.stringify(evaluation));
      this.emit({ type: 'evaluation', evaluation });
      const prefix = split === 'test' ? 'test' : 'val';
      return Object.fromEntries(
        Object.entries(evaluation.metrics).map(([name, value]) => [`${prefix}_${name}`, value]),
      );
    }
    await rm(path, { force: true });
    this.emit({
      type: 'notice',
      severity: 'warns',
      message:
        'There is neither a test nor a validation split: how well the model does on new data is unknown.',
    });
    return {};
  }
}

/** The parts of the computation, from programs that can tell them apart. */
function partsOf({ forwardMilliseconds, backwardMilliseconds, updateMilliseconds }: StepTimings) {
  if (forwardMilliseconds === undefined) return {};
  return {
    'timing/forward_ms': forwardMilliseconds,
    'timing/backward_ms': backwardMilliseconds!,
    'timing/update_ms': updateMilliseconds!,
  };
}

function epochTags(metrics: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`epoch_${name}`, value]));
}

export function runTraining(
  program: TrainingProgram,
  plan: TrainingPlan,
  emit: (event: JobEvent) => void,
  controls: JobControls,
): Promise<TrainingEnd> {
  return new TrainingLoop(program, plan, emit, controls).run();
}
