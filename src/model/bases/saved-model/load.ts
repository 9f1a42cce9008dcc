import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { DescentError } from '../../../contract/errors';
import type { Hyperparameters } from '../../../contract/hyperparameters';
import { writeFileAtomically } from '../../../files/node/atomic';
import type { Base, BaseContext } from '../base';
import { basesDirectoryName, keepInCache } from './keep';
import { LoadedSavedModel } from './loaded-saved-model';
import { SavedModelBase } from './saved-model-base';

/** Where the SavedModel takes pictures of any size, as most of Hub's were trained. */
const usualSide = 224;

/**
 * The base in the SavedModel folder that `base` names.
 * @throws DescentError `not-found` when there is none, `bad-input` when it is damaged, `unsupported` when it takes no pictures or
 *   without the native engine
 */
export async function loadSavedModel(
  { base, imageSize }: Hyperparameters,
  context: BaseContext,
): Promise<Base> {
  requirePlace('saved-model', base, 'the folder of a SavedModel');
  requireNativeEngine();
  const directory = await keepFolder(base, context);
  return savedModelBase(directory, base, imageSize);
}

export function requirePlace(model: string, base: string, what: string): void {
  if (base === '')
    throw new DescentError('wrong-use', `The model "${model}" needs a place: ${what}.`, {
      subject: 'base',
      remedy: `Name it: --model ${model}:PLACE, or the setting "base".`,
    });
}

/** @throws DescentError `unsupported` on the WebAssembly engine */
export function requireNativeEngine(): void {
  if (tf.getBackend() !== 'tensorflow')
    throw new DescentError('unsupported', 'SavedModels run on the native engine only, and it is not here.', {
      remedy: 'Run descent doctor, which says how to get it, or choose a base that is made of layers.',
    });
}

/** @param source what the person named, for errors of later years */
export async function savedModelBase(directory: string, source: string, imageSize: number): Promise<Base> {
  const loaded = await LoadedSavedModel.open(directory);
  const { height: ownHeight, width: ownWidth, channels, dtype, target } = loaded.pictures;
  const height = ownHeight ?? (imageSize || usualSide);
  const width = ownWidth ?? (imageSize || usualSide);
  const outputShape = await loaded.outputShape(height, width);
  return {
    pictures: { height, width, channels },
    apply(pixels, _, layers) {
      // Hub's pictures are numbers from 0 to 1.
      const input =
        dtype === 'float32' ? (layers.rescaling(1 / 255).apply(pixels) as tf.SymbolicTensor) : pixels;
      const layer = new SavedModelBase({
        name: layers.nextName('saved_model'),
        sha256: loaded.sha256,
        directory: { name: directory },
        source: { name: source },
        signature: { name: target.name },
        outputShape,
      });
      return layer.apply(input) as tf.SymbolicTensor;
    },
  };
}

const placeRecord = z.object({ place: z.string(), directory: z.string() });

/**
 * The folder's copy in the cache. A run that is resumed goes on with the one that it began with, though the folder may be gone
 * or changed.
 */
async function keepFolder(
  place: string,
  { cacheDirectory, weights, onProgress }: BaseContext,
): Promise<string> {
  const name = createHash('sha256').update(place).digest('hex').slice(0, 40);
  const record = join(cacheDirectory, basesDirectoryName, 'places', `${name}.json`);
  if (weights === 'later') {
    const known = await readFile(record, 'utf8')
      .then((text) => placeRecord.safeParse(JSON.parse(text)).data?.directory)
      .catch(() => undefined);
    if (known !== undefined && (await isThere(known))) return known;
  }
  onProgress('reading the base', 0, 1);
  // Before anything is copied: what can't be used is told.
  await LoadedSavedModel.open(place);
  const directory = await keepInCache(place, cacheDirectory);
  await writeFileAtomically(record, JSON.stringify({ place, directory }));
  onProgress('reading the base', 1, 1);
  return directory;
}

async function isThere(directory: string): Promise<boolean> {
  return readFile(join(directory, 'saved_model.pb')).then(
    () => true,
    () => false,
  );
}
