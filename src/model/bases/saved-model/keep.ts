import { constants } from 'node:fs';
import { copyFile, link, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { DescentError } from '../../../contract/errors';
import { writeDirectoryAtomically } from '../../../files/node/atomic';
import { withLock } from '../../../files/node/lock';
import { hashSavedModel, savedModelFiles } from './folder-hash';
import { LoadedSavedModel } from './loaded-saved-model';

/** Where SavedModels lie beside the model that uses them, and in the cache. */
export const basesDirectoryName = 'bases';
/** Where a run can't share the cache's files, up to so many bytes are copied into it. */
const largestCopy = 256 * 1024 * 1024;

const folderName = (sha256: string) => sha256.slice(0, 40);

/** Copies a SavedModel into the cache, by its hash; gives the folder there. */
export async function keepInCache(directory: string, cacheDirectory: string): Promise<string> {
  const sha256 = await hashSavedModel(directory);
  const target = join(cacheDirectory, basesDirectoryName, folderName(sha256));
  if (target === directory) return target;
  return withLock(target, async () => {
    if ((await hashOf(target)) !== sha256)
      await writeDirectoryAtomically(target, (temporary) => copyFiles(directory, temporary, 'copy'));
    return target;
  });
}

/** Undefined when there is nothing that could be a SavedModel. */
async function hashOf(directory: string): Promise<string | undefined> {
  try {
    return (await savedModelFiles(directory)).length > 0 ? await hashSavedModel(directory) : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function copyFiles(from: string, to: string, how: 'copy' | 'link'): Promise<void> {
  for (const file of await savedModelFiles(from)) {
    const target = join(to, file);
    await mkdir(dirname(target), { recursive: true });
    if (how === 'link') await link(join(from, file), target);
    else await copyFile(join(from, file), target, constants.COPYFILE_FICLONE);
  }
}

/**
 * Puts the SavedModel of a model beside it, in `bases/` of its folder: shared with the cache where the disk is the same, else
 * copied unless it is large. Without it, the model looks for it in the cache.
 */
export async function keepBesideModel(modelDirectory: string, sha256: string): Promise<void> {
  const loaded = LoadedSavedModel.find(sha256);
  if (!loaded) return;
  const target = join(modelDirectory, basesDirectoryName, folderName(sha256));
  try {
    await copyFiles(loaded.directory, target, 'link');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    // Another disk, or one without links.
    const files = await savedModelFiles(loaded.directory);
    const sizes = await Promise.all(
      files.map(async (file) => (await stat(join(loaded.directory, file))).size),
    );
    if (sizes.reduce((sum, size) => sum + size, 0) <= largestCopy)
      await copyFiles(loaded.directory, target, 'copy');
  }
}

const savedBase = z.object({
  sha256: z.string(),
  directory: z.object({ name: z.string() }),
  source: z.object({ name: z.string() }),
});

/** Settings of the SavedModels that a saved layers model uses. */
export function savedModelsIn(topology: unknown): z.infer<typeof savedBase>[] {
  if (typeof topology !== 'object' || topology === null) return [];
  if ('class_name' in topology && topology.class_name === 'SavedModelBase' && 'config' in topology)
    return [savedBase.parse(topology.config)];
  return Object.values(topology).flatMap(savedModelsIn);
}

/**
 * Opens the SavedModels that a saved layers model uses, so that it can be loaded.
 * @throws DescentError `not-found` when one is gone, `bad-input` when it is another one than it was
 */
export async function openSavedModels(topology: unknown, modelDirectory: string): Promise<void> {
  for (const { sha256, directory, source } of savedModelsIn(topology)) {
    const places = [join(modelDirectory, basesDirectoryName, folderName(sha256)), directory.name];
    await openFirst(places, sha256, source.name);
  }
}

async function openFirst(places: readonly string[], sha256: string, source: string): Promise<void> {
  let changed: string | undefined;
  for (const place of places) {
    const found = await hashOf(place);
    if (found === sha256) {
      await LoadedSavedModel.open(place);
      return;
    }
    if (found !== undefined) changed ??= place;
  }
  const remedy = `Put the files of ${source} into ${places[0]}: saved_model.pb and variables/.`;
  if (changed !== undefined)
    throw new DescentError(
      'bad-input',
      `The SavedModel in ${changed} is another one than the model was trained on.`,
      {
        subject: changed,
        remedy,
      },
    );
  throw new DescentError(
    'not-found',
    `The SavedModel that the model is built on (${source}) is gone: it is neither in ${places.join(' nor in ')}.`,
    { subject: source, remedy },
  );
}
