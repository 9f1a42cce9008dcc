import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../contract/errors';
import type { JobEvent } from '../contract/frames';
import type { Hyperparameters } from '../contract/hyperparameters';
import type { ProgramDescription } from '../contract/run';
import type { Graph } from '../graph/graph';
import { CachedFeatures, type FeatureSources } from './features/cached-features';
import { describeCompilation } from './graph/describe-compilation';
import { GraphProgram, type GraphProgramOptions } from './graph/graph-program';
import { isRecurrent } from './graph/masks';
import type { GraphData } from './graph/step-data';
import { PlainProgram, type PlainProgramOptions } from './plain-program';
import type { TrainingProgram } from './program';

type CompileMode = Hyperparameters['compile'];

export interface ProgramChoice extends Omit<GraphProgramOptions, 'data' | 'timesLayers'> {
  hyperparameters: GraphProgramOptions['hyperparameters'] &
    Pick<Hyperparameters, 'compile' | 'profileFirstStep'>;
  /** Opens the data for eager steps. */
  openSplits(): Promise<Pick<PlainProgramOptions, 'train' | 'heldOut'>>;
  /** Opens the data for compiled steps, within their graph. */
  emitSplits(graph: Graph): Promise<GraphData>;
  /** What features of frozen layers are computed from. */
  features?: FeatureSources;
}

/** From docs/benchmarks/xla.md. */
const xlaWarning =
  'XLA compiles the step, which on a processor mostly makes it slower: in Descent’s measurements a step took 1.4 times the time of compile: graph (dense layers), 4 times (convolutions) and 16 times (depthwise convolutions).';

export interface CreatedProgram {
  program: TrainingProgram;
  /** What was chosen, and why. */
  description: ProgramDescription;
}

/** XLA has no operation for whole sequences, and takes minutes to compile one that is laid out step by step. */
function obstacleToXla(model: tf.LayersModel): string | undefined {
  const layer = model.layers.find((candidate) => isRecurrent(candidate));
  return layer && `XLA compiles no recurrent layers ("${layer.name}")`;
}

/**
 * What `compile` comes to for a model on the engine that is loaded.
 * @throws DescentError `unsupported` when `graph` or `xla` was asked for and can't be had
 */
export async function describeProgram(
  model: tf.LayersModel,
  compile: CompileMode,
): Promise<ProgramDescription> {
  if (compile === 'eager') return eager('the settings ask for it (compile: eager)');
  const { kind, reason } = await describeCompilation(model);
  const obstacle = kind === 'plain' ? reason : compile === 'xla' ? obstacleToXla(model) : undefined;
  if (obstacle === undefined) {
    if (compile === 'xla')
      return { kind: 'graph', compile: 'xla', reason: 'the settings ask for it (compile: xla)' };
    return { kind: 'graph', compile: 'graph', reason };
  }
  if (compile === 'graph' || compile === 'xla')
    throw new DescentError('unsupported', `The step can't be compiled: ${obstacle}.`, {
      remedy: 'Train with compile: auto or eager.',
    });
  return eager(obstacle);
}

function eager(reason: string): ProgramDescription {
  const gradients = tf.getBackend() === 'tensorflow' ? '; gradients by native operations' : '';
  return { kind: 'plain', compile: 'eager', reason: reason + gradients };
}

/**
 * The program that `compile` asks for: `auto` compiles where it can and tells why where it can't.
 * @throws DescentError `unsupported` when `graph` or `xla` was asked for and can't be had
 */
export async function createProgram(
  choice: ProgramChoice,
  emit: (event: JobEvent) => void,
): Promise<CreatedProgram> {
  const { openSplits, emitSplits, features, ...others } = choice;
  const { compile, profileFirstStep } = others.hyperparameters;
  const options = { ...others, timesLayers: profileFirstStep > 0 };
  const description = await describeProgram(options.model, compile);
  if (description.compile === 'xla') emit({ type: 'notice', severity: 'warns', message: xlaWarning });
  if (description.kind === 'graph' && compile === 'auto' && features) {
    const cached = await CachedFeatures.plan(options.model, features, emit);
    if (cached) {
      const { entry, reason } = cached;
      const program = await GraphProgram.create({ ...options, entry, data: (graph) => cached.emit(graph) });
      return { program, description: { ...description, kind: 'features', reason } };
    }
  }
  if (description.kind === 'graph')
    return { program: await GraphProgram.create({ ...options, data: emitSplits }), description };
  if (compile !== 'eager')
    emit({
      type: 'notice',
      severity: 'notes',
      message: `Steps run operation by operation, which is slower: ${description.reason}.`,
    });
  const program = new PlainProgram({
    ...options,
    ...(await openSplits()),
    nativeGradients: tf.getBackend() === 'tensorflow',
  });
  return { program, description };
}
