import type { DatasetKind } from '../../contract/dataset';
import type { Hyperparameters, PresetName } from '../../contract/hyperparameters';
import { loadBert } from '../bert/load-bert';
import { loadKerasBase } from '../keras/keras-base';
import { assertFits } from '../presets';
import { loadEfficientNetLite0, loadMobileNetV2, loadResNet50 } from './applications/load';
import type { Base, BaseContext } from './base';
import { loadGlove } from './glove';
import { loadHub } from './hub/load';
import { loadSavedModel } from './saved-model/load';

type BaseLoader = (hyperparameters: Hyperparameters, context: BaseContext) => Promise<Base>;

const loaders: Partial<Record<PresetName, BaseLoader>> = {
  'efficientnet-lite0': loadEfficientNetLite0,
  'mobilenet-v2': loadMobileNetV2,
  resnet50: loadResNet50,
  keras: loadKerasBase,
  'saved-model': loadSavedModel,
  hub: loadHub,
  glove: loadGlove,
  bert: loadBert,
};

/**
 * Reads the pretrained part of the model that is asked for; undefined for models that begin from random weights.
 * @throws DescentError `wrong-use` when the model does not fit the kind of data; `not-found` naming the file that is missing
 *   and where to put it; `bad-input` when it is damaged or of another model
 */
export async function loadBase(
  kind: DatasetKind,
  hyperparameters: Hyperparameters,
  context: BaseContext,
): Promise<Base | undefined> {
  assertFits(kind, hyperparameters.model);
  return loaders[hyperparameters.model]?.(hyperparameters, context);
}
