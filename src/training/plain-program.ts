import * as tf from '@tensorflow/tfjs';
import type { SplitName } from '../contract/dataset';
import { DescentError } from '../contract/errors';
import type { Hyperparameters } from '../contract/hyperparameters';
import type { ModelMetadata } from '../contract/metadata';
import type { LayerSummary } from '../contract/run';
import { learningRateFactors } from '../model/layer-learning-rates';
import type { ModelFiles } from '../model/model-files';
import { serializeModel } from '../model/save-model';
import { type MaskKey, prepareForTraining, type TrainingView, trainingView } from '../model/training-view';
import { type NamedVariable, namedVariables, summarizeLayers } from '../model/weights';
import type {
  Batch,
  PipelinePosition,
  PipelineStage,
  SkippedExample,
  StageTime,
} from '../pipeline/example-source';
import { activeTrace, type SpanSink } from '../pipeline/tracing';
import { dropoutMask, maskNumber } from './dropout-mask';
import { exampleLosses } from './example-losses';
import { type LossHyperparameters, type LossSettings, lossSettingsOf } from './loss-settings';
import { weightPenalty } from './losses';
import type { NamedTensor } from './named-tensor';
import { NativeGradients, nativeCrossEntropy } from './native-gradients';
import { OutcomeCollector } from './outcome-collector';
import { traceEagerOperations } from './profile/eager-operations';
import type { PhaseOptions, ProgramState, SplitEvaluation, StepReport, TrainingProgram } from './program';
import type { SplitData } from './split-data';
import type { UpdateSettings } from './update-settings';
import { WeightUpdates } from './weight-updates';

export interface PlainProgramOptions extends PhaseOptions {
  /** From `buildModel`; the program owns it, unless it is to keep it. */
  model: tf.LayersModel;
  metadata: ModelMetadata;
  train: SplitData;
  /** Splits that can be evaluated. */
  heldOut: Partial<Record<SplitName, SplitData>>;
  hyperparameters: UpdateSettings &
    LossHyperparameters &
    Pick<Hyperparameters, 'learningRate' | 'layerLearningRates' | 'l1' | 'l2' | 'seed'>;
  /** One weight a class; absent: all 1. */
  classWeights?: Float32Array;
  /** Steps with native operations for gradients; on the native back end only. Off: the reference. */
  nativeGradients?: boolean;
}

const weightPrefix = 'weights/';
const slotPrefix = 'optimizer/';

/** A batch on its way through a step. */
interface StepTensors {
  inputs: tf.Tensor;
  answers: tf.Tensor1D;
  weights: tf.Tensor1D | undefined;
  size: number;
}

/** Training by eager tfjs ops: runs on every back end, and is what the other programs are tested against. */
export class PlainProgram implements TrainingProgram {
  readonly kind = 'plain';
  readonly layers: readonly LayerSummary[];
  readonly parameters: number;
  readonly stages: readonly PipelineStage[];
  readonly stepsPerEpoch: number;
  readonly trainingExamples: number;
  private readonly model: tf.LayersModel;
  private readonly view: TrainingView;
  private readonly weights: NamedVariable[];
  private readonly trained: NamedVariable[];
  private readonly regularized: tf.Variable[];
  private readonly updates: WeightUpdates;
  private readonly lossSettings: LossSettings;
  private readonly classWeights: tf.Tensor1D | undefined;
  private readonly native: NativeGradients | undefined;
  private learningRate: number;
  private steps = 0;
  private gradients: NamedTensor[] | undefined;

  constructor(private readonly options: PlainProgramOptions) {
    const { model, hyperparameters, classWeights } = options;
    this.model = model;
    this.view = trainingView(model);
    this.lossSettings = lossSettingsOf(options.metadata.task, hyperparameters);
    this.layers = summarizeLayers(model);
    this.parameters = model.countParams();
    this.stages = options.train.pipeline.stages;
    this.stepsPerEpoch = options.train.pipeline.batchesPerEpoch;
    this.trainingExamples = options.train.source.count;
    this.weights = namedVariables(model);
    this.trained = this.weights.filter((weight) => weight.trainable);
    this.regularized = this.trained
      .filter(({ name }) => /kernel$/.test(name))
      .map(({ variable }) => variable);
    const factors = learningRateFactors(model, hyperparameters.layerLearningRates);
    this.updates = new WeightUpdates(
      hyperparameters,
      this.trained.map((weight) => ({ ...weight, factor: factors.get(weight.layer) ?? 1 })),
    );
    this.learningRate = hyperparameters.learningRate;
    this.classWeights = classWeights ? tf.tensor1d(classWeights) : undefined;
    prepareForTraining(model, (key, shape, rate) => this.dropoutMask(key, shape, rate));
    if (options.nativeGradients) this.native = new NativeGradients(model);
  }

  get step(): number {
    return this.steps;
  }

  get position(): PipelinePosition {
    return this.options.train.pipeline.position;
  }

  setLearningRate(learningRate: number): void {
    this.learningRate = learningRate;
  }

  async next(options: { recordGradients?: boolean } = {}): Promise<StepReport | { type: 'end-of-epoch' }> {
    const asked = performance.now();
    const batch = await this.options.train.pipeline.next();
    if (batch === 'end-of-epoch') return { type: 'end-of-epoch' };
    const received = performance.now();
    const inputs = this.inputTensor(batch.inputs, batch.size);
    const answers = tf.tensor1d(batch.answers);
    const weights = batch.weights ? tf.tensor1d(batch.weights) : undefined;
    const copied = performance.now();
    const step = () =>
      this.trainOn({ inputs, answers, weights, size: batch.size }, options.recordGradients === true);
    const metrics = this.native ? this.native.during(step) : step();
    tf.dispose([inputs, answers, ...(weights ? [weights] : [])]);
    const computed = performance.now();
    const trace = activeTrace();
    trace?.span('waiting', 'wait for data', asked, received);
    trace?.span('copy', 'input copy', received, copied);
    trace?.span('compute', 'compute', copied, computed);
    return {
      type: 'step',
      examples: batch.size,
      metrics,
      timings: {
        waitMilliseconds: received - asked,
        copyMilliseconds: copied - received,
        computeMilliseconds: computed - copied,
      },
    };
  }

  profile(sink: SpanSink): () => void {
    return traceEagerOperations(sink);
  }

  private trainOn(
    { inputs, answers, weights, size }: StepTensors,
    recordGradients: boolean,
  ): Record<string, number> {
    const trace = activeTrace();
    const now = trace ? () => performance.now() : () => 0;
    return tf.tidy(() => {
      let outputs: tf.Tensor2D | undefined;
      let forwardEnd = 0;
      const begin = now();
      const { value, grads } = tf.variableGrads(
        () => {
          outputs = tf.keep(this.view.core.apply(inputs, { training: true }) as tf.Tensor2D);
          const losses = this.stepLosses(outputs, answers);
          const whole = this.withPenalty(this.weightedMean(losses, answers, weights));
          forwardEnd = now();
          return whole;
        },
        this.trained.map(({ variable }) => variable),
      );
      trace?.span('compute', 'forward', begin, forwardEnd);
      trace?.span('compute', 'backward', forwardEnd, now());
      const loss = value.dataSync()[0]!;
      const metrics: Record<string, number> = { loss };
      const quality = this.batchQuality(outputs!, answers).dataSync()[0]! / size;
      metrics[this.qualityName] = quality;
      outputs!.dispose();
      const gradients = this.trained.map(({ variable }) => grads[variable.name]!);
      if (recordGradients)
        this.gradients = gradients.map((gradient, index) => toNamed(this.trained[index]!.name, gradient));
      // A gradient of a loss that is no number would destroy all weights, and with them the trace of the cause.
      if (Number.isFinite(loss)) {
        const updating = now();
        this.updates.take(gradients, this.learningRate, this.steps - (this.options.firstStep ?? 0));
        this.steps++;
        trace?.span('compute', 'update', updating, now());
      }
      return metrics;
    });
  }

  private get qualityName(): 'accuracy' | 'mae' {
    return this.options.metadata.task === 'classification' ? 'accuracy' : 'mae';
  }

  private stepLosses(outputs: tf.Tensor2D, answers: tf.Tensor1D): tf.Tensor1D {
    const { loss, labelSmoothing } = this.lossSettings;
    if (this.native && loss === 'categorical-crossentropy' && labelSmoothing === 0)
      return nativeCrossEntropy(outputs, tf.cast(answers, 'int32'));
    return this.exampleLosses(outputs, answers);
  }

  private exampleLosses(outputs: tf.Tensor2D, answers: tf.Tensor1D): tf.Tensor1D {
    const { task } = this.options.metadata;
    const targets = task === 'classification' ? answers : this.standardized(answers);
    return exampleLosses(outputs, targets, this.lossSettings);
  }

  /** Weights of examples and classes multiply; the mean is over the number of examples, as Keras takes it. */
  private weightedMean(
    losses: tf.Tensor1D,
    answers: tf.Tensor1D,
    weights: tf.Tensor1D | undefined,
  ): tf.Scalar {
    let weighted: tf.Tensor = losses;
    if (weights) weighted = tf.mul(weighted, weights);
    if (this.classWeights)
      weighted = tf.mul(weighted, tf.gather(this.classWeights, tf.cast(answers, 'int32')));
    return tf.mean(weighted) as tf.Scalar;
  }

  private standardized(answers: tf.Tensor1D): tf.Tensor1D {
    return tf.div(tf.sub(answers, this.view.targetShift), this.view.targetScale);
  }

  private withPenalty(loss: tf.Scalar): tf.Scalar {
    const { l1, l2 } = this.options.hyperparameters;
    if ((l1 === 0 && l2 === 0) || this.regularized.length === 0) return loss;
    return tf.add(loss, weightPenalty(this.regularized, { l1, l2 }));
  }

  /** Sum over the batch: right answers, or absolute errors in the target's unit. */
  private batchQuality(outputs: tf.Tensor2D, answers: tf.Tensor1D): tf.Scalar {
    if (this.options.metadata.task === 'classification')
      return tf.sum(tf.cast(tf.equal(tf.argMax(outputs, 1), tf.cast(answers, 'int32')), 'float32'));
    const errors = tf.abs(tf.sub(tf.reshape(outputs, [-1]), this.standardized(answers)));
    return tf.mul(tf.sum(errors), this.view.targetScale);
  }

  async evaluate(split: SplitName, between?: () => Promise<void>): Promise<SplitEvaluation | undefined> {
    const data = this.options.heldOut[split];
    if (!data || data.source.count === 0) return undefined;
    data.pipeline.seek({ epoch: 0, index: 0 });
    const collector = new OutcomeCollector(this.options.metadata.task, data.source);
    return this.updates.withAverages(async () => {
      for (;;) {
        const batch = await data.pipeline.next();
        if (batch === 'end-of-epoch') break;
        this.evaluateBatch(batch, collector);
        await between?.();
      }
      if (collector.count === 0) return undefined;
      const penalty = tf.tidy(() => this.withPenalty(tf.scalar(0)).dataSync()[0]!);
      return collector.finish(penalty);
    });
  }

  private evaluateBatch(batch: Batch, collector: OutcomeCollector): void {
    tf.tidy(() => {
      const answers = tf.tensor1d(batch.answers);
      const outputs = this.view.core.apply(this.inputTensor(batch.inputs, batch.size), {
        training: false,
      }) as tf.Tensor2D;
      const losses = this.exampleLosses(outputs, answers).dataSync() as Float32Array;
      if (this.options.metadata.task === 'classification') {
        const isSigmoid = this.view.activation === 'sigmoid';
        const probabilities = isSigmoid ? tf.sigmoid(outputs) : tf.softmax(outputs);
        // Sigmoids of several classes may be 1 in float32, where their logits still differ.
        const predicted = tf.argMax(isSigmoid ? outputs : probabilities, 1).dataSync();
        collector.add(batch, predicted, losses, tf.max(probabilities, 1).dataSync() as Float32Array);
      } else {
        const values = tf.add(tf.mul(outputs, this.view.targetScale), this.view.targetShift);
        collector.add(batch, values.dataSync(), losses);
      }
    });
  }

  async predict(inputs: Float32Array | Int32Array, count: number): Promise<Float32Array> {
    return this.updates.withAverages(async () =>
      tf.tidy(() => {
        const outputs = this.model.predict(this.inputTensor(inputs, count)) as tf.Tensor;
        return outputs.dataSync() as Float32Array;
      }),
    );
  }

  private inputTensor(values: Float32Array | Int32Array, count: number): tf.Tensor {
    const { shape, dtype } = this.options.train.source;
    return tf.tensor(values, [count, ...shape], dtype);
  }

  private dropoutMask(key: MaskKey, shape: number[], rate: number): tf.Tensor {
    const { seed } = this.options.hyperparameters;
    return tf.tensor(dropoutMask(seed, this.steps, maskNumber(key), shape, rate), shape);
  }

  async readWeights(): Promise<NamedTensor[]> {
    return this.weights.map(({ name, variable }) => toNamed(name, variable));
  }

  async readGradients(): Promise<NamedTensor[] | undefined> {
    const taken = this.gradients;
    this.gradients = undefined;
    return taken;
  }

  takeSkipped(): SkippedExample[] {
    return [this.options.train, ...Object.values(this.options.heldOut)].flatMap(({ pipeline }) =>
      pipeline.takeSkipped(),
    );
  }

  takeStageTimes(): StageTime[] {
    return this.options.train.pipeline.takeStageTimes();
  }

  private get stateVariables(): { name: string; variable: tf.Variable }[] {
    return [
      ...this.weights.map(({ name, variable }) => ({ name: weightPrefix + name, variable })),
      ...this.updates.slots.map(({ name, variable }) => ({ name: slotPrefix + name, variable })),
    ];
  }

  async save(): Promise<ProgramState> {
    return {
      tensors: this.stateVariables.map(({ name, variable }) => toNamed(name, variable)),
      step: this.steps,
      position: this.position,
      optimizer: this.options.hyperparameters.optimizer,
      seed: this.options.hyperparameters.seed,
    };
  }

  async restore(state: ProgramState): Promise<void> {
    const saved = new Map(state.tensors.map((tensor) => [tensor.name, tensor]));
    for (const { name, variable } of this.stateVariables) {
      const tensor = saved.get(name);
      if (!tensor || tensor.shape.join() !== variable.shape.join())
        throw new DescentError('bad-input', `The checkpoint has no "${name}" of shape [${variable.shape}].`, {
          subject: name,
          remedy: 'Resume with the model and optimizer that the run was started with.',
        });
    }
    for (const { name, variable } of this.stateVariables) {
      const { values, shape } = saved.get(name)!;
      tf.tidy(() => variable.assign(tf.tensor(values, shape, variable.dtype as 'float32')));
    }
    this.steps = state.step;
    this.gradients = undefined;
    this.options.train.pipeline.seek(state.position);
  }

  modelFiles(): Promise<ModelFiles> {
    return this.updates.withAverages(() => serializeModel(this.model, this.options.metadata));
  }

  tensorCount(): number {
    return tf.memory().numTensors;
  }

  async dispose(): Promise<void> {
    for (const { pipeline } of [this.options.train, ...Object.values(this.options.heldOut)])
      await pipeline.dispose();
    this.updates.dispose();
    this.classWeights?.dispose();
    if (!this.options.keepsModel) this.model.dispose();
  }
}

function toNamed(name: string, tensor: tf.Tensor): NamedTensor {
  return {
    name,
    dtype: tensor.dtype === 'int32' ? 'int32' : 'float32',
    shape: [...tensor.shape],
    // A copy: a back end may give its own memory.
    values: (tensor.dataSync() as Float32Array | Int32Array).slice(),
  };
}
