import type { Command } from 'commander';
import type { ColumnSummary, DatasetSummary, Spread } from '../../contract/dataset';
import { formatBytes, formatNumber, plural } from '../format';
import { addDatasetFlags, parseChanges } from '../hyperparameter-flags';
import { describeDataset, openDataset } from '../open-dataset';
import { personPath } from '../paths';
import { withSession } from '../session';
import { textTable } from '../text-table';

export function addDataCommand(program: Command): void {
  addDatasetFlags(
    program
      .command('data')
      .description('what was found in the folder, and what is wrong with it')
      .argument('<dir>', 'a folder of data, or a CSV or TSV file'),
  )
    .option('--json', 'print the summary as one JSON object')
    .action((directory: string, options: Record<string, unknown>, command: Command) =>
      withSession(command, async (session) => {
        const summary = await openDataset(session, personPath(directory), parseChanges(options).dataset);
        session.output.emit(summary);
        if (!session.output.json) for (const line of describe(summary)) session.output.say(line);
        return undefined;
      }),
    );
}

function describe(summary: DatasetSummary): string[] {
  const lines = [`${describeDataset(summary)}, ${formatBytes(summary.bytes)}`, `in ${summary.path}`];
  if (summary.images && summary.exampleCount > 0) {
    const { width, height, formats, grayscale } = summary.images;
    const names = formats.map(({ format, count }) => `${format} ${count.toLocaleString('en-US')}`).join(', ');
    lines.push(`${grayscale ? 'grey' : 'colour'}, width ${range(width)}, height ${range(height)}; ${names}`);
  }
  if (summary.texts) lines.push(`words ${range(summary.texts.words)}`);
  if (summary.classes.length > 0) lines.push(classTable(summary));
  if (summary.table) lines.push(columnTable(summary.table.columns));
  if (summary.findings.length === 0) lines.push('Nothing is wrong with it.');
  for (const finding of summary.findings) {
    lines.push(`${finding.severity}: ${finding.message}`);
    for (const file of finding.files.slice(0, 5)) lines.push(`    ${file}`);
    const more = finding.fileCount - Math.min(5, finding.files.length);
    if (finding.files.length > 0 && more > 0)
      lines.push(`    and ${plural(more, 'more', 'more')} (--json names them)`);
  }
  return lines;
}

function range(spread: Spread): string {
  return spread.minimum === spread.maximum
    ? formatNumber(spread.minimum)
    : `${formatNumber(spread.minimum)} to ${formatNumber(spread.maximum)} (median ${formatNumber(spread.median)})`;
}

function classTable({ classes }: DatasetSummary): string {
  const counts = ['examples', 'train', 'validation', 'test'].map((title) => ({
    title,
    align: 'right' as const,
  }));
  return textTable(
    [{ title: 'class' }, ...counts],
    classes.map(({ name, count, train, validation, test }) => [name, count, train, validation, test]),
  );
}

function columnTable(columns: readonly ColumnSummary[]): string {
  return textTable(
    [
      { title: 'column' },
      { title: 'role' },
      { title: 'missing', align: 'right' },
      { title: 'distinct', align: 'right' },
      { title: 'values' },
    ],
    columns.map((column) => [column.name, column.role, column.missing, column.distinct, valuesOf(column)]),
  );
}

function valuesOf({ values, minimum, maximum }: ColumnSummary): string {
  if (values) {
    const first = values.slice(0, 4).map(({ value }) => value);
    return first.join(', ') + (values.length > first.length ? ', …' : '');
  }
  return minimum === undefined || maximum === undefined
    ? ''
    : `${formatNumber(minimum)} to ${formatNumber(maximum)}`;
}
