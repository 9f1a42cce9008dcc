import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DescentError } from '../../../contract/errors';
import type { Hyperparameters } from '../../../contract/hyperparameters';
import { removeStalePartials, writeFileAtomically } from '../../../files/node/atomic';
import { withLock } from '../../../files/node/lock';
import type { Base, BaseContext } from '../base';
import { hashSavedModel } from '../saved-model/folder-hash';
import { keepInCache } from '../saved-model/keep';
import { loadSavedModel, requireNativeEngine, requirePlace, savedModelBase } from '../saved-model/load';
import { LoadedSavedModel } from '../saved-model/loaded-saved-model';
import { download, hashFile } from './download';
import { type HubAddress, hubAddress, isAddress } from './hub-address';
import { findSavedModel, unpack } from './unpack';

const largestArchive = 4 * 1024 ** 3;
/** Another Descent may be downloading the same. */
const patience = 60 * 60_000;

/**
 * The base that `base` names: an address of TensorFlow Hub or Kaggle (downloaded once, and kept), a downloaded .tar.gz, or an unpacked
 * folder. Nothing is asked of the network but an address that was given, and where it redirects to.
 * @throws DescentError as `loadSavedModel`, `download` and `unpack` do; offline, it names the file and where to put it
 */
export async function loadHub(hyperparameters: Hyperparameters, context: BaseContext): Promise<Base> {
  const { base, imageSize } = hyperparameters;
  requirePlace('hub', base, 'an address of TensorFlow Hub or Kaggle, a .tar.gz, or the unpacked folder');
  requireNativeEngine();
  if (isAddress(base)) return savedModelBase(await fromAddress(base, context), base, imageSize);
  const found = await stat(base).catch(() => undefined);
  if (!found)
    throw new DescentError('not-found', `There is nothing at ${base}.`, {
      subject: base,
      remedy: 'Name an address (https://...), a downloaded .tar.gz, or an unpacked folder.',
    });
  if (found.isFile()) return savedModelBase(await fromArchive(base, context), base, imageSize);
  return loadSavedModel(hyperparameters, context);
}

const record = z.object({
  place: z.string(),
  /** Of the archive. */
  sha256: z.string(),
  directory: z.string(),
  /** Of the unpacked files. */
  contents: z.string(),
});

function hubDirectory(cacheDirectory: string): string {
  return join(cacheDirectory, 'hub');
}

/** What was unpacked before, if it is still what it was. */
async function known(path: string, sha256: string | undefined): Promise<string | undefined> {
  try {
    const found = record.parse(JSON.parse(await readFile(path, 'utf8')));
    if (sha256 !== undefined && found.sha256 !== sha256) return undefined;
    return (await hashSavedModel(found.directory)) === found.contents ? found.directory : undefined;
  } catch {
    // Not there, or cut off: made anew.
    return undefined;
  }
}

async function fromAddress(place: string, context: BaseContext): Promise<string> {
  const address = hubAddress(place);
  const directory = hubDirectory(context.cacheDirectory);
  const path = join(directory, `${address.key}.json`);
  const archive = join(directory, `${address.key}.tar.gz`);
  await mkdir(directory, { recursive: true });
  return withLock(
    path,
    async () => {
      const kept = await known(path, address.sha256);
      if (kept !== undefined) return kept;
      await getArchive(address, archive, context);
      const result = await unpackIntoCache(archive, context);
      await writeFileAtomically(path, JSON.stringify({ place, ...result }));
      await rm(archive, { force: true });
      return result.directory;
    },
    { patience },
  );
}

/** Downloads it, unless somebody put the file there. */
async function getArchive(address: HubAddress, archive: string, context: BaseContext): Promise<void> {
  const { handle, sha256 } = address;
  const there = await stat(archive).catch(() => undefined);
  if (there) {
    if (sha256 === undefined || (await hashFile(archive)) === sha256) return;
    throw new DescentError('bad-input', `${archive} has another checksum than ${handle} should have.`, {
      subject: archive,
      remedy: 'Remove the file, or put the right one there.',
    });
  }
  const stage = `downloading ${new URL(handle).hostname} (KB)`;
  try {
    await download(address.download, archive, {
      sha256,
      largestBytes: largestArchive,
      signal: context.signal,
      onProgress: (done, total) =>
        context.onProgress(stage, Math.round(done / 1000), Math.round(total / 1000)),
    });
  } catch (error) {
    if (!(error instanceof DescentError) || (error.code !== 'io' && error.code !== 'not-found')) throw error;
    throw new DescentError(error.code, error.message, {
      subject: handle,
      remedy: `Without a network: download ${address.download} elsewhere, put the file there as ${archive}, and start again; or choose it by --model hub:FILE.tar.gz.`,
      cause: error,
    });
  }
}

async function fromArchive(archive: string, context: BaseContext): Promise<string> {
  const directory = hubDirectory(context.cacheDirectory);
  await mkdir(directory, { recursive: true });
  const sha256 = await hashFile(archive);
  const path = join(directory, `${sha256.slice(0, 40)}.json`);
  return withLock(
    path,
    async () => {
      const kept = await known(path, sha256);
      if (kept !== undefined) return kept;
      const result = await unpackIntoCache(archive, context);
      await writeFileAtomically(path, JSON.stringify({ place: archive, ...result }));
      return result.directory;
    },
    { patience },
  );
}

/** A damaged or hostile archive leaves nothing. */
async function unpackIntoCache(archive: string, context: BaseContext) {
  const { cacheDirectory, onProgress } = context;
  onProgress('unpacking the base', 0, 1);
  const sha256 = await hashFile(archive);
  // By the name that those of dead processes are known and removed by.
  const name = `.archive.${process.pid}.${randomBytes(6).toString('hex')}.partial`;
  const temporary = join(hubDirectory(cacheDirectory), name);
  await removeStalePartials(hubDirectory(cacheDirectory));
  await mkdir(temporary);
  try {
    await unpack(archive, temporary);
    const found = await findSavedModel(temporary);
    await LoadedSavedModel.open(found);
    const directory = await keepInCache(found, cacheDirectory);
    onProgress('unpacking the base', 1, 1);
    return { sha256, directory, contents: await hashSavedModel(directory) };
  } catch (error) {
    const damaged = error instanceof DescentError && error.code === 'bad-input';
    if (damaged && archive.startsWith(hubDirectory(cacheDirectory))) await rm(archive, { force: true });
    throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
