import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { DescentError } from '../../../contract/errors';
import { type ModelMetadata, modelMetadata } from '../../../contract/metadata';
import type { StudioContext } from '../context';
import type { CallHandlers } from '../dispatch';

type ModelCalls = Pick<CallHandlers, 'model.baseLayers' | 'model.describe' | 'model.predict'>;

const modelFile = z.object({ userDefinedMetadata: z.object({ descent: modelMetadata }) });

export function modelHandlers({ library, engines, cacheDirectory }: StudioContext): ModelCalls {
  return {
    'model.baseLayers': (params, signal) =>
      engines.use((engine) =>
        engine.client.call('model.baseLayers', { ...params, cacheDirectory }, { signal }),
      ),
    'model.describe': async ({ run }) => ({
      metadata: await readMetadata((await library()).directoryOf(run)),
    }),
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

async function readMetadata(runDirectory: string): Promise<ModelMetadata> {
  const path = join(runDirectory, 'model', 'model.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new DescentError('not-found', `The run in ${runDirectory} has no model yet.`, {
      remedy: 'A model is kept when the first epoch has ended.',
      subject: path,
    });
  }
  const parsed = modelFile.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data.userDefinedMetadata.descent;
  const issue = parsed.error.issues[0];
  throw new DescentError(
    'bad-input',
    `${path} does not say what the model takes: ${issue?.path.join('.')}: ${issue?.message}.`,
    { subject: path },
  );
}
