import { CommanderError } from 'commander';
import { exitStatusFor } from './exit-status';
import { sayError } from './output';
import { createProgram } from './program';

async function main(): Promise<void> {
  try {
    await createProgram().parseAsync();
  } catch (error) {
    // Commander has said what is wrong with the words of the command itself.
    if (!(error instanceof CommanderError)) sayError(error);
    process.exitCode = exitStatusFor(error);
  }
  // A handle that somebody forgot must not keep the terminal waiting; all that was said is written.
  process.exit();
}

void main();
