import { type Command, Option } from 'commander';
import { exportFormat } from '../../contract/export';
import { exitStatus } from '../exit-status';
import { formatBytes } from '../format';
import { personPath } from '../paths';
import { ProgressLine } from '../progress-line';
import { withSession } from '../session';

export function addExportCommand(program: Command): void {
  program
    .command('export')
    .description('carry a trained model away')
    .argument('<run>', "a run's id or name")
    .addOption(
      new Option('--format <format>', 'format to write').choices(exportFormat.options).makeOptionMandatory(),
    )
    .option('--out <dir>', "where to (default: exports/ in the run's folder)")
    .option('--json', 'print the result as one JSON object')
    .action((idOrName: string, options: { format: string; out?: string }, command: Command) =>
      withSession(command, async ({ studio, client, output, interruption }) => {
        const run = await studio.resolveRun(idOrName);
        const line = new ProgressLine();
        const question = {
          run,
          format: exportFormat.parse(options.format),
          out: options.out === undefined ? undefined : personPath(options.out),
        };
        let passed = false;
        for await (const event of client.listen('export.start', question, { signal: interruption })) {
          if (event.type === 'progress') {
            line.update(event.stage, event.done, event.total);
            continue;
          }
          line.clear();
          const { result } = event;
          passed = result.parity.passed;
          output.emit(result);
          output.say(`${result.format}: ${formatBytes(result.bytes)} in ${result.path}`);
          output.say(
            `Checked with ${result.parity.runtime} on ${result.parity.examples} examples: largest difference ` +
              `${result.parity.largestDifference.toExponential(1)}, ${passed ? 'within' : 'above'} the tolerance ` +
              `of ${result.parity.tolerance.toExponential(0)}.`,
          );
        }
        return passed ? exitStatus.done : exitStatus.failed;
      }),
    );
}
