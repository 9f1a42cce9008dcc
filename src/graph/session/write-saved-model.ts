import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDirectoryAtomically } from '../../files/node/atomic';
import { encodeSavedModel, type Saver } from '../encoding/saved-model';
import type { GraphSession } from './session';

/**
 * Writes the session's graph, signatures and the variables' values of now as a SavedModel that TensorFlow, TensorFlow
 * Serving and the converters load. `saver` comes from `addSaver`, called before the session was loaded.
 */
export async function writeSavedModel(session: GraphSession, saver: Saver, directory: string): Promise<void> {
  await writeDirectoryAtomically(directory, async (temporary) => {
    await mkdir(join(temporary, 'variables'), { recursive: true });
    session.fetch(saver.save, [[saver.fileName, join(temporary, 'variables', 'variables')]]);
    await writeFile(join(temporary, 'saved_model.pb'), encodeSavedModel(session.graph, saver));
  });
}
