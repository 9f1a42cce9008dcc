import type { BaseLayer } from '../../contract/base-layers';
import type { DatasetKind } from '../../contract/dataset';
import type { Hyperparameters } from '../../contract/hyperparameters';
import type { ModelInput } from '../../contract/metadata';
import { buildModel } from '../build-model';
import { summarizeLayers } from '../weights';
import type { Base, BaseContext } from './base';
import { baseLayers } from './base-layers';
import { isFixedNormalization } from './fine-tuned-layers';
import { loadBase } from './load-base';

/** As Keras' own bases are made for. */
const usualSide = 224;
/** Layers don't depend on the length of texts; an encoder may have places for few pieces only. */
const fewPieces = 8;

/**
 * The layers of the base that a model would get, read without its weights; empty for models without a base of layers.
 * @throws DescentError as `loadBase`
 */
export async function describeBaseLayers(
  kind: DatasetKind,
  hyperparameters: Hyperparameters,
  context: Omit<BaseContext, 'weights'>,
): Promise<BaseLayer[]> {
  const base = await loadBase(kind, hyperparameters, { ...context, weights: 'later' });
  if (!base) return [];
  const model = buildModel({
    name: 'base',
    task: 'classification',
    input: inputOf(kind, base),
    labels: ['one', 'other'],
    hyperparameters: { ...hyperparameters, layerLearningRates: '' },
    base,
  });
  try {
    const fixed = new Set(
      baseLayers(model)
        .filter((layer) => isFixedNormalization(layer))
        .map(({ name }) => name),
    );
    const names = new Set(baseLayers(model).map(({ name }) => name));
    return summarizeLayers(model)
      .filter(({ name }) => names.has(name))
      .map(({ name, className, parameters }) => ({
        name,
        className,
        parameters: fixed.has(name) ? 0 : parameters,
      }));
  } finally {
    model.dispose();
  }
}

function inputOf(kind: DatasetKind, base: Base): ModelInput {
  if (kind === 'texts') return { kind, vocabulary: [], sequenceLength: fewPieces };
  const { height = usualSide, width = usualSide, channels = 3 } = base.pictures ?? {};
  return { kind: 'images', height, width, channels };
}
