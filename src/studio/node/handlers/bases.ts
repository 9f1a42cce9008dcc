import { EventQueue } from '../../../channel/common/event-queue';
import { basePacks, packNamed } from '../../../contract/base-packs';
import type { StudioStreams } from '../../../contract/studio';
import { isPackInstalled, packDirectory } from '../../../files/node/pack-directory';
import { installPack } from '../bases/install-pack';
import type { StudioContext } from '../context';
import type { CallHandlers, StreamHandlers } from '../dispatch';

type InstallEvent = StudioStreams['bases.install']['event'];

export function baseHandlers({ cacheDirectory }: StudioContext): Pick<CallHandlers, 'bases.list'> {
  return {
    'bases.list': async () => ({
      packs: basePacks.map(({ name, model, description, licence, wheel }) => ({
        name,
        model,
        description,
        licence,
        bytes: wheel.bytes,
        path: isPackInstalled(cacheDirectory, name) ? packDirectory(cacheDirectory, name) : null,
      })),
    }),
  };
}

export function baseStreams({ cacheDirectory }: StudioContext): Pick<StreamHandlers, 'bases.install'> {
  return {
    'bases.install': async function* ({ name }, signal) {
      const queue = new EventQueue<InstallEvent>(signal);
      const onProgress = (stage: string, done: number, total: number) =>
        queue.push({ type: 'progress', stage, done, total });
      installPack(packNamed(name)!, { cacheDirectory, onProgress, signal }).then(
        (path) => {
          queue.push({ type: 'done', path });
          queue.end();
        },
        (error: unknown) => queue.fail(error),
      );
      yield* queue;
    },
  };
}
