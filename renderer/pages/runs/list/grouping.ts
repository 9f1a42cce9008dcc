import type { RunListing } from '../../../../src/contract/run';

export const groupings = ['none', 'dataset', 'model', 'status', 'tag'] as const;
export type Grouping = (typeof groupings)[number];

export type TableItem =
  | { type: 'group'; key: string; name: string; count: number; open: boolean }
  | { type: 'run'; key: string; run: RunListing };

/** Rows of the table in order: the runs, under a heading a group. A run with several tags stands under its first. */
export function tableItems(
  runs: readonly RunListing[],
  by: Grouping,
  closed: ReadonlySet<string>,
  untagged: string,
): TableItem[] {
  const asRun = (run: RunListing): TableItem => ({ type: 'run', key: run.id, run });
  if (by === 'none') return runs.map(asRun);
  const groups = new Map<string, RunListing[]>();
  for (const run of runs) {
    const name = nameOf(run, by) ?? untagged;
    const group = groups.get(name);
    if (group) group.push(run);
    else groups.set(name, [run]);
  }
  return [...groups].flatMap(([name, members]) => {
    const open = !closed.has(name);
    const head: TableItem = { type: 'group', key: `group:${name}`, name, count: members.length, open };
    return open ? [head, ...members.map(asRun)] : [head];
  });
}

function nameOf(run: RunListing, by: Exclude<Grouping, 'none'>): string | undefined {
  if (by === 'dataset') return run.datasetName;
  if (by === 'model') return run.model;
  if (by === 'status') return run.status;
  return run.tags[0];
}
