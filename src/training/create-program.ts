import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../contract/errors';
import type { JobEvent } from '../contract/frames';
import type { Hyperparameters } from '../contract/hyperparameters';
import type { Graph } from '../graph/graph';
import { layerWithoutEmitter } from './graph/emit-model';
import { GraphProgram, type GraphProgramOptions } from './graph/graph-program';
import type { GraphData } from './graph/step-data';
import { PlainProgram, type PlainProgramOptions } from './plain-program';
import type { TrainingProgram } from './program';

type CompileMode = Hyperparameters['compile'];

export interface ProgramChoice extends Omit<GraphProgramOptions, 'data'> {
  hyperparameters: GraphProgramOptions['hyperparameters'] & { compile: CompileMode };
  /** Opens the data for eager steps. */
  openSplits(): Promise<Pick<PlainProgramOptions, 'train' | 'heldOut'>>;
  /** Opens the data for compiled steps, within their graph. */
  emitSplits(graph: Graph): Promise<GraphData>;
}

/** Why a model can't be trained by a compiled step here; undefined when it can. */
export function obstacleToCompiling(model: tf.LayersModel): string | undefined {
  if (tf.getBackend() !== 'tensorflow')
    return 'graphs run on the native engine only, and this is the WebAssembly engine';
  const layer = layerWithoutEmitter(model);
  return layer
    ? `the layer "${layer.name}" (${layer.getClassName()}) has no operations of a graph yet`
    : undefined;
}

/**
 * The program that `compile` asks for: `auto` compiles where it can and tells why where it can't.
 * @throws DescentError `unsupported` when `graph` was asked for and can't be had
 */
export async function createProgram(
  choice: ProgramChoice,
  emit: (event: JobEvent) => void,
): Promise<TrainingProgram> {
  const { openSplits, emitSplits, ...options } = choice;
  const { compile } = options.hyperparameters;
  const obstacle = compile === 'eager' ? undefined : obstacleToCompiling(options.model);
  if (obstacle !== undefined && compile === 'graph')
    throw new DescentError('unsupported', `The step can't be compiled: ${obstacle}.`, {
      remedy: 'Train with compile: auto or eager.',
    });
  if (compile === 'eager' || obstacle !== undefined) {
    if (obstacle !== undefined)
      emit({
        type: 'notice',
        severity: 'notes',
        message: `Steps run operation by operation, which is slower: ${obstacle}.`,
      });
    return new PlainProgram({ ...options, ...(await openSplits()) });
  }
  return GraphProgram.create({ ...options, data: emitSplits });
}
