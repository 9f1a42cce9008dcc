import Table from 'cli-table3';
import type { Command } from 'commander';
import type { RunListing } from '../../contract/run';
import { formatNumber } from '../format';
import { withSession } from '../session';

export function addRunsCommand(program: Command): void {
  program
    .command('runs')
    .description('the library as a table')
    .option('--search <words>', 'only runs whose name, data set, tags or note hold these words', '')
    .option('--archived', 'the archived runs instead')
    .option('--json', 'print a JSON line a run')
    .action((options: { search: string; archived?: boolean }, command: Command) =>
      withSession(command, async ({ client, output, studio }) => {
        const runs = await client.call('runs.list', {
          search: options.search,
          archived: options.archived ?? false,
        });
        for (const run of runs) output.emit(run);
        if (output.json) return undefined;
        output.say(runs.length === 0 ? `No runs in ${await studio.libraryDirectory()}.` : runTable(runs));
        return undefined;
      }),
    );
}

function runTable(runs: readonly RunListing[]): string {
  const table = new Table({
    head: ['id', 'name', 'status', 'data', 'model', 'epochs', 'val_loss', 'val_accuracy'],
    colAligns: ['left', 'left', 'left', 'left', 'left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const run of runs) {
    table.push([
      run.id,
      run.name,
      run.problem ?? run.status,
      run.datasetName,
      run.model,
      `${run.progress.epoch}/${run.progress.epochs}`,
      metric(run.summary.val_loss),
      metric(run.summary.val_accuracy),
    ]);
  }
  return table.toString();
}

function metric(value: number | undefined): string {
  return value === undefined ? '' : formatNumber(value);
}
