import { readFile } from 'node:fs/promises';
import { DescentError } from '../../contract/errors';
import { badKerasFile, otherFile } from './damaged';
import { type Hdf5File, isHdf5, openHdf5 } from './hdf5-file';
import { isZip, readKerasArchive } from './keras-archive';
import { checkKnownFile } from './known-files';

/** A Keras file in memory. `weights` has to be closed. */
export interface KerasFile {
  weights: Hdf5File;
  /** The model's configuration as JSON; undefined: weights only. */
  config: string | undefined;
  /** Of the Keras that wrote it; 2 when it says nothing. */
  kerasVersion: 2 | 3;
}

function majorVersion(text: string | undefined): 2 | 3 {
  return /(^|")3\./.test(text ?? '') ? 3 : 2;
}

/**
 * Reads a `.h5`, `.weights.h5` or `.keras` file; what it is, its bytes say and not its name.
 * @throws DescentError `not-found` without it, `bad-input` naming it when it is damaged or something else
 */
export async function openKerasFile(file: string): Promise<KerasFile> {
  const bytes = await bytesOf(file);
  checkKnownFile(file, bytes);
  if (isZip(bytes)) {
    const archive = await readKerasArchive(bytes, file);
    return {
      weights: await openHdf5(archive.weights, file),
      config: archive.config,
      kerasVersion: majorVersion(archive.metadata),
    };
  }
  if (!isHdf5(bytes)) {
    throw badKerasFile(
      file,
      bytes.length === 0 ? 'it is empty' : `it is neither HDF5 nor a .keras file${lookOf(bytes)}`,
      otherFile,
    );
  }
  const weights = await openHdf5(bytes, file);
  try {
    return {
      weights,
      config: weights.text('', 'model_config'),
      kerasVersion: majorVersion(weights.text('', 'keras_version')),
    };
  } catch (error) {
    weights.close();
    throw error;
  }
}

async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new DescentError('not-found', `There is no file ${file}.`, { subject: file, cause });
    throw badKerasFile(
      file,
      `it can’t be read: ${code === 'EISDIR' ? 'it is a folder' : message}`,
      undefined,
      cause,
    );
  }
}

/** What people have when a download went wrong. */
function lookOf(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 200)).toString('latin1').trimStart();
  if (start.startsWith('<')) return '; it looks like a web page';
  if (start.startsWith('version https://git-lfs')) return '; it is a pointer of Git LFS to it';
  return '';
}
