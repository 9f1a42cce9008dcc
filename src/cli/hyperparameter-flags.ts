import { type Command, Option } from 'commander';
import { columnRole, type DatasetOptions, datasetOptions } from '../contract/dataset';
import { DescentError } from '../contract/errors';
import {
  type HyperparameterField,
  type HyperparameterName,
  type Hyperparameters,
  type HyperparameterValue,
  hyperparameterFields,
  hyperparameters,
  maximumProfiledSteps,
  placedPresets,
} from '../contract/hyperparameters';
import { placeOf, splitModelPlace } from './model-place';

/** Those with a flag of their own; all others are given by --set. */
const flagged: readonly HyperparameterName[] = [
  'model',
  'epochs',
  'batchSize',
  'learningRate',
  'fineTuneLayers',
  'fineTuneEpochs',
  'fineTuneLearningRate',
  'seed',
];

const datasetPrefix = 'data.';

/** What flags and --set say: changes to hyper-parameters, and to how the folder is read. */
export interface Changes {
  hyperparameters: Partial<Hyperparameters>;
  dataset: Partial<DatasetOptions>;
}

/** `batchSize` -> `batch-size`. */
function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function addHyperparameterFlags(command: Command): Command {
  for (const name of flagged) {
    const field = fieldNamed(name);
    const placeholder = field.type === 'choice' ? 'name' : field.type === 'integer' ? 'n' : 'x';
    command.addOption(
      new Option(`--${kebab(name)} <${placeholder}>`, describe(field)).argParser((text) =>
        parseSetting(field, text),
      ),
    );
  }
  command.option(
    '--profile <first,last>',
    `write a trace of these steps, ${maximumProfiledSteps} at most (500,520); opens in Perfetto`,
  );
  return addDatasetFlags(command.option('--name <name>', 'name of the run in the library')).addHelpText(
    'after',
    hyperparameterHelp,
  );
}

/** What a person may say about how a folder is read. */
export function addDatasetFlags(command: Command): Command {
  return command
    .option('--target <column>', 'table: the column to be predicted')
    .option('--weights <column>', "table: the column of weights that the rows' losses are multiplied by")
    .option('--ignore <column>', 'table: a column that is left out (may be repeated)', collect)
    .option('--set <key=value>', 'any other setting by its name, see below (may be repeated)', collect)
    .addHelpText('after', datasetHelp);
}

function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}

function hyperparameterHelp(): string {
  const lines = hyperparameterFields
    .filter((field) => !flagged.includes(field.name))
    .map((field) => `  ${field.name.padEnd(22)} ${describe(field)}`);
  return `
Hyper-parameters for --set (what is not set is chosen for the folder):
${lines.join('\n')}`;
}

const datasetHelp = `
Options of the data for --set:
  data.target            table: the column to be predicted (as --target)
  data.weights           table: the column of the rows' weights (as --weights)
  data.column.<name>     table: role of a column: ${columnRole.options.join(', ')}
  data.task              table: classification or regression
  data.validationFraction, data.testFraction   share of the examples in those splits
  data.splitSeed         another division into splits
  data.exclude           a file (table: row:<n>) that is left out; may be repeated`;

function describe(field: HyperparameterField): string {
  const range =
    field.choices?.join(' | ') ??
    (field.type === 'text'
      ? `for example ${field.placeholder}`
      : field.type === 'boolean'
        ? 'true | false'
        : `${field.exclusiveMinimum === undefined ? (field.minimum ?? '') : `> ${field.exclusiveMinimum}`} to ${field.maximum ?? ''}`);
  return `${field.description} (${range})`;
}

/** @throws DescentError `wrong-use` naming the key or value at fault. */
export function parseChanges(options: Record<string, unknown>): Changes {
  const changes: Changes = { hyperparameters: {}, dataset: {} };
  const columns: DatasetOptions['columns'] = {};
  for (const name of flagged) Object.assign(changes.hyperparameters, options[name]);
  if (options.profile !== undefined)
    Object.assign(changes.hyperparameters, parseProfile(options.profile as string));
  for (const column of (options.ignore as string[] | undefined) ?? []) columns[column] = 'ignored';
  if (options.weights !== undefined) columns[options.weights as string] = 'weight';
  if (options.target !== undefined) columns[options.target as string] = 'target';
  for (const setting of (options.set as string[] | undefined) ?? []) {
    const split = setting.indexOf('=');
    if (split < 1) {
      throw new DescentError('wrong-use', `--set wants key=value, not "${setting}".`, { subject: setting });
    }
    const key = setting.slice(0, split);
    const text = setting.slice(split + 1);
    if (key.startsWith(datasetPrefix)) {
      applyDatasetSetting(changes.dataset, columns, key.slice(datasetPrefix.length), text);
    } else {
      Object.assign(changes.hyperparameters, parseSetting(fieldNamed(key), text));
    }
  }
  if (Object.keys(columns).length > 0) changes.dataset.columns = columns;
  return changes;
}

/** `500,520`: first and last step, both profiled. */
function parseProfile(text: string): Pick<Hyperparameters, 'profileFirstStep' | 'profileSteps'> {
  const refuse = (why: string) =>
    new DescentError('wrong-use', `--profile can't be "${text}": ${why}.`, {
      remedy: `Give the first and the last step, counted from 1, at most ${maximumProfiledSteps} of them: --profile 500,520.`,
      subject: 'profile',
    });
  const found = /^\s*(\d{1,9})\s*,\s*(\d{1,9})\s*$/.exec(text);
  if (!found) throw refuse('it names no two steps');
  const [first, last] = [Number(found[1]), Number(found[2])];
  if (first < 1) throw refuse('steps are counted from 1');
  if (last < first) throw refuse('the last step comes before the first');
  const steps = last - first + 1;
  if (steps > maximumProfiledSteps) throw refuse(`these are ${steps} steps`);
  const { profileFirstStep } = hyperparameters.shape;
  if (!profileFirstStep.safeParse(first).success) throw refuse('no run has so many steps');
  return { profileFirstStep: first, profileSteps: steps };
}

function applyDatasetSetting(
  changes: Partial<DatasetOptions>,
  columns: DatasetOptions['columns'],
  key: string,
  text: string,
): void {
  const candidate: Record<string, unknown> = {};
  if (key === 'target') columns[text] = 'target';
  else if (key === 'weights') columns[text] = 'weight';
  else if (key === 'exclude') changes.excluded = [...(changes.excluded ?? []), text];
  else if (key.startsWith('column.')) candidate.columns = { [key.slice('column.'.length)]: text };
  else if (key === 'task') candidate.task = text;
  else if (key === 'validationFraction' || key === 'testFraction' || key === 'splitSeed') {
    candidate[key] = Number(text);
  } else throw unknownKey(`data.${key}`);
  const result = datasetOptions.partial().safeParse(candidate);
  if (!result.success) {
    throw new DescentError(
      'wrong-use',
      `data.${key} can't be "${text}": ${result.error.issues[0]?.message ?? 'not allowed'}.`,
      { subject: `data.${key}` },
    );
  }
  for (const name of Object.keys(candidate)) {
    if (name === 'columns') Object.assign(columns, candidate.columns);
    else Object.assign(changes, { [name]: candidate[name] });
  }
}

/** One setting, or two where a model is named with its place. */
function parseSetting(field: HyperparameterField, text: string): Partial<Hyperparameters> {
  if (field.name === 'base') return { base: parseValue(field, placeOf(text)) as string };
  if (field.name !== 'model') return { [field.name]: parseValue(field, text) };
  const { model, base } = splitModelPlace(text, placedPresets);
  return {
    model: parseValue(field, model) as Hyperparameters['model'],
    ...(base === undefined ? {} : { base: parseValue(fieldNamed('base'), base) as string }),
  };
}

function parseValue(field: HyperparameterField, text: string): HyperparameterValue {
  const value =
    field.type === 'choice' || field.type === 'text'
      ? text
      : field.type === 'boolean'
        ? ({ true: true, false: false } as Record<string, boolean>)[text]
        : text.trim() === ''
          ? undefined
          : Number(text);
  const result = hyperparameters.shape[field.name].safeParse(value);
  if (value === undefined || !result.success) {
    const reason = field.type === 'text' ? `: ${result.error?.issues[0]?.message}` : '.';
    throw new DescentError('wrong-use', `${field.name} can't be "${text}"${reason}`, {
      remedy: describe(field),
      subject: field.name,
    });
  }
  return result.data as HyperparameterValue;
}

function fieldNamed(name: string): HyperparameterField {
  const field = hyperparameterFields.find(
    (candidate) => candidate.name === name || kebab(candidate.name) === name,
  );
  if (!field) throw unknownKey(name);
  return field;
}

function unknownKey(name: string): DescentError {
  return new DescentError('wrong-use', `There is no setting "${name}".`, {
    remedy: '"descent train --help" lists all of them.',
    subject: name,
  });
}
