import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { DescentError } from '../../contract/errors';
import { applicationDirectory } from '../../files/node/application-directory';
import { withSession } from '../session';

/** `descent` alone and `descent --web`: the studio in the browser. */
export function addOpenAction(program: Command): void {
  program
    .option('--web', 'open the studio in the browser')
    .option('--port <port>', 'port of the studio in the browser (default: any free one)', parsePort)
    .option('--no-browser', 'only print the address')
    .allowExcessArguments()
    .action((options: { port?: number; browser: boolean }, command: Command) => {
      const [unknown] = command.args;
      if (unknown !== undefined) {
        throw new DescentError('wrong-use', `There is no command "${unknown}".`, {
          remedy: `Commands: ${program.commands.map((known) => known.name()).join(', ')}.`,
          subject: unknown,
        });
      }
      return withSession(
        command,
        async ({ studio, output, interruption }) => {
          const { startWebHost } = await import('../../web/web-host');
          const host = await startWebHost({
            handlers: studio.handlers,
            rendererDirectory: join(applicationDirectory(), 'out', 'renderer'),
            port: options.port,
            openBrowser: options.browser,
          });
          output.say(`Descent is at ${host.url}`);
          output.say('Ctrl-C ends it; jobs that run then write a checkpoint and can be resumed.');
          await Promise.race([studio.ended, aborted(interruption)]);
          await host.close();
          return undefined;
        },
        { warm: true },
      );
    });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port < 65_536) return port;
  throw new InvalidArgumentError('A port is a number from 0 to 65535.');
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
