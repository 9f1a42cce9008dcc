import { describe, expect, it } from 'vitest';
import { hyperparameters } from '../../../src/contract/hyperparameters';
import type { Run } from '../../../src/contract/run';
import { threadsOf } from '../../../src/studio/node/engines/threads';

function question(settings: Record<string, unknown>, kind: 'images' | 'table' | 'texts', train: number) {
  return {
    configuration: { hyperparameters: hyperparameters.parse(settings) },
    dataset: { kind, train },
  } as Pick<Run, 'configuration' | 'dataset'>;
}

describe('The threads of a run', () => {
  it.each([
    ['long runs of small steps take one', { model: 'mlp', batchSize: 256, epochs: 20 }, 'table', 50_000, 1],
    ['short runs take the engine that stands ready', { model: 'mlp', epochs: 10 }, 'table', 150, undefined],
    [
      'large steps are shared',
      { model: 'mlp', batchSize: 4096, hiddenUnits: 512, epochs: 90 },
      'table',
      1e6,
      undefined,
    ],
    ['so are pictures', { model: 'small-cnn', epochs: 90 }, 'images', 50_000, undefined],
    ['and recurrent layers', { model: 'text-lstm', epochs: 90 }, 'texts', 50_000, undefined],
    ['words in a bag are small', { model: 'text-bag', epochs: 10 }, 'texts', 50_000, 1],
    ['what is asked for is taken', { model: 'small-cnn', threads: 3 }, 'images', 10, 3],
  ] as const)('%s', (_, settings, kind, train, wanted) => {
    expect(threadsOf(question(settings, kind, train))).toBe(wanted);
  });
});
