import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import { gradients } from '../../graph/gradients/gradients';
import { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import { GraphSession } from '../../graph/session/session';
import { TensorValue } from '../../graph/tensor-value';
import { emitCall, emitModel, type TracedCall } from './emit-model';
import { ModelVariables } from './model-variables';
import { exampleOf } from './traced-layer';

export interface Compilation {
  kind: 'graph' | 'plain';
  /** A clause that follows a colon: "28 layers are compiled, 2 traced: ...". */
  reason: string;
}

/**
 * Whether a model's training can be a graph, and by what: emitters, and for layers without one their operations in TF.js, which
 * are held to TF.js' own results. Builds what would be built, and leaves the model as it was.
 */
export async function describeCompilation(model: tf.LayersModel): Promise<Compilation> {
  if (tf.getBackend() !== 'tensorflow')
    return plain('graphs run on the native engine only, and this is the WebAssembly engine');
  try {
    const traced = tracedCalls(model);
    for (const call of traced) await checkTraced(model, call);
    return { kind: 'graph', reason: describeLayers(model, traced) };
  } catch (error) {
    if (error instanceof DescentError && error.code === 'unsupported') return plain(clauseOf(error.message));
    throw error;
  }
}

function plain(reason: string): Compilation {
  return { kind: 'plain', reason };
}

/** "The layer ... can't be compiled: it does this." as a clause. */
function clauseOf(message: string): string {
  return (message.charAt(0).toLowerCase() + message.slice(1)).replace(/\.$/, '');
}

/**
 * Emits a training step's forward and backward pass, and gives the layers that had to be traced.
 * @throws DescentError `unsupported` when a layer can be neither emitted nor traced, or not be differentiated
 */
function tracedCalls(model: tf.LayersModel): TracedCall[] {
  const graph = new Graph();
  const variables = new ModelVariables(graph, model);
  const found: TracedCall[] = [];
  const { outputs } = emitModel(model, {
    inputs: model.inputs.map((input, index) =>
      graph.placeholder(input.dtype === 'int32' ? 'int32' : 'float32', input.shape, `input_${index}`),
    ),
    training: true,
    variable: (layer, weight) => variables.of(layer, weight),
    dropoutMask: (_, like) => like,
    traced: (call) => found.push(call),
  });
  if (found.length === 0) return found;
  const loss = ops.addN(outputs.map((output) => ops.sum(output)));
  const trained = variables.trained;
  gradients(
    loss,
    trained.map(({ variable }) => variable),
  );
  return found;
}

/** A second batch size than those of tracing. */
const checkedBatch = 4;
const tolerance = 1e-4;

/**
 * Holds a traced layer to what TF.js computes: outputs in inference and in training, and the gradients by its inputs.
 * @throws DescentError `unsupported` when they differ
 */
async function checkTraced(model: tf.LayersModel, { layer, inputs, masks }: TracedCall): Promise<void> {
  // A mask comes from elsewhere in the model; what it does was recorded with it.
  if (masks.some((mask) => mask !== undefined)) return;
  for (const training of [false, true]) {
    const graph = new Graph();
    const variables = new ModelVariables(graph, model);
    let random = false;
    const placeholders = inputs.map(({ dtype, shape }, index) =>
      graph.placeholder(dtype, [null, ...shape!.slice(1)], `input_${index}`),
    );
    const { outputs } = emitCall(layer, {
      inputs: placeholders,
      training,
      variable: (owner, weight) => variables.of(owner, weight),
      dropoutMask: (_, like) => {
        random = true;
        return like;
      },
    });
    if (random) continue;
    await compare(layer, { graph, variables, placeholders, outputs, training });
  }
}

interface Comparison {
  graph: Graph;
  variables: ModelVariables;
  placeholders: Tensor[];
  outputs: Tensor[];
  training: boolean;
}

async function compare(
  layer: tf.layers.Layer,
  { graph, variables, placeholders, outputs, training }: Comparison,
) {
  const floating = placeholders.filter(({ dtype }) => dtype === 'float32');
  const loss = ops.addN(outputs.map((output) => ops.sum(ops.square(ops.cast(output, 'float32')))));
  const found = gradients(loss, floating);
  const session = await GraphSession.load(graph);
  const examples = placeholders.map((placeholder) => exampleOf(placeholder, checkedBatch));
  try {
    session.setVariables(variables.all.map(({ variable, eager }) => [variable, eager]));
    const fetches = Object.fromEntries(
      [...outputs, ...found].flatMap((tensor, index) => (tensor ? [[`${index}`, tensor]] : [])),
    );
    const feeds = placeholders.map((placeholder, index) => {
      const { shape } = examples[index]!;
      const data = examples[index]!.dataSync() as Float32Array;
      return [placeholder, new TensorValue(placeholder.dtype, shape, data)] as const;
    });
    const results = session.run(fetches, feeds);
    tf.tidy(() => {
      const call = (given: tf.Tensor[]) => [layer.call(given, { training })].flat();
      call(examples).forEach((output, index) => {
        expectEqual(layer, results[`${index}`]!, output, 'other numbers');
      });
      const eager = eagerGradients(call, examples);
      eager.forEach((gradient, index) => {
        const result = results[`${outputs.length + index}`];
        expectEqual(
          layer,
          result ?? TensorValue.of(0, 'float32', gradient.shape),
          gradient,
          'other gradients',
        );
      });
    });
  } finally {
    session.dispose();
    tf.dispose(examples);
  }
}

/** By the floating inputs; none where TF.js knows no gradient. */
function eagerGradients(call: (inputs: tf.Tensor[]) => tf.Tensor[], examples: tf.Tensor[]): tf.Tensor[] {
  const floating = examples.filter(({ dtype }) => dtype === 'float32');
  if (floating.length === 0) return [];
  try {
    return tf.grads((...given: tf.Tensor[]) => {
      let place = 0;
      const inputs = examples.map((example) => (example.dtype === 'float32' ? given[place++]! : example));
      return tf.addN(call(inputs).map((output) => tf.sum(tf.square(tf.cast(output, 'float32')))));
    })(floating);
  } catch {
    return [];
  }
}

function expectEqual(layer: tf.layers.Layer, found: TensorValue, wanted: tf.Tensor, what: string): void {
  const values = found.numbers();
  const others = wanted.dataSync();
  const scale = Math.max(1, ...Array.from(others, (value) => Math.abs(Number(value))));
  const same =
    values.length === others.length &&
    values.every((value, index) => Math.abs(value - Number(others[index])) <= tolerance * scale);
  if (!same)
    throw new DescentError(
      'unsupported',
      `The layer "${layer.name}" (${layer.getClassName()}) gives ${what} when it is traced than in TF.js.`,
      { subject: layer.name, remedy: 'Train it with compile: eager.' },
    );
}

function describeLayers(model: tf.LayersModel, traced: readonly TracedCall[]): string {
  const count = countLayers(model);
  const names = [...new Set(traced.map(({ layer }) => `${layer.getClassName()} "${layer.name}"`))];
  if (names.length === 0)
    return count === 1 ? 'its one layer is compiled' : `all ${count} layers are compiled`;
  const rest = count - names.length;
  const compiled = rest === 1 ? '1 layer is compiled' : `${rest} layers are compiled`;
  return `${rest > 0 ? `${compiled}, ` : ''}${names.length} traced (${names.join(', ')})`;
}

/** Layers that compute, those of nested models counted one by one. */
function countLayers(model: tf.LayersModel): number {
  return model.layers.reduce((count, layer) => {
    if (layer instanceof tf.LayersModel) return count + countLayers(layer);
    return count + (layer.getClassName() === 'InputLayer' ? 0 : 1);
  }, 0);
}
