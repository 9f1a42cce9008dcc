import type { SplitName } from '../contract/dataset';
import type { LayerSummary, PhaseMark, ProgramDescription } from '../contract/run';
import type { ModelFiles } from '../model/model-files';
import type { PipelinePosition, PipelineStage, SkippedExample, StageTime } from '../pipeline/example-source';
import type { SpanSink } from '../pipeline/tracing';
import type { NamedTensor } from './named-tensor';
import type { Phase } from './phases/phases';

export type LayerPart = 'forward' | 'backward' | 'update';

/** What a layer did; milliseconds since the computing of the step began. */
export interface LayerSpan {
  part: LayerPart;
  layer: string;
  begin: number;
  end: number;
}

/** How the time of one step was spent. */
export interface StepTimings {
  /** Waiting for the data pipeline. */
  waitMilliseconds: number;
  /** Whether that was part of the session call. */
  waitsInCall?: boolean;
  /** Moving the batch into tensors, and what else a session call takes around the computing. */
  copyMilliseconds: number;
  /** Forward, backward, update. */
  computeMilliseconds: number;
  /** The parts of it, where the program can tell them apart. */
  forwardMilliseconds?: number;
  backwardMilliseconds?: number;
  updateMilliseconds?: number;
  /** Within the computing, one after the other; while layers are timed. */
  layers?: LayerSpan[];
}

export interface StepReport {
  type: 'step';
  examples: number;
  /** loss; accuracy (classification) or mae (regression, in the target's unit): means over the batch. */
  metrics: Record<string, number>;
  timings: StepTimings;
}

/** A part of the work on data that has to be done before the next step can be taken, like computing features. */
export interface PreparingReport {
  type: 'preparing';
  stage: string;
  done: number;
  total: number;
}

/** One column a fact, one row an example of the split. */
export interface ExampleOutcomes {
  /** Name of a row's example, relative to the data set's folder (tables: `row:<n>`). */
  file(row: number): string;
  /** Index of the class, or the target's value. */
  truths: Float32Array;
  /** Index of the most probable class, or the predicted value. */
  predicted: Float32Array;
  /** Classification: probability of the predicted class. Regression: empty. */
  confidences: Float32Array;
  losses: Float32Array;
}

export interface SplitEvaluation {
  count: number;
  /** As a step's, over the whole split. */
  metrics: Record<string, number>;
  outcomes: ExampleOutcomes;
}

/** What a program needs to go on where it stood; the tensors' names are unique. */
export interface ProgramState {
  tensors: NamedTensor[];
  step: number;
  position: PipelinePosition;
  optimizer: string;
  /** Hyper-parameters of random numbers. */
  seed: number;
  /** Which phase it is, and where that began; absent for runs of one phase. */
  phase?: PhaseMark;
}

/** What the program of a phase has to know of the run around it. */
export interface PhaseOptions {
  /** Steps of the run before the phase, which its optimizer doesn't count; default 0. */
  firstStep?: number;
  /** The model outlives the program. */
  keepsModel?: boolean;
}

/** One kind of training: model, optimizer and data in one. The loop knows nothing else of them. */
export interface TrainingProgram {
  /** How steps are computed, for the run's page. */
  readonly kind: 'plain' | 'graph' | 'features';
  /** Of a program of several phases, which the loop goes through. */
  readonly phases?: readonly Phase[];
  /** Which of them it is in, and where that began. */
  readonly phase?: PhaseMark;
  /** How its steps are computed now, where that changes from phase to phase. */
  readonly description?: ProgramDescription;
  readonly layers: readonly LayerSummary[];
  readonly parameters: number;
  readonly stages: readonly PipelineStage[];
  /** Estimates: files that turn out to be unreadable make epochs shorter. */
  readonly stepsPerEpoch: number;
  readonly trainingExamples: number;
  /** Steps taken so far, and where the next batch begins. */
  readonly step: number;
  readonly position: PipelinePosition;
  /**
   * Takes one step, or says that the epoch is over. When the loss is not finite everything is left as it was. With
   * accumulation a step may do no more than lay its gradients by. A program that has to prepare data first does a part of it
   * at each call, and says how far it is.
   * `recordGradients` keeps this step's gradients for `readGradients`.
   */
  next(options?: {
    recordGradients?: boolean;
  }): Promise<StepReport | PreparingReport | { type: 'end-of-epoch' }>;
  /**
   * Runs a split in inference mode, with the averaged weights where the program keeps averages, as `predict` and
   * `modelFiles` do. `between` is awaited after each batch, and after each part of preparing them. Undefined when the split
   * is empty.
   */
  evaluate(
    split: SplitName,
    between?: (preparing?: PreparingReport) => Promise<void>,
  ): Promise<SplitEvaluation | undefined>;
  /** Model outputs [count, outputs], row-major, for inputs [count, ...shape]. */
  predict(inputs: Float32Array | Int32Array, count: number): Promise<Float32Array>;
  /**
   * Goes on with another phase after so many epochs: its layers become trainable, and the optimizer begins anew.
   * @throws DescentError as making a program
   */
  enterPhase?(name: Phase['name'], epoch: number): Promise<void>;
  /** For the steps that follow. */
  setLearningRate(learningRate: number): void;
  /** Trainable and fixed weights, as they are trained: `<layer>/<weight>`. */
  readWeights(): Promise<NamedTensor[]>;
  /**
   * Those of the last step that recorded them, by the weights' names; taken once. Raw: of its batch's loss alone, before
   * accumulation and clipping.
   */
  readGradients(): Promise<NamedTensor[] | undefined>;
  /** Files that could not be read since the last call. */
  takeSkipped(): SkippedExample[];
  /** What the stages of the training split's pipeline took since the last call, where the program's data tells it. */
  takeStageTimes?(): StageTime[];
  save(): Promise<ProgramState>;
  /** @throws DescentError `bad-input` when the state is another model's */
  restore(state: ProgramState): Promise<void>;
  /** The model with its weights of now as a TF.js layers model with metadata; a copy. */
  modelFiles(): Promise<ModelFiles>;
  /**
   * Tells the operations of its steps to `sink` until the answer is called. A program that has it also tells the parts of
   * each step (waiting, copy, compute); for one without, they are drawn from the timings of its reports.
   */
  profile?(sink: SpanSink): () => void;
  /** Times the layers of its steps (`StepTimings.layers`) until the answer is called. */
  timeLayers?(): () => void;
  /** Tensors alive in the process. */
  tensorCount(): number;
  dispose(): Promise<void>;
}
