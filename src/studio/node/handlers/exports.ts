import { isAbsolute, join } from 'node:path';
import { EventQueue } from '../../../channel/common/event-queue';
import { DescentError } from '../../../contract/errors';
import type { StudioStreams } from '../../../contract/studio';
import type { StudioContext } from '../context';
import type { StreamHandlers } from '../dispatch';
import { rememberExport } from '../runs/exports';

type ExportEvent = StudioStreams['export.start']['event'];

export function exportStreams(context: StudioContext): Pick<StreamHandlers, 'export.start'> {
  const { library, engines, runNews, cacheDirectory } = context;
  return {
    'export.start': async function* ({ run, format, out }, signal) {
      if (out !== undefined && !isAbsolute(out)) {
        throw new DescentError('wrong-use', `"${out}" is no absolute path.`, { subject: out });
      }
      const runDirectory = (await library()).directoryOf(run);
      const question = {
        runDirectory,
        format,
        out: out ?? join(runDirectory, 'exports', format),
        cacheDirectory,
      };
      const queue = new EventQueue<ExportEvent>(signal);
      const exporting = engines.use(async (engine) => {
        for await (const event of engine.client.listen('model.export', question, { signal })) {
          if (event.type === 'done') await rememberExport(runDirectory, event.result);
          queue.push(event);
        }
      });
      exporting.then(
        () => queue.end(),
        (error: unknown) => queue.fail(error),
      );
      yield* queue;
      runNews.tell(run);
    },
  };
}
