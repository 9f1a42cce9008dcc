import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DescentError } from '../../contract/errors';

/** Where Keras keeps what it downloads: `~/.keras/models`, or `models` in KERAS_HOME. */
export function kerasModelsDirectory(): string {
  return join(process.env.KERAS_HOME || join(homedir(), '.keras'), 'models');
}

/** Where Keras gets such a file from. */
export interface KnownWeights {
  /** File names, the best one first. */
  files: readonly string[];
  /** The folder of the address from which Keras downloads them. */
  address: string;
  /** What downloads them in Python. */
  keras: string;
}

/**
 * The first of the files that stands in Keras' folder.
 * @throws DescentError `not-found` naming the file and where to put it
 */
export async function findKerasWeights(
  model: string,
  { files, address, keras }: KnownWeights,
): Promise<string> {
  const directory = kerasModelsDirectory();
  for (const file of files) {
    const path = join(directory, file);
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  const wanted = files[0]!;
  throw new DescentError('not-found', `The pretrained weights of ${model} are not on this computer.`, {
    subject: join(directory, wanted),
    remedy: `Put ${wanted} into ${directory}: it is at ${address}${wanted}, and ${keras} in Python puts it there. Or choose efficientnet-lite0, which comes with Descent.`,
  });
}
