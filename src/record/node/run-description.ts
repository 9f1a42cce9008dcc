import {
  type HyperparameterField,
  hyperparameterFields,
  relevantFields,
} from '../../contract/hyperparameters';
import type { Run } from '../../contract/run';
import type { ExperimentDescription, HyperparameterRecord } from './hparams-encoding';

/**
 * The columns of TensorBoard's HParams table. The same for every run, since TensorBoard takes the description that it
 * finds first for a whole library.
 */
export function experimentOf(run: Run): ExperimentDescription {
  return {
    createdSeconds: Date.parse(run.created) / 1000,
    hyperparameters: [{ name: 'dataset', type: 'string' as const }, ...hyperparameterFields.map(columnOf)],
    metrics: [
      { group: 'validation', tag: 'epoch_loss', displayName: 'validation loss' },
      { group: 'validation', tag: 'epoch_accuracy', displayName: 'validation accuracy' },
      { group: 'validation', tag: 'epoch_mae', displayName: 'validation mean absolute error' },
      { group: 'train', tag: 'epoch_loss', displayName: 'training loss' },
      { group: 'train', tag: 'epoch_accuracy', displayName: 'training accuracy' },
    ],
  };
}

/** The settings that matter for the run's kind of data and model. */
export function hyperparametersOf(run: Run): HyperparameterRecord {
  const settings = run.configuration.hyperparameters;
  const record: HyperparameterRecord = { dataset: run.dataset.name };
  for (const { name } of relevantFields(run.dataset.kind, settings.model)) record[name] = settings[name];
  return record;
}

/** The configuration as a Markdown table. */
export function configurationText(run: Run): string {
  const rows: [string, string][] = [
    ['data set', `${run.dataset.name} (${run.configuration.dataset.path})`],
    ['training examples', String(run.dataset.train)],
    ['validation examples', String(run.dataset.validation)],
    ['test examples', String(run.dataset.test)],
    ...Object.entries(hyperparametersOf(run))
      .filter(([name]) => name !== 'dataset')
      .map(([name, value]): [string, string] => [name, String(value)]),
  ];
  if (run.environment) {
    const { engine, engineVersion, threads, fastMath, node, platform, descent } = run.environment;
    rows.push(['engine', `${engine} ${engineVersion}, ${threads} threads${fastMath ? ', fast math' : ''}`]);
    rows.push(['Descent', `${descent} on Node ${node}, ${platform}`]);
  }
  if (run.program) rows.push(['steps', `${run.program.compile}: ${run.program.reason}`]);
  return table(['setting', 'value'], rows);
}

/** The model's layers as a Markdown table. */
export function modelText(model: NonNullable<Run['model']>): string {
  const rows = model.layers.map((layer) => [
    layer.name,
    layer.className,
    layer.outputShape.map((size) => size ?? '?').join(' × '),
    layer.parameters.toLocaleString('en-US'),
  ]);
  const total = `${model.parameters.toLocaleString('en-US')} parameters`;
  return `${table(['layer', 'type', 'output', 'parameters'], rows)}\n\n${total}`;
}

function columnOf(field: HyperparameterField): ExperimentDescription['hyperparameters'][number] {
  const { name, description, type } = field;
  if (type === 'boolean') return { name, description, type: 'boolean', choices: [false, true] };
  if (type === 'choice') return { name, description, type: 'string', choices: field.choices };
  if (type === 'text') return { name, description, type: 'string' };
  return { name, description, type: 'number' };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replace(/[|\\]/g, '\\$&').replace(/\s+/g, ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
