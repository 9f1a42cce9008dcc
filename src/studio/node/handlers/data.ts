import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { EventQueue } from '../../../channel/common/event-queue';
import { DescentError } from '../../../contract/errors';
import type { StudioStreams } from '../../../contract/studio';
import { proposeHyperparameters } from '../../../dataset/common/proposal';
import { loadPicture } from '../../../dataset/node/decode';
import type { Dataset } from '../../../dataset/node/example-table';
import { listExamples } from '../../../dataset/node/list-examples';
import { writeSample } from '../../../dataset/node/samples';
import { applicationDirectory } from '../../../files/node/application-directory';
import { confine } from '../../../files/node/confine';
import type { StudioContext } from '../context';
import { browse } from '../data/browse';
import { folderPath } from '../data/dataset-cache';
import type { CallHandlers, StreamHandlers } from '../dispatch';

type DataCalls = Pick<
  CallHandlers,
  | 'data.recent'
  | 'data.forget'
  | 'data.setOptions'
  | 'data.examples'
  | 'data.thumbnails'
  | 'data.preview'
  | 'data.proposal'
  | 'data.browse'
>;

export function dataHandlers({ recent, datasets, thumbnails }: StudioContext): DataCalls {
  return {
    'data.recent': () => recent.list(),
    'data.forget': ({ path }) => recent.forget(folderPath(path)),
    'data.setOptions': async ({ path, options }) => {
      await recent.setOptions(folderPath(path), options);
      datasets.drop(path);
      return { options };
    },
    'data.examples': async ({ path, ...question }) => listExamples(await datasets.get(path), question),
    'data.thumbnails': async ({ path, files, size }) => {
      const dataset = await datasets.get(path);
      return {
        thumbnails: await Promise.all(
          files.map(async (file) => ({ file, ...(await thumbnails.get(fileIn(dataset, file), size)) })),
        ),
      };
    },
    'data.preview': async ({ path, file, height, width, channels }) => {
      const dataset = await datasets.get(path);
      const shape = { height, width, channels };
      return { ...shape, pixels: await loadPicture(fileIn(dataset, file), shape, file) };
    },
    'data.proposal': async ({ path, model }) =>
      proposeHyperparameters((await datasets.get(path)).summary, model),
    'data.browse': ({ path }) => browse(path),
  };
}

type SampleEvent = StudioStreams['data.sample']['event'];
type OpenEvent = StudioStreams['data.open']['event'];

export function dataStreams(context: StudioContext): Pick<StreamHandlers, 'data.open' | 'data.sample'> {
  const { datasets, library } = context;
  return {
    'data.open': (params, signal) =>
      eventsOf<OpenEvent>(signal, async (push) => {
        const { path, options, fresh } = params;
        const { summary } = await datasets.open(path, { options, fresh, signal, onProgress: push });
        push({ type: 'summary', summary });
      }),
    'data.sample': (params, signal) =>
      eventsOf<SampleEvent>(signal, async (push) => {
        const directory =
          params.path ?? join(dirname((await library()).directory), 'Descent samples', params.name);
        const path = resolve(homedir(), directory);
        await writeSample(params.name, path, {
          signal,
          resourcesDir: join(applicationDirectory(), 'resources'),
          onProgress: (progress) => push({ type: 'progress', ...progress }),
        });
        push({ type: 'done', path });
      }),
  };
}

/** The events that an action pushes until it ends. */
async function* eventsOf<Event>(
  signal: AbortSignal,
  action: (push: (event: Event) => void) => Promise<void>,
): AsyncGenerator<Event> {
  const queue = new EventQueue<Event>(signal);
  action((event) => queue.push(event)).then(
    () => queue.end(),
    (error: unknown) => queue.fail(error),
  );
  yield* queue;
}

/** The absolute path of a file of the data set. */
function fileIn({ examples }: Dataset, file: string): string {
  if (examples.kind === 'table') {
    throw new DescentError('wrong-use', `${examples.root} is a table; it has no file "${file}".`, {
      subject: file,
    });
  }
  return confine(examples.root, file);
}
