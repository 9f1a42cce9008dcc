import type * as tf from '@tensorflow/tfjs';
import type { SplitName } from '../../contract/dataset';
import type { LayerSummary, PhaseMark, ProgramDescription } from '../../contract/run';
import type { ModelFiles } from '../../model/model-files';
import type {
  PipelinePosition,
  PipelineStage,
  SkippedExample,
  StageTime,
} from '../../pipeline/example-source';
import type { SpanSink } from '../../pipeline/tracing';
import type { CreatedProgram } from '../create-program';
import type { NamedTensor } from '../named-tensor';
import type { PreparingReport, ProgramState, SplitEvaluation, StepReport, TrainingProgram } from '../program';
import { averageSlot } from '../update-settings';
import type { Phase } from './phases';

export interface PhasedProgramOptions {
  /** The program owns it; those of the phases don't. */
  model: tf.LayersModel;
  phases: readonly Phase[];
  /**
   * Makes the program of a phase that began at a mark, with the model's layers frozen as the phase wants it. `again` when a
   * program of that phase was opened before.
   */
  open(phase: Phase, began: PhaseMark, again: boolean): Promise<CreatedProgram>;
}

const weightPrefix = 'weights/';
const averagePrefix = `optimizer/${averageSlot}/`;

/**
 * A run of several phases: each is a program of its own on the same model and data, one at a time. Steps, epochs and random
 * numbers go on over the border; the optimizer begins anew, as after `compile` in Keras.
 */
export class PhasedProgram implements TrainingProgram {
  readonly phases: readonly Phase[];
  private readonly opened = new Set<string>();
  private current: (CreatedProgram & { began: PhaseMark }) | undefined;

  /** @param began where the run is in the phase that it will go on with; absent: at its beginning */
  static async create(options: PhasedProgramOptions, began?: PhaseMark): Promise<PhasedProgram> {
    const program = new PhasedProgram(options);
    await program.open(began ?? program.beginning);
    return program;
  }

  private constructor(private readonly options: PhasedProgramOptions) {
    this.phases = options.phases;
  }

  private get beginning(): PhaseMark {
    return { name: this.phases[0]!.name, step: 0, epoch: 0 };
  }

  private async open(began: PhaseMark): Promise<void> {
    // Two at once might not fit into memory.
    await this.close();
    const phase = this.phases.find(({ name }) => name === began.name) ?? this.phases[0]!;
    const created = await this.options.open(phase, began, this.opened.has(phase.name));
    this.opened.add(phase.name);
    this.current = { ...created, began: { ...began, name: phase.name } };
  }

  private async close(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    await current?.program.dispose();
  }

  private get now(): CreatedProgram & { began: PhaseMark } {
    if (!this.current) throw new Error('The program of the phase is not open.');
    return this.current;
  }

  private get program(): TrainingProgram {
    return this.now.program;
  }

  get phase(): PhaseMark {
    return this.now.began;
  }

  get description(): ProgramDescription {
    return this.now.description;
  }

  /** Weights go on from what the phase before has made of them, from the averages where it kept some. */
  async enterPhase(name: Phase['name'], epoch: number): Promise<void> {
    const before = await this.program.save();
    await this.open({ name, step: before.step, epoch });
    await this.program.restore(firstState(before, await this.program.save()));
  }

  async restore(state: ProgramState): Promise<void> {
    const began = state.phase ?? this.beginning;
    const { name, step } = this.phase;
    if (began.name !== name || began.step !== step) await this.open(began);
    await this.program.restore(state);
  }

  async save(): Promise<ProgramState> {
    return { ...(await this.program.save()), phase: this.phase };
  }

  async dispose(): Promise<void> {
    await this.close();
    this.options.model.dispose();
  }

  get kind(): TrainingProgram['kind'] {
    return this.program.kind;
  }

  get layers(): readonly LayerSummary[] {
    return this.program.layers;
  }

  get parameters(): number {
    return this.program.parameters;
  }

  get stages(): readonly PipelineStage[] {
    return this.program.stages;
  }

  get stepsPerEpoch(): number {
    return this.program.stepsPerEpoch;
  }

  get trainingExamples(): number {
    return this.program.trainingExamples;
  }

  get step(): number {
    return this.program.step;
  }

  get position(): PipelinePosition {
    return this.program.position;
  }

  next(options?: {
    recordGradients?: boolean;
  }): Promise<StepReport | PreparingReport | { type: 'end-of-epoch' }> {
    return this.program.next(options);
  }

  evaluate(
    split: SplitName,
    between?: (preparing?: PreparingReport) => Promise<void>,
  ): Promise<SplitEvaluation | undefined> {
    return this.program.evaluate(split, between);
  }

  predict(inputs: Float32Array | Int32Array, count: number): Promise<Float32Array> {
    return this.program.predict(inputs, count);
  }

  setLearningRate(learningRate: number): void {
    this.program.setLearningRate(learningRate);
  }

  readWeights(): Promise<NamedTensor[]> {
    return this.program.readWeights();
  }

  readGradients(): Promise<NamedTensor[] | undefined> {
    return this.program.readGradients();
  }

  takeSkipped(): SkippedExample[] {
    return this.program.takeSkipped();
  }

  takeStageTimes(): StageTime[] {
    return this.program.takeStageTimes?.() ?? [];
  }

  modelFiles(): Promise<ModelFiles> {
    return this.program.modelFiles();
  }

  get profile(): ((sink: SpanSink) => () => void) | undefined {
    const { program } = this;
    return program.profile && ((sink) => program.profile!(sink));
  }

  get timeLayers(): (() => () => void) | undefined {
    return this.program.timeLayers;
  }

  tensorCount(): number {
    return this.program.tensorCount();
  }
}

/** What a phase begins with: the weights and the place of the one before, and what its own optimizer begins with. */
function firstState(before: ProgramState, fresh: ProgramState): ProgramState {
  const given = new Map(before.tensors.map((tensor) => [tensor.name, tensor]));
  const weight = (name: string) => given.get(averagePrefix + name) ?? given.get(weightPrefix + name)!;
  const taken = (tensor: NamedTensor): NamedTensor => {
    for (const prefix of [weightPrefix, averagePrefix])
      if (tensor.name.startsWith(prefix))
        return { ...weight(tensor.name.slice(prefix.length)), name: tensor.name };
    return tensor;
  };
  return { ...fresh, tensors: fresh.tensors.map(taken), step: before.step, position: before.position };
}
