import type { TaskKind } from '../contract/dataset';
import type { Hyperparameters } from '../contract/hyperparameters';
import { chooseLoss } from '../contract/losses';
import type { ModelInput, ModelMetadata } from '../contract/metadata';
import type { Base } from './bases/base';

/** What a preset needs to know to build a model. */
export interface ModelSpecification {
  name: string;
  task: TaskKind;
  input: ModelInput;
  /** Classification: the classes, in the order of the outputs. */
  labels: readonly string[];
  /** Regression. Mean and standard deviation are those of the training split. */
  target?: { name: string; mean: number; standardDeviation: number };
  /** The pretrained base, from `loadBase`, of a model that begins from one. */
  base?: Base;
  hyperparameters: Pick<
    Hyperparameters,
    | 'model'
    | 'seed'
    | 'dropout'
    | 'hiddenUnits'
    | 'hiddenLayers'
    | 'width'
    | 'embeddingDimension'
    | 'bidirectional'
  > &
    Partial<
      Pick<
        Hyperparameters,
        'headUnits' | 'trainEmbedding' | 'trainBase' | 'layerLearningRates' | 'loss' | 'base'
      >
    >;
}

function outputsOf({ task, hyperparameters }: ModelSpecification): ModelMetadata['outputs'] {
  if (task === 'regression') return 'value';
  return chooseLoss(task, hyperparameters.loss) === 'binary-crossentropy'
    ? 'independent-probabilities'
    : 'probabilities';
}

export function metadataOf(specification: ModelSpecification): ModelMetadata {
  return {
    version: 1,
    name: specification.name,
    preset: specification.hyperparameters.model,
    kind: specification.input.kind,
    task: specification.task,
    input: specification.input,
    labels: [...specification.labels],
    ...(specification.target ? { target: specification.target.name } : {}),
    outputs: outputsOf(specification),
  };
}
