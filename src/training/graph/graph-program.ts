import * as tf from '@tensorflow/tfjs';
import type { SplitName } from '../../contract/dataset';
import { DescentError } from '../../contract/errors';
import type { Hyperparameters } from '../../contract/hyperparameters';
import type { ModelMetadata } from '../../contract/metadata';
import type { LayerSummary } from '../../contract/run';
import { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import { Opening } from '../../graph/session/opening';
import { GraphSession, type PreparedCall } from '../../graph/session/session';
import { TensorValue } from '../../graph/tensor-value';
import type { Variable } from '../../graph/variable';
import { layerNumbers } from '../../model/layer-numbers';
import type { ModelFiles } from '../../model/model-files';
import { serializeModel } from '../../model/save-model';
import { type TrainingView, trainingView } from '../../model/training-view';
import { summarizeLayers } from '../../model/weights';
import type {
  PipelinePosition,
  PipelineStage,
  SkippedExample,
  StageTime,
} from '../../pipeline/example-source';
import { maskNumber } from '../dropout-mask';
import { type LossHyperparameters, lossSettingsOf } from '../loss-settings';
import type { NamedTensor } from '../named-tensor';
import { OutcomeCollector } from '../outcome-collector';
import type {
  PhaseOptions,
  PreparingReport,
  ProgramState,
  SplitEvaluation,
  StepReport,
  TrainingProgram,
} from '../program';
import type { UpdateSettings } from '../update-settings';
import { type EmittedPart, emitModel } from './emit-model';
import { LayerTimes, type TimedLayers } from './layer-times';
import { judge, weightPenalty } from './losses';
import { ModelVariables } from './model-variables';
import { RandomMasks, randomCounter } from './random-masks';
import type { GraphData, StepData } from './step-data';
import { begun, emitTrainingStep, type Reported, stepColumns, type TrainingStep } from './training-step';
import { Updates } from './updates';

export interface GraphProgramOptions extends PhaseOptions {
  /** From `buildModel`; the program owns it, unless it is to keep it. */
  model: tf.LayersModel;
  metadata: ModelMetadata;
  /** Emits the pipelines into the graph. */
  data: (graph: Graph) => GraphData | Promise<GraphData>;
  /** Where in the model the data comes in, when it holds features instead of examples; everything goes through it. */
  entry?: tf.SymbolicTensor;
  hyperparameters: UpdateSettings &
    LossHyperparameters &
    Pick<Hyperparameters, 'learningRate' | 'layerLearningRates' | 'l1' | 'l2' | 'seed'> & {
      compile?: Hyperparameters['compile'];
    };
  /** One weight a class; absent: all 1. */
  classWeights?: Float32Array;
  /** Whether `timeLayers` will be asked for. */
  timesLayers?: boolean;
}

const weightPrefix = 'weights/';
const slotPrefix = 'optimizer/';

type Fetches = Readonly<Record<string, Tensor>>;

/** A call that draws a batch of a split. */
interface Evaluator {
  data: StepData;
  call: PreparedCall<Fetches>;
}

/** The calls of one kind of step: without gradients among what they fetch, and with them. */
interface StepCalls {
  plain: PreparedCall<Fetches>;
  recording: PreparedCall<Fetches>;
  /** Both with the times of the layers. */
  timed?: (Pick<StepCalls, 'plain' | 'recording'> & { layers: TimedLayers }) | undefined;
}

/** What the graph of a program consists of. */
interface Built {
  graph: Graph;
  view: TrainingView;
  data: GraphData;
  variables: ModelVariables;
  updates: Updates;
  masks: RandomMasks;
  step: TrainingStep;
  evaluations: Partial<Record<SplitName, Fetches>>;
  penalty: Tensor | undefined;
  predictionInputs: Tensor;
  predictions: Tensor;
}

/**
 * Training as one TensorFlow graph on the native engine: data, forward, gradients and updates are one call a step. Its
 * numbers are the plain program's up to rounding; its checkpoints are the same.
 */
export class GraphProgram implements TrainingProgram {
  readonly kind: 'graph' | 'features';
  readonly layers: readonly LayerSummary[];
  readonly parameters: number;
  readonly stepsPerEpoch: number;
  readonly trainingExamples: number;
  private readonly updating: StepCalls;
  /** For steps that lay their gradients by. */
  private readonly accumulating: StepCalls | undefined;
  private readonly evaluators: Partial<Record<SplitName, Evaluator>> = {};
  private learningRate: number;
  private steps = 0;
  private gradients: NamedTensor[] | undefined;
  private timing = false;
  readonly timeLayers?: () => () => void;

  /**
   * @throws DescentError `unsupported` when a layer can't be compiled or the native engine isn't loaded; the model is then
   *   left as it was
   */
  static async create(options: GraphProgramOptions): Promise<GraphProgram> {
    const built = await build(options);
    const session = await GraphSession.load(built.graph);
    const program = new GraphProgram(options, built, session);
    try {
      session.initialize();
      session.setVariables(
        built.variables.all.flatMap(({ variable, eager }) => {
          const average = built.updates.averageOf(variable);
          return [[variable, eager] as const, ...(average ? [[average, eager] as const] : [])];
        }),
      );
      const opening = new Opening();
      for (const data of program.everyData) await data.open(opening);
      opening.run(session);
    } catch (error) {
      session.dispose();
      throw error;
    }
    return program;
  }

  private constructor(
    private readonly options: GraphProgramOptions,
    private readonly built: Built,
    private readonly session: GraphSession,
  ) {
    const { model, hyperparameters } = options;
    const { train } = built.data;
    this.kind = options.entry ? 'features' : 'graph';
    this.layers = summarizeLayers(model);
    this.parameters = model.countParams();
    this.stepsPerEpoch = train.batchesPerEpoch;
    this.trainingExamples = train.source.count;
    this.learningRate = hyperparameters.learningRate;
    const { updating, accumulating, gradients } = built.step;
    const feeds = [...train.feeds, ...built.updates.feeds, ...(built.masks.used ? [built.masks.step] : [])];
    const named = Object.fromEntries(gradients.map((gradient, index) => [`gradient${index}`, gradient]));
    const calls = ({ report, layers }: Reported): StepCalls => {
      const prepare = (more: Fetches) => ({
        plain: session.prepare({ report, ...train.fetches, ...more }, feeds),
        recording: session.prepare({ report, ...train.fetches, ...more, ...named }, feeds),
      });
      return { ...prepare({}), timed: layers && { ...prepare({ layers: layers.times }), layers } };
    };
    this.updating = calls(updating);
    this.accumulating = accumulating && calls(accumulating);
    if (updating.layers)
      this.timeLayers = () => {
        this.timing = true;
        return () => {
          this.timing = false;
        };
      };
    for (const [split, data] of Object.entries(built.data.heldOut) as [SplitName, StepData][]) {
      const fetches = built.evaluations[split];
      if (!fetches) continue;
      this.evaluators[split] = {
        data,
        call: session.prepare({ ...fetches, ...data.fetches }, data.feeds),
      };
    }
  }

  get stages(): readonly PipelineStage[] {
    return this.built.data.train.stages;
  }

  get step(): number {
    return this.steps;
  }

  get position(): PipelinePosition {
    return this.built.data.train.position;
  }

  setLearningRate(learningRate: number): void {
    this.learningRate = learningRate;
  }

  async next(
    options: { recordGradients?: boolean } = {},
  ): Promise<StepReport | PreparingReport | { type: 'end-of-epoch' }> {
    const { train } = this.built.data;
    const preparing = await train.prepare?.();
    if (preparing) return preparing;
    const recording = options.recordGradients === true;
    const { updates, masks } = this.built;
    const counted = this.steps - (this.options.firstStep ?? 0);
    const calls = updates.isDue(counted) ? this.updating : this.accumulating!;
    const timed = this.timing ? calls.timed : undefined;
    const call = recording ? (timed ?? calls).recording : (timed ?? calls).plain;
    const rates = updates.feedValues(this.learningRate, counted);
    const settings = masks.used ? [...rates, randomCounter(this.steps)] : rates;
    let callMilliseconds = 0;
    const drawn = await train.next((values) => {
      const called = performance.now();
      const result = call.run(...values, ...settings);
      callMilliseconds = performance.now() - called;
      return result;
    });
    if (drawn === 'end-of-epoch') return { type: 'end-of-epoch' };
    if (recording) this.gradients = this.takeGradients(drawn.result);
    const report = drawn.result.report!.floats();
    const column = (name: (typeof stepColumns)[number]) => report[stepColumns.indexOf(name)]!;
    const loss = column('loss');
    if (Number.isFinite(loss)) this.steps++;
    const [forward, backward, update] = [column('forward'), column('backward'), column('update')];
    const parts = forward + backward + update;
    const layers = drawn.result.layers?.floats();
    const rest = Math.max(0, callMilliseconds - column('wait') - parts);
    return {
      type: 'step',
      examples: drawn.indices.length,
      metrics: { loss, [this.qualityName]: column('quality') },
      timings: {
        waitMilliseconds: drawn.waitMilliseconds + column('wait'),
        waitsInCall: train.drawsInside,
        copyMilliseconds: rest,
        computeMilliseconds: parts,
        // XLA makes one piece of both.
        ...(this.options.hyperparameters.compile === 'xla'
          ? {}
          : { forwardMilliseconds: forward, backwardMilliseconds: backward }),
        updateMilliseconds: update,
        ...(timed && layers
          ? {
              layers: timed.layers.spans(layers, {
                forward,
                backward: forward + backward,
                update: parts,
              }),
            }
          : {}),
      },
    };
  }

  private takeGradients(result: Readonly<Record<string, TensorValue>>): NamedTensor[] {
    return this.built.variables.trained.map(({ name }, index) => toNamed(name, result[`gradient${index}`]!));
  }

  private get qualityName(): 'accuracy' | 'mae' {
    return this.options.metadata.task === 'classification' ? 'accuracy' : 'mae';
  }

  async evaluate(
    split: SplitName,
    between?: (preparing?: PreparingReport) => Promise<void>,
  ): Promise<SplitEvaluation | undefined> {
    const evaluator = this.evaluators[split];
    if (!evaluator) return undefined;
    const { data, call } = evaluator;
    data.seek({ epoch: 0, index: 0 });
    for (let report = await data.prepare?.(); report; report = await data.prepare?.())
      await between?.(report);
    const collector = new OutcomeCollector(this.options.metadata.task, data.source);
    for (;;) {
      const drawn = await data.next((values) => call.run(...values));
      if (drawn === 'end-of-epoch') break;
      const { indices, result } = drawn;
      const answers = Float32Array.from(indices, (index) => data.source.answer(index));
      collector.add(
        { indices, answers, size: indices.length },
        result.predicted!.data as Float32Array,
        result.losses!.floats(),
        result.confidences?.floats(),
      );
      await between?.();
    }
    if (collector.count === 0) return undefined;
    const { penalty } = this.built;
    return collector.finish(penalty ? this.session.fetch(penalty).scalar() : 0);
  }

  async predict(inputs: Float32Array | Int32Array, count: number): Promise<Float32Array> {
    const { shape, dtype } = this.built.data.train.source;
    const value = new TensorValue(dtype, [count, ...shape], inputs);
    return this.session.fetch(this.built.predictions, [[this.built.predictionInputs, value]]).floats();
  }

  async readWeights(): Promise<NamedTensor[]> {
    const { all } = this.built.variables;
    const values = this.session.readVariables(all.map(({ variable }) => variable));
    return all.map(({ name }, index) => toNamed(name, values[index]!));
  }

  async readGradients(): Promise<NamedTensor[] | undefined> {
    const taken = this.gradients;
    this.gradients = undefined;
    return taken;
  }

  takeSkipped(): SkippedExample[] {
    return this.everyData.flatMap((data) => data.takeSkipped());
  }

  takeStageTimes(): StageTime[] {
    return this.built.data.train.takeStageTimes?.() ?? [];
  }

  private get everyData(): StepData[] {
    return [this.built.data.train, ...Object.values(this.built.data.heldOut)];
  }

  private get stateVariables(): { name: string; variable: Variable }[] {
    return [
      ...this.built.variables.all.map(({ name, variable }) => ({ name: weightPrefix + name, variable })),
      ...this.built.updates.slots
        .filter(({ saved }) => saved)
        .map(({ name, variable }) => ({ name: slotPrefix + name, variable })),
    ];
  }

  async save(): Promise<ProgramState> {
    const variables = this.stateVariables;
    const values = this.session.readVariables(variables.map(({ variable }) => variable));
    return {
      tensors: [
        ...variables.map(({ name }, index) => toNamed(name, values[index]!)),
        ...(this.built.data.save?.() ?? []),
      ],
      step: this.steps,
      position: this.position,
      optimizer: this.options.hyperparameters.optimizer,
      seed: this.options.hyperparameters.seed,
    };
  }

  async restore(state: ProgramState): Promise<void> {
    const saved = new Map(state.tensors.map((tensor) => [tensor.name, tensor]));
    const values = this.stateVariables.map(({ name, variable }) => {
      const tensor = saved.get(name);
      if (!tensor || tensor.shape.join() !== variable.shape.join())
        throw new DescentError('bad-input', `The checkpoint has no "${name}" of shape [${variable.shape}].`, {
          subject: name,
          remedy: 'Resume with the model and optimizer that the run was started with.',
        });
      return [variable, new TensorValue('float32', tensor.shape, tensor.values)] as const;
    });
    this.session.setVariables(values);
    this.steps = state.step;
    this.gradients = undefined;
    await this.built.data.restore?.(state);
    this.built.data.train.seek(state.position);
  }

  /** Brings the weights, averaged where averages are kept, into the eager model, which writes itself. */
  async modelFiles(): Promise<ModelFiles> {
    const { all } = this.built.variables;
    const { updates } = this.built;
    const values = this.session.readVariables(
      all.map(({ variable }) => updates.averageOf(variable) ?? variable),
    );
    all.forEach(({ eager }, index) => {
      tf.tidy(() => eager.assign(tf.tensor(values[index]!.floats(), eager.shape)));
    });
    return serializeModel(this.options.model, this.options.metadata);
  }

  tensorCount(): number {
    return tf.memory().numTensors;
  }

  async dispose(): Promise<void> {
    for (const data of this.everyData) await data.dispose();
    this.session.dispose();
    if (!this.options.keepsModel) this.options.model.dispose();
  }
}

async function build(options: GraphProgramOptions): Promise<Built> {
  const { model, metadata, hyperparameters, classWeights, entry } = options;
  const view = trainingView(model);
  const trainedPart = { inputs: entry ? [entry] : view.core.inputs, outputs: view.core.outputs };
  const graph = new Graph();
  const data = await options.data(graph);
  const variables = new ModelVariables(graph, model, hyperparameters.layerLearningRates);
  const updates = new Updates(graph, hyperparameters, variables.trained);
  const masks = new RandomMasks(graph, hyperparameters.seed);
  const averaged = (variable: Variable) => updates.averageOf(variable) ?? variable;
  const numbers = layerNumbers(model);
  const lossSettings = {
    ...lossSettingsOf(metadata.task, hyperparameters),
    targetScale: view.targetScale,
    targetShift: view.targetShift,
  };
  const layerTimes =
    options.timesLayers && hyperparameters.compile !== 'xla' ? new LayerTimes(graph) : undefined;
  const emit = (inputs: Tensor, training: boolean, scope: string, part: EmittedPart = trainedPart) =>
    graph.scope(scope, () => {
      const { outputs, later } = emitModel(part, {
        inputs: [inputs],
        training,
        variable: (layer, weight) => {
          const variable = variables.of(layer, weight);
          return variable && !training ? averaged(variable) : variable;
        },
        dropoutMask: (layer, like, share, use) =>
          masks.mask(
            like,
            { name: layer.name, number: maskNumber({ layer: numbers.get(layer)!, use }) },
            share,
          ),
        onLayer: (layer, created) => {
          if (training) layerTimes?.emitted(layer.name, created);
        },
      });
      return { outputs: outputs[0]!, later };
    });

  const { train, heldOut } = data;
  const { begin, inputs } = begun(graph, train.inputs);
  const { outputs, later } = emit(inputs, true, 'training');
  const step = emitTrainingStep(graph, {
    inputs,
    begin,
    answers: train.answers,
    asked: train.asked,
    weights: train.weights,
    judgement: judge(outputs, train.answers, lossSettings),
    later,
    variables: variables.all,
    trained: variables.trained,
    regularized: variables.regularized,
    l1: hyperparameters.l1,
    l2: hyperparameters.l2,
    classWeights,
    updates,
    xla: hyperparameters.compile === 'xla',
    layerTimes,
  });

  const evaluations: Built['evaluations'] = {};
  for (const [split, { inputs, answers, source }] of Object.entries(heldOut) as [SplitName, StepData][]) {
    // Without an example not even the width of a row is known.
    if (source.count === 0) continue;
    const inferred = emit(inputs, false, split).outputs;
    const { losses } = judge(inferred, answers, lossSettings);
    evaluations[split] = { losses, ...answersOf(inferred, view) };
  }
  const kernels = variables.regularized.map(({ variable }) => averaged(variable).value);
  const penalty = weightPenalty(kernels, hyperparameters);
  const predictionInputs = graph.placeholder(
    train.source.dtype,
    [null, ...train.source.shape],
    'predict/inputs',
  );
  const inferred = emit(predictionInputs, false, 'prediction', view.core).outputs;
  const predictions = outputsOf(inferred, view);
  return {
    graph,
    view,
    data,
    variables,
    updates,
    masks,
    step,
    evaluations,
    penalty,
    predictionInputs,
    predictions,
  };
}

/** Predicted class and its probability, or the predicted value in the target's unit. */
function answersOf(core: Tensor, view: TrainingView): Fetches {
  const outputs = outputsOf(core, view);
  if (view.activation === 'linear') return { predicted: ops.reshape(outputs, [-1]) };
  // Sigmoids of several classes may be 1 in float32, where their logits still differ.
  const predicted = ops.argMax(view.activation === 'sigmoid' ? core : outputs, 1);
  return { predicted, confidences: ops.max(outputs, [1]) };
}

/** The model's outputs from those of its core. */
function outputsOf(core: Tensor, { activation, targetScale, targetShift }: TrainingView): Tensor {
  if (activation === 'softmax') return ops.softmax(core);
  if (activation === 'sigmoid') return ops.sigmoid(core);
  return ops.add(ops.multiply(core, targetScale), targetShift);
}

function toNamed(name: string, value: TensorValue): NamedTensor {
  return { name, dtype: 'float32', shape: [...value.shape], values: value.floats().slice() };
}
