import type { Command } from 'commander';
import { applicationVersion } from '../files/node/application-directory';
import { connectStudio, type StudioClient } from '../studio/node/connect-studio';
import { createStudio, type Studio, type StudioOptions } from '../studio/node/create-studio';
import { standardErrorLogger } from '../studio/node/logger';
import { engineEntry } from './application';
import { exitStatus } from './exit-status';
import { createOutput, type Output } from './output';
import { personPath } from './paths';

/** What a command works with: a studio of its own in this process, and where its words go. */
export interface Session {
  studio: Studio;
  client: StudioClient;
  output: Output;
  /** Aborted by the first Ctrl-C. The second one ends the process at once. */
  interruption: AbortSignal;
}

export interface GlobalOptions {
  library?: string;
  json?: boolean;
}

/** Runs `action` with a studio and ends that studio whatever happens. The answer is the exit status (undefined: 0). */
export async function withSession(
  command: Command,
  action: (session: Session) => Promise<number | undefined>,
  { warm = false }: Pick<StudioOptions, 'warm'> = {},
): Promise<void> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const controller = new AbortController();
  const forget = onInterrupt(controller);
  const studio = createStudio({
    libraryDirectory: options.library === undefined ? undefined : personPath(options.library),
    engineEntry: engineEntry(),
    version: applicationVersion(),
    logger: standardErrorLogger(),
    warm,
  });
  const client = connectStudio(studio);
  try {
    const output = createOutput(options.json ?? false);
    process.exitCode =
      (await action({ studio, client, output, interruption: controller.signal })) ?? exitStatus.done;
  } finally {
    await studio.close({ jobs: 'interrupt' });
    client.close();
    forget();
  }
}

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function onInterrupt(controller: AbortController): () => void {
  const handle = () => {
    // The engine sees its channel close, saves a checkpoint on its own and ends.
    if (controller.signal.aborted) process.exit(exitStatus.interrupted);
    controller.abort();
  };
  for (const signal of endingSignals) process.on(signal, handle);
  return () => {
    for (const signal of endingSignals) process.off(signal, handle);
  };
}
