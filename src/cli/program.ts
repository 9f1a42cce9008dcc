import { Command } from 'commander';
import { applicationVersion } from '../files/node/application-directory';
import { addBaseCommand } from './commands/base';
import { addDataCommand } from './commands/data';
import { addDoctorCommand } from './commands/doctor';
import { addExportCommand } from './commands/export';
import { addOpenAction } from './commands/open';
import { addPredictCommand } from './commands/predict';
import { addResumeCommand } from './commands/resume';
import { addRunsCommand } from './commands/runs';
import { addSampleCommand } from './commands/sample';
import { addTrainCommand } from './commands/train';

/** The `descent` command with all of its subcommands. */
export function createProgram(): Command {
  const program = new Command('descent')
    .description(
      'A training studio: open a folder of data, train a model natively, watch it learn, carry it away.',
    )
    .version(applicationVersion())
    .option('--library <dir>', 'folder of runs (default: Descent in the documents folder)')
    .configureOutput({ writeOut: (text) => process.stderr.write(text) })
    .showHelpAfterError('(--help lists what there is)')
    .exitOverride();
  addOpenAction(program);
  addSampleCommand(program);
  addDataCommand(program);
  addTrainCommand(program);
  addResumeCommand(program);
  addRunsCommand(program);
  addPredictCommand(program);
  addExportCommand(program);
  addBaseCommand(program);
  addDoctorCommand(program);
  for (const command of program.commands) {
    command
      .option('--library <dir>', 'folder of runs')
      .addHelpText(
        'after',
        '\nExit status: 0 done, 1 failed, 2 wrong use, 130 interrupted (after a checkpoint).',
      );
  }
  return program;
}
