import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import { GraphSession, type PreparedCall } from '../../graph/session/session';
import { formatShape, mergeShapes } from '../../graph/shape';
import { TensorValue } from '../../graph/tensor-value';
import type { Variable } from '../../graph/variable';
import { randomCounter } from '../graph/random-masks';
import type { Updates } from '../graph/updates';
import type { NamedTensor } from '../named-tensor';
import type { UpdateSettings } from '../update-settings';
import { buildStep } from './build-step';
import { assignEager, type StepWeight, StepWeights } from './step-weights';
import type { Batch, LossFunction, TracedLoss } from './trace-loss';

/** Optimizer, clipping, weight decay and accumulation are those of the hyper-parameters. */
export interface CompiledStepOptions extends Partial<Omit<UpdateSettings, 'emaMomentum'>> {
  /** Where `run` gets none. */
  learningRate?: number;
  /** Of dropout and of the context's random numbers. */
  seed?: number;
  /** Variables beside the models' weights that the loss uses and that are trained, too. */
  variables?: Readonly<Record<string, tf.Variable>>;
  /** What to do with a trained weight on which the loss does not depend: refuse it (default), or leave it as it is. */
  unusedWeights?: 'refuse' | 'leave';
  /** Has XLA compile loss and gradients. */
  xla?: boolean;
}

export interface StepResult {
  loss: number;
  /** What the loss function gave back beside the loss. */
  others: Readonly<Record<string, TensorValue>>;
}

const defaults = {
  optimizer: 'adam',
  momentum: 0.9,
  weightDecay: 0,
  clipNorm: 0,
  clipValue: 0,
  accumulateSteps: 1,
  learningRate: 0.001,
  seed: 0,
  variables: {},
  unusedWeights: 'refuse',
  xla: false,
} as const satisfies Required<CompiledStepOptions>;

type Fetches = Readonly<Record<string, Tensor>>;

interface Loaded {
  session: GraphSession;
  weights: StepWeights;
  updates: Updates;
  /** By name, in the order of the feeds. */
  placeholders: ReadonlyMap<string, Tensor>;
  step: PreparedCall<Fetches>;
  /** A step that lays its gradients by. */
  layingBy: PreparedCall<Fetches>;
  gradients: PreparedCall<Fetches>;
  evaluation: PreparedCall<Fetches>;
}

/**
 * A training step of one's own, compiled: what one would write with tf.variableGrads (or TensorFlow's GradientTape and
 * tf.function). `loss` computes with ordinary tfjs operations; it is traced when the first batch comes, differentiated, and
 * from then on every step is one call of TensorFlow. Needs the native engine.
 */
export function compiledStep<B extends Batch>(
  model: tf.LayersModel | readonly tf.LayersModel[],
  loss: LossFunction<B>,
  options: CompiledStepOptions = {},
): CompiledStep<B> {
  return new CompiledStep(model instanceof tf.LayersModel ? [model] : model, loss, {
    ...defaults,
    ...options,
  });
}

/** A training step that `compiledStep` made. Weights live in its session; the models get them with `synchronize`. */
export class CompiledStep<B extends Batch> {
  private loading: Promise<Loaded> | undefined;
  private loaded: Loaded | undefined;
  private steps = 0;

  constructor(
    private readonly models: readonly tf.LayersModel[],
    private readonly lossFunction: LossFunction<B>,
    private readonly options: Required<CompiledStepOptions>,
  ) {}

  /** Steps taken. */
  get step(): number {
    return this.steps;
  }

  /**
   * Takes a step on a batch of any size. When the loss is not finite, nothing changes and the step doesn't count.
   * @throws DescentError `unsupported` or `wrong-use` when the loss can't be compiled (with the first batch), `wrong-use` when
   *   the batch has other tensors, types or shapes than the first
   */
  async run(batch: B, { learningRate = this.options.learningRate } = {}): Promise<StepResult> {
    const { step, layingBy, updates, placeholders } = await this.load(batch);
    const call = updates.isDue(this.steps) ? step : layingBy;
    const rates = updates.feedValues(learningRate, this.steps);
    const result = call.run(...feedsOf(placeholders, batch), randomCounter(this.steps), ...rates);
    const taken = resultOf(result);
    if (Number.isFinite(taken.loss)) this.steps++;
    return taken;
  }

  /** Loss and others with `context.training` false; nothing changes. */
  async evaluate(batch: B): Promise<StepResult> {
    const { evaluation, placeholders } = await this.load(batch);
    return resultOf(evaluation.run(...feedsOf(placeholders, batch), randomCounter(this.steps)));
  }

  /** Loss and gradients of the next step on this batch, by the names of the trained weights; nothing changes. */
  async gradients(batch: B): Promise<{ loss: number; gradients: NamedTensor[] }> {
    const { gradients: call, placeholders, weights } = await this.load(batch);
    const result = call.run(...feedsOf(placeholders, batch), randomCounter(this.steps));
    return {
      loss: result.loss!.scalar(),
      gradients: weights.trained.flatMap(({ name }) => {
        const value = result[`gradient/${name}`];
        return value ? [toNamed(name, value)] : [];
      }),
    };
  }

  /** All weights, the fixed ones included: `<layer>/<weight>`. Before the first batch those of the models. */
  readWeights(): NamedTensor[] {
    if (!this.loaded)
      return new StepWeights(new Graph(), this.models, this.options.variables).all.map(({ name, eager }) => ({
        name,
        dtype: 'float32',
        shape: [...eager.shape],
        values: Float32Array.from(eager.dataSync()),
      }));
    const { session, weights } = this.loaded;
    const values = session.readVariables(weights.all.map(({ variable }) => variable));
    return weights.all.map(({ name }, index) => toNamed(name, values[index]!));
  }

  /** Brings the weights of the step into the models, to predict, save or go on with them. */
  synchronize(): void {
    if (!this.loaded) return;
    const { session, weights } = this.loaded;
    assignEager(weights.all, session.readVariables(weights.all.map(({ variable }) => variable)));
  }

  /** Takes the models' weights into the step, after they were changed from outside. */
  takeWeights(): void {
    if (this.loaded) setWeights(this.loaded.session, this.loaded.weights.all);
  }

  /** Weights, the optimizer's slots and the number of steps: all that a later step depends on. @throws DescentError before the first batch */
  save(): { step: number; tensors: NamedTensor[] } {
    const { session } = this.required();
    const state = this.stateVariables();
    const values = session.readVariables(state.map(({ variable }) => variable));
    return { step: this.steps, tensors: state.map(({ name }, index) => toNamed(name, values[index]!)) };
  }

  /** Goes on from what `save` gave, after the first batch was seen. @throws DescentError `bad-input` when it is another step's */
  restore(saved: { step: number; tensors: readonly NamedTensor[] }): void {
    const { session } = this.required();
    const tensors = new Map(saved.tensors.map((tensor) => [tensor.name, tensor]));
    session.setVariables(
      this.stateVariables().map(({ name, variable }) => {
        const tensor = tensors.get(name);
        if (!tensor || tensor.shape.join() !== variable.shape.join())
          throw new DescentError('bad-input', `The state has no "${name}" of shape [${variable.shape}].`, {
            subject: name,
          });
        return [variable, new TensorValue('float32', tensor.shape, tensor.values)] as const;
      }),
    );
    this.steps = saved.step;
  }

  /** Releases the session. The models stay, with the weights of the last `synchronize`. */
  dispose(): void {
    this.loaded?.session.dispose();
    this.loaded = undefined;
    this.loading = Promise.reject(new DescentError('wrong-use', 'The compiled step was disposed of.'));
    this.loading.catch(() => {});
  }

  private required(): Loaded {
    if (this.loaded) return this.loaded;
    throw new DescentError('wrong-use', 'The step has seen no batch yet, and so is not compiled.', {
      remedy: 'Call run, evaluate or gradients with a batch first.',
    });
  }

  private stateVariables(): { name: string; variable: Variable }[] {
    const { weights, updates } = this.required();
    const slots = updates.slots.filter(({ saved }) => saved);
    return [
      ...weights.all.map(({ name, variable }) => ({ name: `weights/${name}`, variable })),
      ...slots.map(({ name, variable }) => ({ name: `optimizer/${name}`, variable })),
    ];
  }

  private async load(batch: B): Promise<Loaded> {
    this.loading ??= this.compile(batch).then(
      (loaded) => {
        this.loaded = loaded;
        return loaded;
      },
      (error: unknown) => {
        this.loading = undefined;
        throw error;
      },
    );
    return this.loading;
  }

  private async compile(batch: B): Promise<Loaded> {
    const { models, lossFunction } = this;
    const built = buildStep({ ...this.options, emaMomentum: 0, models, lossFunction, example: batch });
    const { graph, weights, updates, placeholders, computed, evaluation, taken, laidBy, randomStep } = built;
    const session = await GraphSession.load(graph);
    try {
      session.initialize();
      setWeights(session, weights.all);
    } catch (error) {
      session.dispose();
      throw error;
    }
    const feeds = [...placeholders.values(), randomStep];
    const gradients = computed.gradients.map(({ weight, gradient }) => [`gradient/${weight.name}`, gradient]);
    const stepFeeds = [...feeds, ...updates.feeds];
    return {
      session,
      weights,
      updates,
      placeholders,
      step: session.prepare({ ...fetchesOf(computed), taken }, stepFeeds),
      layingBy: session.prepare({ ...fetchesOf(computed), taken: laidBy ?? taken }, stepFeeds),
      evaluation: session.prepare(fetchesOf(evaluation), feeds),
      gradients: session.prepare({ loss: computed.loss, ...Object.fromEntries(gradients) }, feeds),
    };
  }
}

const otherPrefix = 'others/';

function fetchesOf({ loss, others }: TracedLoss): Fetches {
  const named = Object.entries(others).map(([name, tensor]) => [otherPrefix + name, tensor]);
  return { loss, ...Object.fromEntries(named) };
}

function resultOf(result: Readonly<Record<string, TensorValue>>): StepResult {
  const others = Object.entries(result).filter(([name]) => name.startsWith(otherPrefix));
  return {
    loss: result.loss!.scalar(),
    others: Object.fromEntries(others.map(([name, value]) => [name.slice(otherPrefix.length), value])),
  };
}

/** @throws DescentError `wrong-use` when the batch is not like the first one */
function feedsOf(placeholders: ReadonlyMap<string, Tensor>, batch: Batch): tf.Tensor[] {
  const given = Object.keys(batch);
  const missing = [...placeholders.keys()].find((name) => !given.includes(name));
  const surplus = given.find((name) => !placeholders.has(name));
  if (missing !== undefined || surplus !== undefined)
    throw new DescentError(
      'wrong-use',
      missing === undefined
        ? `The batch has "${surplus}", which the first batch had not.`
        : `The batch lacks "${missing}", which the first batch had.`,
      { subject: (missing ?? surplus)! },
    );
  return [...placeholders].map(([name, { dtype, shape }]) => {
    const tensor = batch[name]!;
    if (tensor.dtype !== dtype || mergeShapes(tensor.shape, shape) === undefined)
      throw new DescentError(
        'wrong-use',
        `"${name}" of the batch is ${tensor.dtype} of shape [${tensor.shape}]; the first batch had ${dtype} of ${formatShape(shape)}.`,
        { subject: name, remedy: 'Make another compiledStep for batches of another shape.' },
      );
    return tensor;
  });
}

function setWeights(session: GraphSession, weights: readonly StepWeight[]): void {
  session.setVariables(
    weights.map(({ variable, eager }) => [variable, eager.dataSync() as Float32Array] as const),
  );
}

function toNamed(name: string, value: TensorValue): NamedTensor {
  return { name, dtype: 'float32', shape: [...value.shape], values: value.floats().slice() };
}
