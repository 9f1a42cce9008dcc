import type { Command } from 'commander';
import type { RunListing } from '../../contract/run';
import { formatNumber } from '../format';
import { withSession } from '../session';
import { textTable } from '../text-table';

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
  return textTable(
    [
      { title: 'id' },
      { title: 'name' },
      { title: 'status' },
      { title: 'data' },
      { title: 'model' },
      { title: 'epochs', align: 'right' },
      { title: 'val_loss', align: 'right' },
      { title: 'val_accuracy', align: 'right' },
    ],
    runs.map((run) => [
      run.id,
      run.name,
      run.problem ?? run.status,
      run.datasetName,
      run.model,
      `${run.progress.epoch}/${run.progress.epochs}`,
      metric(run.summary.val_loss),
      metric(run.summary.val_accuracy),
    ]),
  );
}

function metric(value: number | undefined): string {
  return value === undefined ? '' : formatNumber(value);
}
