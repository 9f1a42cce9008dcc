import type { TaskKind } from '../../../src/contract/dataset';
import {
  fineTunedPresets,
  type HyperparameterField,
  type HyperparameterName,
  type Hyperparameters,
  hyperparameters,
} from '../../../src/contract/hyperparameters';

export type FieldProblem = { kind: 'not-a-number'; text: string } | { kind: 'out-of-range' };

/** What a person typed, as the field's value; or why it is none. */
export function readNumber(
  field: HyperparameterField,
  text: string,
): { value: number; problem?: undefined } | { value?: undefined; problem: FieldProblem } {
  // A decimal comma is understood; digits are not grouped in inputs.
  const value = text.trim() === '' ? Number.NaN : Number(text.trim().replace(',', '.'));
  if (!Number.isFinite(value)) return { problem: { kind: 'not-a-number', text } };
  const inRange =
    (field.type !== 'integer' || Number.isInteger(value)) &&
    (field.minimum === undefined || value >= field.minimum) &&
    (field.maximum === undefined || value <= field.maximum) &&
    (field.exclusiveMinimum === undefined || value > field.exclusiveMinimum);
  return inRange ? { value } : { problem: { kind: 'out-of-range' } };
}

/** What a person wrote, or why the field can't be that. */
export function readText(
  field: HyperparameterField,
  text: string,
): { value: string; problem?: undefined } | { value?: undefined; problem: string } {
  const result = hyperparameters.shape[field.name].safeParse(text.trim());
  return result.success
    ? { value: result.data as string }
    : { problem: result.error.issues[0]?.message ?? field.description };
}

/** Key and values of the sentence that tells a field's range (`train.ranges.*`). */
export function describeRange(field: HyperparameterField): { key: string; values: Record<string, number> } {
  const { minimum, maximum, exclusiveMinimum } = field;
  if (exclusiveMinimum !== undefined && maximum !== undefined)
    return { key: 'above', values: { minimum: exclusiveMinimum, maximum } };
  if (minimum !== undefined && maximum !== undefined)
    return { key: field.type === 'integer' ? 'integerBetween' : 'between', values: { minimum, maximum } };
  if (minimum !== undefined)
    return { key: field.type === 'integer' ? 'integerFrom' : 'from', values: { minimum } };
  return { key: 'number', values: {} };
}

/** One step of the arrow keys: a whole one for counts, the next 1-2-5 value for rates. */
export function stepValue(field: HyperparameterField, value: number, direction: 1 | -1): number {
  if (field.type === 'integer') return clamp(field, value + direction);
  const isShare = field.maximum !== undefined && field.maximum <= 1 && field.minimum === 0;
  if (isShare) return clamp(field, Math.round((value + direction * 0.05) * 1e6) / 1e6);
  if (value <= 0) return clamp(field, direction > 0 ? 0.001 : value);
  const exponent = Math.floor(Math.log10(value) + 1e-9);
  const ladder = [-1, 0, 1].flatMap((shift) =>
    [1, 2, 5].map((digit) => Number(`${digit}e${exponent + shift}`)),
  );
  const next =
    direction > 0
      ? ladder.find((candidate) => candidate > value * 1.0001)
      : [...ladder].reverse().find((candidate) => candidate < value * 0.9999);
  return clamp(field, next ?? value);
}

function clamp(field: HyperparameterField, value: number): number {
  const raised = field.minimum === undefined ? value : Math.max(field.minimum, value);
  return field.maximum === undefined ? raised : Math.min(field.maximum, raised);
}

/** Of all phases. */
export function epochsOf({ model, epochs, fineTuneEpochs }: Hyperparameters): number {
  return fineTunedPresets.includes(model) ? epochs + fineTuneEpochs : epochs;
}

/** Epochs of fine-tuning without a layer to fine-tune: such a run would be refused. */
export function lacksFineTunedLayers({ model, fineTuneEpochs, fineTuneLayers }: Hyperparameters): boolean {
  return fineTunedPresets.includes(model) && fineTuneEpochs > 0 && fineTuneLayers === 0;
}

const augmentations = [
  'flipLeftRight',
  'brightness',
  'contrast',
  'rotation',
  'zoom',
  'crop',
] as const satisfies readonly HyperparameterName[];

/** Whether the task or other settings leave this one without effect (momentum under Adam, decay under a constant rate). */
export function isIdle(name: HyperparameterName, values: Hyperparameters, task: TaskKind): boolean {
  switch (name) {
    case 'classWeights':
    case 'labelSmoothing':
      return task === 'regression';
    case 'dropout':
      return values.model === 'linear' || (values.model === 'mlp' && values.hiddenLayers === 0);
    case 'featureVariants':
      return !augmentations.some((augmentation) => Boolean(values[augmentation]));
    case 'momentum':
      return !['momentum', 'nesterov'].includes(values.optimizer);
    case 'clipValue':
      return values.clipNorm > 0;
    case 'huberDelta':
      return values.loss !== 'huber';
    case 'decayEpochs':
    case 'decayRate':
      return !['step', 'exponential'].includes(values.schedule);
    case 'fineTuneLayers':
    case 'fineTuneLearningRate':
      return values.fineTuneEpochs === 0;
    case 'profileSteps':
      return values.profileFirstStep === 0;
    default:
      return false;
  }
}
