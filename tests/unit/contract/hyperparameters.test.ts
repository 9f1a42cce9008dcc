import { describe, expect, it } from 'vitest';
import { hyperparameterFields, hyperparameters, relevantFields } from '../../../src/contract/hyperparameters';

describe('hyper-parameters', () => {
  it('have a default within their own range, and a sentence each', () => {
    for (const field of hyperparameterFields) {
      expect(hyperparameters.shape[field.name].safeParse(field.default).success, field.name).toBe(true);
      expect(field.description, field.name).toMatch(/\.$/);
    }
  });

  it('refuse what is out of range, by name', () => {
    const result = hyperparameters.safeParse({ learningRate: -1, epochs: 1.5 });
    expect(result.error?.issues.map((issue) => issue.path[0])).toEqual(['epochs', 'learningRate']);
  });

  it('show a kind of data and a preset only what they use', () => {
    const names = relevantFields('table', 'mlp').map((field) => field.name);
    expect(names).toContain('hiddenLayers');
    expect(names).not.toContain('flipLeftRight');
    expect(names).not.toContain('vocabularySize');
  });
});
