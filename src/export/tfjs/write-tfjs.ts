import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DescentError } from '../../contract/errors';
import { type ModelMetadata, modelMetadata } from '../../contract/metadata';
import { writeDirectoryAtomically } from '../../files/node/atomic';
import { findPageDirectory, pageFiles } from './page-files';

/** The parts of a TF.js layers model.json that the export touches. */
const modelJson = z.object({
  weightsManifest: z.array(z.object({ paths: z.array(z.string()) })),
  userDefinedMetadata: z.object({ descent: modelMetadata }),
});

/** With more weights than this the page opens from a web server only: model.js would hold them again, in base64. */
const largestEmbeddedWeights = 64 * 1024 * 1024;

/** Reads what a run's model/ folder says of itself. @throws DescentError naming the file and what is wrong with it. */
export async function readModelJson(
  directory: string,
): Promise<{ text: string; weightFiles: string[]; metadata: ModelMetadata }> {
  const path = join(directory, 'model.json');
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new DescentError('not-found', `There is no trained model at ${path}.`, {
      subject: path,
      remedy: 'Let the run finish at least one epoch, or resume it.',
      cause,
    });
  });
  const parsed = modelJson.safeParse(JSON.parse(text));
  if (!parsed.success) {
    throw new DescentError(
      'bad-input',
      `${path} is not a model that Descent wrote: ${z.prettifyError(parsed.error)}`,
      {
        subject: path,
      },
    );
  }
  return {
    text,
    weightFiles: parsed.data.weightsManifest.flatMap((group) => group.paths),
    metadata: parsed.data.userDefinedMetadata.descent,
  };
}

/**
 * Writes a TF.js layers model (model.json, weights), its labels and the page that tries it out, as one folder that
 * appears whole or not at all.
 */
export async function writeTfjs(modelDirectory: string, out: string): Promise<void> {
  const page = findPageDirectory();
  const { text, weightFiles, metadata } = await readModelJson(modelDirectory);
  await writeDirectoryAtomically(out, async (folder) => {
    await writeFile(join(folder, 'model.json'), text);
    for (const file of weightFiles) await copyFile(join(modelDirectory, file), join(folder, file));
    if (metadata.labels.length > 0)
      await writeFile(join(folder, 'labels.txt'), `${metadata.labels.join('\n')}\n`);
    for (const file of pageFiles) await copyFile(join(page, file), join(folder, file));
    await writeEmbeddedModel(folder, text, weightFiles);
  });
}

async function writeEmbeddedModel(folder: string, json: string, weightFiles: string[]): Promise<void> {
  const sizes = await Promise.all(weightFiles.map(async (file) => (await stat(join(folder, file))).size));
  if (sizes.reduce((sum, size) => sum + size, 0) > largestEmbeddedWeights) return;
  const weights = Buffer.concat(await Promise.all(weightFiles.map((file) => readFile(join(folder, file)))));
  const embedded = JSON.stringify({ json, weights: weights.toString('base64') });
  await writeFile(join(folder, 'model.js'), `window.descentModel = ${embedded};\n`);
}
