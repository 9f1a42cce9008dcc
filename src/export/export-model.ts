import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DescentError } from '../contract/errors';
import type { ExportFormat, ExportResult } from '../contract/export';
import { writeFileAtomically } from '../files/node/atomic';
import { savedModelsIn } from '../model/bases/saved-model/keep';
import { readProofInputs } from './held-out';
import { checkTfjs } from './tfjs/check-tfjs';
import { readModelJson, writeTfjs } from './tfjs/write-tfjs';

export interface ExportRequest {
  runDirectory: string;
  format: ExportFormat;
  /** The folder that the export becomes. */
  out: string;
  cacheDirectory: string;
  signal?: AbortSignal;
}

export interface ExportProgress {
  type: 'progress';
  stage: 'writing' | 'checking';
  done: number;
  total: number;
}

/** Examples that the proof runs through both models. */
const proofExamples = 256;

/** The proof, beside the exported files. */
export const reportFileName = 'parity.json';

/**
 * Writes a run's best model in a format and proves it: the exported files answer held-out examples as the trained model
 * does. The report is kept beside them.
 * @throws DescentError when there is no model, `out` can't be written, or the data set is gone
 */
export async function exportModel(
  request: ExportRequest,
  onProgress: (progress: ExportProgress) => void,
): Promise<ExportResult> {
  const { runDirectory, format, out, cacheDirectory, signal } = request;
  if (format !== 'tfjs') {
    throw new DescentError('unsupported', `Descent can't write the format "${format as string}" yet.`, {
      remedy: 'Choose tfjs.',
    });
  }
  const modelDirectory = join(runDirectory, 'model');
  const { metadata, text } = await readModelJson(modelDirectory);
  refuseSavedModels(text);
  onProgress({ type: 'progress', stage: 'writing', done: 0, total: 1 });
  const examples = await readProofInputs(runDirectory, metadata.input, {
    limit: proofExamples,
    cacheDirectory,
    signal,
  });
  await refuseForeignFolder(out);
  await writeTfjs(modelDirectory, out).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof DescentError || error.code === undefined) throw error;
    throw new DescentError('io', `The export can't be written to ${out}: ${error.message}.`, {
      remedy: 'Name a folder where you may write, on a disk with room.',
      subject: out,
      cause: error,
    });
  });
  onProgress({ type: 'progress', stage: 'writing', done: 1, total: 1 });
  const parity = await checkTfjs(modelDirectory, out, metadata, examples, {
    signal,
    onProgress: (done, total) => onProgress({ type: 'progress', stage: 'checking', done, total }),
  });
  await writeFileAtomically(join(out, reportFileName), `${JSON.stringify(parity, null, 2)}\n`);
  const files = await listFiles(out);
  return {
    format,
    path: out,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    created: new Date().toISOString(),
    files,
    parity,
  };
}

/** Whoever waits for the proof of an export that can't be shall know before. */
function refuseSavedModels(modelJson: string): void {
  const [base] = savedModelsIn(JSON.parse(modelJson));
  if (!base) return;
  throw new DescentError(
    'unsupported',
    `This model can't be exported to TF.js: it is built on a SavedModel (${base.source.name}), a graph of TensorFlow's own operations, of which a TF.js layers model can hold none.`,
    {
      subject: base.source.name,
      remedy: 'Train on a base that is made of layers, such as efficientnet-lite0 or mobilenet-v2.',
    },
  );
}

/** An export replaces the folder whole, so it must be new, empty, or an earlier export. */
async function refuseForeignFolder(out: string): Promise<void> {
  const names = await readdir(out).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw new DescentError('io', `${out} can't be used for an export (${error.code}).`, {
      subject: out,
      cause: error,
    });
  });
  if (names.length === 0 || (names.includes('model.json') && names.includes('page.js'))) return;
  throw new DescentError('bad-input', `${out} holds other files, which an export would replace.`, {
    subject: out,
    remedy: 'Name a folder that is new or empty.',
  });
}

async function listFiles(folder: string): Promise<{ name: string; bytes: number }[]> {
  const names = (await readdir(folder)).sort();
  return Promise.all(names.map(async (name) => ({ name, bytes: (await stat(join(folder, name))).size })));
}
