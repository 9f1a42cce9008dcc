import { hyperparameterFields } from '../../../../src/contract/hyperparameters';
import type { RunListing } from '../../../../src/contract/run';
import { formatExact } from '../../../format/numbers';

export interface SettingDifference {
  name: string;
  keras?: string;
  first: string;
  second: string;
}

export interface MetricDifference {
  name: string;
  first: number;
  second: number;
  change: number;
}

/** Settings in which two runs differ, in the schema's order. */
export function settingDifferences(first: RunListing, second: RunListing): SettingDifference[] {
  const text = (value: unknown) =>
    typeof value === 'number'
      ? formatExact(value)
      : value === undefined || value === ''
        ? '–'
        : String(value);
  return hyperparameterFields
    .filter((field) => first.hyperparameters[field.name] !== second.hyperparameters[field.name])
    .map((field) => ({
      name: field.name,
      keras: field.keras,
      first: text(first.hyperparameters[field.name]),
      second: text(second.hyperparameters[field.name]),
    }));
}

/** Metrics that both runs have, with the change from the second to the first. */
export function metricDifferences(first: RunListing, second: RunListing): MetricDifference[] {
  return Object.keys(first.summary)
    .filter((name) => second.summary[name] !== undefined && name !== 'best_epoch')
    .sort(
      (left, right) =>
        Number(right.startsWith('val_')) - Number(left.startsWith('val_')) || left.localeCompare(right),
    )
    .map((name) => ({
      name,
      first: first.summary[name]!,
      second: second.summary[name]!,
      change: first.summary[name]! - second.summary[name]!,
    }));
}
