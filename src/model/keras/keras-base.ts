import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DescentError } from '../../contract/errors';
import type { Hyperparameters } from '../../contract/hyperparameters';
import { writeFileAtomically } from '../../files/node/atomic';
import type { Base, BaseContext } from '../bases/base';
import { outputLayerNames } from '../build-model';
import { pixelModeOf, pixelWords, preprocessingName, preprocessPixels } from './base-pixels';
import { cutTop } from './cut-top';
import { badKerasFile } from './damaged';
import type { Hdf5File } from './hdf5-file';
import { openKerasFile } from './keras-file';
import { assignWeights } from './load-weights';
import { architectureOf, buildArchitecture, inputsOf, type KerasArchitecture } from './read-model';
import { snapshotOf } from './weights-snapshot';

/** In the run: the base's architecture, so that a run goes on without the file that it began from. */
const keptFileName = 'keras-base.json';

/**
 * A Keras model of the person's own as the frozen base of pictures' models: `.h5` or `.keras`, without its classifier.
 * @throws DescentError `wrong-use` without a file; `not-found`; `bad-input` naming file and layer for what is damaged,
 *   unknown, or takes no pictures
 */
export async function loadKerasBase(hyperparameters: Hyperparameters, context: BaseContext): Promise<Base> {
  const { base: file, baseOutput, basePixels } = hyperparameters;
  if (file === '')
    throw new DescentError('wrong-use', 'The model "keras" is read from a file, and none is named.', {
      subject: 'base',
      remedy: 'Name a whole Keras model: --model keras:model.keras, or the setting base.',
    });
  const { architecture, weights } = await read(file, context);
  const inputs = inputsOf(architecture);
  const [input] = inputs;
  if (!input || inputs.length > 1 || input.shape.length !== 3)
    throw badKerasFile(
      file,
      `its model takes ${inputs.map(({ shape }) => `[${shape.map((side) => side ?? '?').join(', ')}]`).join(' and ')}, not one picture`,
    );
  const [height, width, channels] = input.shape;
  if (channels !== 1 && channels !== 3)
    throw badKerasFile(
      file,
      `its model takes pictures of ${channels ?? 'any number of'} channels, not 1 or 3`,
    );
  const cut = cutTop(architecture, baseOutput);
  const proposed = pixelModeOf(architecture.model);
  const mode = basePixels === 'auto' ? proposed.mode : basePixels;
  if (channels === 1 && (mode === 'caffe' || mode === 'torch'))
    throw new DescentError(
      'wrong-use',
      `${file} takes grey pictures; basePixels ${mode} is for coloured ones.`,
      {
        subject: 'basePixels',
      },
    );
  if (weights) {
    context.onNotice?.(
      cut.left.length === 0
        ? `All layers of ${file} are the base, up to ${cut.features.layer}.`
        : `The base is ${file} up to its layer ${cut.features.layer}; left out: ${cut.left.join(', ')}. The setting baseOutput names another layer.`,
    );
    context.onNotice?.(
      `Its pixels are ${pixelWords[mode]}${basePixels === 'auto' ? `, because ${proposed.reason}; the setting basePixels says otherwise` : ''}.`,
    );
  }
  return {
    pictures: {
      ...(height ? { height } : {}),
      ...(width ? { width } : {}),
      channels,
    },
    apply(pixels) {
      const start = preprocessPixels(pixels, mode);
      const own = preprocessingName(mode);
      const taken = [...namesOfTheRest, ...(own === undefined ? [] : [own])];
      const built = buildArchitecture(architecture, [start], taken, [cut.features]);
      if (weights) assignWeights(weights, built.owners, true);
      const features = built.outputs[0]!;
      if (features.shape.length !== 4 && features.shape.length !== 2)
        throw badKerasFile(
          file,
          `its layer ${cut.features.layer} gives [${features.shape.map((side) => side ?? '?').join(', ')}], neither maps nor a row of features`,
          'Name another layer with baseOutput.',
        );
      return features;
    },
  };
}

/** Layers that the run's model has beside the base. */
const namesOfTheRest = ['input_1', 'grey_to_rgb', ...Object.values(outputLayerNames)];

interface ReadBase {
  architecture: KerasArchitecture;
  /** Absent: a checkpoint gives them. */
  weights?: Hdf5File;
}

async function read(file: string, { weights: wanted, runDirectory }: BaseContext): Promise<ReadBase> {
  const kept = runDirectory === undefined ? undefined : join(runDirectory, keptFileName);
  if (wanted === 'later' && kept !== undefined) {
    const architecture = await readKept(kept, file);
    if (architecture) return { architecture };
  }
  const { weights, config, kerasVersion } = await openKerasFile(file);
  try {
    const architecture = architectureOf(file, config, kerasVersion);
    if (wanted === 'later') return { architecture };
    const snapshot = snapshotOf(weights);
    if (kept !== undefined)
      await writeFileAtomically(kept, JSON.stringify({ kerasVersion, config: architecture.json }));
    return { architecture, weights: snapshot };
  } finally {
    weights.close();
  }
}

async function readKept(path: string, file: string): Promise<KerasArchitecture | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const { kerasVersion, config } = JSON.parse(text) as { kerasVersion: 2 | 3; config: string };
  return architectureOf(file, config, kerasVersion);
}
