import { serveChannel } from '../channel/common/channel';
import { openFramePipe } from '../channel/node/launcher';
import { pipeTransport } from '../channel/node/pipe-transport';
import { Engine } from './engine-handlers';
import { type LoadedBackend, loadBackend } from './native/backend';
import { warmUp } from './warm-up';

async function prepareBackend(): Promise<LoadedBackend> {
  const backend = await loadBackend('auto');
  await warmUp();
  return backend;
}

/** The engine's process: loads TensorFlow at once, answers on the frame pipe, and ends with it, a checkpoint before. */
function main(): void {
  // Ctrl-C reaches every process of the terminal; the studio decides what becomes of the job.
  process.on('SIGINT', () => {});
  const backend = prepareBackend();
  // Told to whoever asks: `engine.describe` and jobs wait for it.
  backend.catch(() => {});
  const engine = new Engine(backend);
  const transport = pipeTransport(openFramePipe());
  serveChannel(transport, engine);
  const abortAll = transport.onClose;
  const end = async () => {
    await engine.end();
    process.exit(0);
  };
  transport.onClose = () => {
    abortAll();
    void end();
  };
  process.once('SIGTERM', () => void end());
}

main();
