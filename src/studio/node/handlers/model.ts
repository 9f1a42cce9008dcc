import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { DescentError } from '../../../contract/errors';
import { modelMetadata } from '../../../contract/metadata';
import type { StudioContext } from '../context';
import type { CallHandlers } from '../dispatch';

const modelFile = z.object({ userDefinedMetadata: z.object({ descent: modelMetadata }) });

type ModelHandlers = Pick<CallHandlers, 'model.predict' | 'model.describe'>;

export function modelHandlers({ library, engines }: StudioContext): ModelHandlers {
  return {
    'model.describe': async ({ run }) => {
      const path = join((await library()).directoryOf(run), 'model', 'model.json');
      const text = await readFile(path, 'utf8').catch((cause: unknown) => {
        throw new DescentError('not-found', 'This run has no trained model yet.', {
          subject: path,
          remedy: 'The model is kept from the end of the first epoch on.',
          cause,
        });
      });
      const parsed = modelFile.safeParse(JSON.parse(text));
      if (!parsed.success) {
        throw new DescentError('bad-input', `${path} was not written by Descent.`, { subject: path });
      }
      return { metadata: parsed.data.userDefinedMetadata.descent };
    },
    'model.predict': async ({ run, inputs }, signal) => {
      for (const input of inputs) {
        if (input.type === 'file' && !isAbsolute(input.path)) {
          throw new DescentError('wrong-use', `"${input.path}" is no absolute path.`, {
            subject: input.path,
          });
        }
      }
      const runDirectory = (await library()).directoryOf(run);
      return engines.use((engine) =>
        engine.client.call('model.predict', { runDirectory, inputs }, { signal }),
      );
    },
  };
}
