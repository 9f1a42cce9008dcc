import { type HyperparameterName, hyperparameterFields } from '../../../../src/contract/hyperparameters';
import type { RunListing } from '../../../../src/contract/run';
import type { CellValue } from '../../../components/table';
import { formatDuration, formatExact, formatMoment, formatNumber } from '../../../format/numbers';
import type { Filterable } from './filter';

export interface RunColumn {
  key: string;
  /** A metric, a setting, or something that every run has. */
  kind: 'fact' | 'metric' | 'setting';
  numeric: boolean;
  value(run: RunListing): CellValue;
  format(run: RunListing): string;
  hint?: string;
}

/** Facts by their key in the catalogue (`runs.list.<key>`). */
export const factKeys = ['status', 'time', 'created', 'dataset', 'epochs', 'steps', 'tags'] as const;
export type FactKey = (typeof factKeys)[number];

const facts: Record<FactKey, Omit<RunColumn, 'key' | 'kind'>> = {
  status: { numeric: false, value: (run) => run.status, format: (run) => run.status },
  time: {
    numeric: true,
    value: (run) => run.progress.trainingSeconds,
    format: (run) => (run.progress.trainingSeconds > 0 ? formatDuration(run.progress.trainingSeconds) : '–'),
  },
  created: { numeric: true, value: (run) => run.created, format: (run) => formatMoment(run.created) },
  dataset: { numeric: false, value: (run) => run.datasetName, format: (run) => run.datasetName },
  epochs: {
    numeric: true,
    value: (run) => run.progress.epoch,
    format: (run) => `${run.progress.epoch} / ${run.progress.epochs}`,
  },
  steps: {
    numeric: true,
    value: (run) => run.progress.step,
    format: (run) => formatNumber(run.progress.step),
  },
  tags: { numeric: false, value: (run) => run.tags.join(', '), format: (run) => run.tags.join(', ') },
};

const settingsByName = new Map(hyperparameterFields.map((field) => [field.name as string, field]));

/** A column by its key: a fact, a setting of the schema, else a metric of the summaries. */
export function columnOf(key: string): RunColumn {
  const fact = facts[key as FactKey];
  if (fact) return { key, kind: 'fact', ...fact };
  const field = settingsByName.get(key);
  if (field) {
    const name = key as HyperparameterName;
    const value = (run: RunListing) => run.hyperparameters[name];
    return {
      key,
      kind: 'setting',
      numeric: field.type === 'number' || field.type === 'integer',
      value: (run) => {
        const found = value(run);
        return typeof found === 'boolean' ? String(found) : found;
      },
      format: (run) => {
        const found = value(run);
        return typeof found === 'number' ? formatExact(found) : String(found ?? '') || '–';
      },
      hint: [field.description, field.keras].filter(Boolean).join(' · '),
    };
  }
  return {
    key,
    kind: 'metric',
    numeric: true,
    value: (run) => run.summary[key],
    format: (run) => formatNumber(run.summary[key]),
  };
}

/** Metrics that any of the runs has, validation first. */
export function metricKeys(runs: readonly RunListing[]): string[] {
  const keys = new Set<string>();
  for (const run of runs) for (const key of Object.keys(run.summary)) keys.add(key);
  return [...keys].sort(
    (left, right) =>
      Number(right.startsWith('val_')) - Number(left.startsWith('val_')) || left.localeCompare(right),
  );
}

export const settingKeys: readonly string[] = hyperparameterFields.map((field) => field.name);

/** Names that people use for a column in a filter, beside its key. */
const aliases: Record<string, string> = {
  lr: 'learningRate',
  batch: 'batchSize',
  data: 'dataset',
  tag: 'tags',
  seconds: 'time',
  id: 'id',
};
for (const { keras, name } of hyperparameterFields) {
  if (!keras || !/^\w+$/.test(keras)) continue;
  // Several settings may be one thing to Keras: the one that is called like it goes before.
  if (keras.replaceAll('_', '').toLowerCase() === name.toLowerCase()) aliases[keras.toLowerCase()] = name;
  else aliases[keras.toLowerCase()] ??= name;
}

const lowerSettings = new Map(settingKeys.map((key) => [key.toLowerCase(), key]));

/** The column that a name in a filter means; undefined when there is none. */
export function resolveName(name: string, metrics: ReadonlySet<string>): string | undefined {
  if (metrics.has(name) || name in facts || settingsByName.has(name)) return name;
  const lower = name.toLowerCase();
  if (lower === 'name' || lower === 'note' || lower === 'kind' || lower === 'task' || lower === 'model')
    return lower;
  if (lower in facts) return lower;
  return aliases[lower] ?? lowerSettings.get(lower);
}

/** A run as a filter sees it. */
export function filterable(run: RunListing, metrics: ReadonlySet<string>): Filterable {
  return {
    text: [run.name, run.id, run.datasetName, run.model, run.status, run.note, ...run.tags]
      .join('\n')
      .toLowerCase(),
    value: (name) => {
      const key = resolveName(name, metrics);
      if (key === undefined) return undefined;
      if (
        key === 'name' ||
        key === 'note' ||
        key === 'kind' ||
        key === 'task' ||
        key === 'model' ||
        key === 'id'
      )
        return run[key];
      return columnOf(key).value(run) ?? undefined;
    },
  };
}
