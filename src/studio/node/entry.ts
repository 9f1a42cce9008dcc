import { join } from 'node:path';
import { serveUntrusted } from '../../channel/node/guarded-transport';
import { openFramePipe } from '../../channel/node/launcher';
import { PipeMultiplexer } from '../../channel/node/pipe-transport';
import { applicationVersion } from '../../files/node/application-directory';
import { createStudio } from './create-studio';
import { standardErrorLogger } from './logger';

/** The studio's process behind a shell: it serves every connection on the frame pipe and ends with that pipe. */
async function main(): Promise<void> {
  // Ctrl-C reaches every process of the terminal; the shell decides what becomes of the jobs.
  process.on('SIGINT', () => {});
  const studio = createStudio({
    engineEntry: process.env.DESCENT_ENGINE_ENTRY || join(__dirname, 'engine.cjs'),
    version: applicationVersion(),
    logger: standardErrorLogger(),
    warm: true,
  });
  const pipe = openFramePipe();
  const multiplexer = new PipeMultiplexer(pipe);
  multiplexer.onConnection = (_connection, transport) => serveUntrusted(transport, studio.handlers);
  const left = new Promise<void>((resolve) => {
    multiplexer.onClose = resolve;
    process.once('SIGTERM', resolve);
  });
  await Promise.race([left, studio.ended]);
  // Jobs that still run write a checkpoint; after `studio.quit` there are none.
  await studio.close({ jobs: 'interrupt' });
  // Answers that are still on their way out, that of `studio.quit` among them, arrive before the end does.
  if (!pipe.destroyed) await new Promise<void>((resolve) => pipe.end(resolve));
  process.exit(0);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
