import { describe, expect, it } from 'vitest';
import {
  describeRange,
  isIdle,
  readNumber,
  readText,
  stepValue,
} from '../../../renderer/pages/train/field-value';
import {
  type HyperparameterName,
  type Hyperparameters,
  hyperparameterFields,
  hyperparameters,
} from '../../../src/contract/hyperparameters';

const numeric = hyperparameterFields.filter((field) => field.type === 'integer' || field.type === 'number');
const field = (name: string) => hyperparameterFields.find((candidate) => candidate.name === name)!;

describe('what is typed into a setting', () => {
  it.each(['0', '1', '-1', '0.5', '1e-4', '65536', '65537', '1e9', '100', '100.5', '0.95', '0.96'])(
    'is taken or refused as the schema does: %s',
    (text) => {
      for (const candidate of numeric) {
        const accepted = hyperparameters.shape[candidate.name].safeParse(Number(text)).success;
        expect([candidate.name, readNumber(candidate, text).problem === undefined]).toEqual([
          candidate.name,
          accepted,
        ]);
      }
    },
  );

  it('is a number with a point or a comma, and nothing else', () => {
    expect(readNumber(field('learningRate'), ' 0,01 ')).toEqual({ value: 0.01 });
    expect(readNumber(field('learningRate'), '1e-3')).toEqual({ value: 0.001 });
    expect(readNumber(field('learningRate'), 'fast').problem).toEqual({ kind: 'not-a-number', text: 'fast' });
    expect(readNumber(field('learningRate'), '').problem?.kind).toBe('not-a-number');
    expect(readNumber(field('epochs'), '1.5').problem?.kind).toBe('out-of-range');
    expect(readNumber(field('learningRate'), '0').problem?.kind).toBe('out-of-range');
  });
});

it('takes a text as the schema does, without spaces around it', () => {
  const layers = field('layerLearningRates');
  expect(readText(layers, ' conv2d*=0, dense=0.1 ')).toEqual({ value: 'conv2d*=0, dense=0.1' });
  expect(readText(layers, '')).toEqual({ value: '' });
  expect(readText(layers, 'conv2d*').problem).toBe('"conv2d*" is no layer=factor, like conv2d*=0.');
});

it('tells the range of every numeric setting by its bounds', () => {
  expect(describeRange(field('epochs'))).toEqual({
    key: 'integerBetween',
    values: { minimum: 1, maximum: 100_000 },
  });
  expect(describeRange(field('learningRate'))).toEqual({
    key: 'above',
    values: { minimum: 0, maximum: 100 },
  });
  expect(describeRange(field('dropout'))).toEqual({ key: 'between', values: { minimum: 0, maximum: 0.95 } });
});

describe('the arrow keys', () => {
  it('go along 1, 2, 5 for rates and by one for counts', () => {
    expect([0.001, 0.002, 0.005].map((value) => stepValue(field('learningRate'), value, 1))).toEqual([
      0.002, 0.005, 0.01,
    ]);
    expect(stepValue(field('learningRate'), 0.001, -1)).toBe(0.0005);
    expect(stepValue(field('epochs'), 10, 1)).toBe(11);
    expect(stepValue(field('dropout'), 0.25, 1)).toBe(0.3);
  });

  it('never leave the range', () => {
    for (const candidate of numeric) {
      for (const direction of [1, -1] as const) {
        let value = candidate.default as number;
        for (let press = 0; press < 200; press++) {
          value = stepValue(candidate, value, direction);
          expect([
            candidate.name,
            value,
            hyperparameters.shape[candidate.name].safeParse(value).success,
          ]).toEqual([candidate.name, value, true]);
        }
      }
    }
  });
});

it('knows which settings others leave without effect', () => {
  const adam = hyperparameters.parse({});
  const idle = (name: HyperparameterName, changes: Partial<Hyperparameters> = {}) =>
    isIdle(name, { ...adam, ...changes }, 'classification');
  expect(idle('momentum')).toBe(true);
  expect(idle('momentum', { optimizer: 'nesterov' })).toBe(false);
  expect(idle('decayRate')).toBe(true);
  expect(idle('decayRate', { schedule: 'step' })).toBe(false);
  expect(idle('clipValue')).toBe(false);
  expect(idle('clipValue', { clipNorm: 1 })).toBe(true);
  expect(idle('dropout')).toBe(false);
  expect(idle('dropout', { model: 'linear' })).toBe(true);
  expect(idle('dropout', { model: 'mlp', hiddenLayers: 0 })).toBe(true);
  expect(idle('featureVariants')).toBe(true);
  expect(idle('featureVariants', { flipLeftRight: true })).toBe(false);
  expect(idle('featureVariants', { crop: 0.1 })).toBe(false);
  for (const name of ['classWeights', 'labelSmoothing'] as const) {
    expect(isIdle(name, adam, 'classification')).toBe(false);
    expect(isIdle(name, adam, 'regression')).toBe(true);
  }
  expect(idle('epochs')).toBe(false);
});
