import type { ColumnRole, DatasetOptions, DatasetSummary } from '../contract/dataset';
import { DescentError } from '../contract/errors';
import { plural } from './format';
import { ProgressLine } from './progress-line';
import type { Session } from './session';

const stageNames = {
  listing: 'Listing',
  reading: 'Reading',
  comparing: 'Comparing',
  parsing: 'Parsing',
} as const;

/** Scans a folder with a progress bar; `changes` go over the options that were remembered for it. */
export async function openDataset(
  session: Session,
  path: string,
  changes: Partial<DatasetOptions> = {},
): Promise<DatasetSummary> {
  const remembered = await scan(session, path, undefined);
  if (Object.keys(changes).length === 0) return remembered;
  refuseUnknownColumns(remembered, changes.columns ?? {});
  const options = {
    ...remembered.options,
    ...changes,
    columns: mergeColumns(remembered.options.columns, changes.columns ?? {}),
    excluded: [...new Set([...remembered.options.excluded, ...(changes.excluded ?? [])])],
  };
  return scan(session, path, options);
}

function refuseUnknownColumns({ name, table }: DatasetSummary, changes: DatasetOptions['columns']): void {
  const known = table?.columns.map((column) => column.name);
  const unknown = Object.keys(changes).find((column) => !known?.includes(column));
  if (unknown === undefined) return;
  throw new DescentError(
    'wrong-use',
    known ? `${name} has no column "${unknown}".` : `${name} is no table: it has no column "${unknown}".`,
    { remedy: known && `Its columns: ${known.join(', ')}.`, subject: unknown },
  );
}

function mergeColumns(
  before: DatasetOptions['columns'],
  changes: DatasetOptions['columns'],
): DatasetOptions['columns'] {
  const chosen = Object.values(changes);
  const passesOn = (role: ColumnRole) => (role === 'target' || role === 'weight') && chosen.includes(role);
  const kept = Object.entries(before).filter(([, role]) => !passesOn(role));
  return { ...Object.fromEntries(kept), ...changes };
}

async function scan(
  { client, interruption }: Session,
  path: string,
  options: DatasetOptions | undefined,
): Promise<DatasetSummary> {
  const line = new ProgressLine();
  try {
    for await (const event of client.listen('data.open', { path, options }, { signal: interruption })) {
      if (event.type === 'summary') return event.summary;
      line.update(stageNames[event.stage], event.done, event.total);
    }
  } finally {
    line.clear();
  }
  throw new DescentError('cancelled', `The scan of ${path} was interrupted.`);
}

/** What was found, in a line. */
export function describeDataset(summary: DatasetSummary): string {
  const noun = { images: 'picture', table: 'row', texts: 'text' }[summary.kind];
  const classes =
    summary.task === 'regression'
      ? `a number to predict${summary.table?.target === undefined ? '' : ` (${summary.table.target})`}`
      : plural(summary.classes.length, 'class', 'classes');
  const weights = summary.table?.weights;
  const weighted = weights === undefined ? '' : `, weighted by ${weights}`;
  const { train, validation, test } = summary.splits;
  const splits = [`${train} train`, `${validation} validation`, ...(test > 0 ? [`${test} test`] : [])].join(
    ', ',
  );
  return `${summary.name}: ${plural(summary.exampleCount, noun)}, ${classes}${weighted} (${splits})`;
}
