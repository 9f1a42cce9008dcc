import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it, vi } from 'vitest';
import { exitStatusFor } from '../../../src/cli/exit-status';
import { formatBytes, formatDuration, formatNumber, plural } from '../../../src/cli/format';
import { addHyperparameterFlags, parseChanges } from '../../../src/cli/hyperparameter-flags';
import { splitModelPlace } from '../../../src/cli/model-place';
import { sparkline } from '../../../src/cli/sparkline';
import { DescentError } from '../../../src/contract/errors';

function changesOf(...words: string[]) {
  const command = addHyperparameterFlags(new Command()).exitOverride();
  command.parse(words, { from: 'user' });
  return parseChanges(command.opts());
}

describe('hyper-parameter flags', () => {
  it('turns flags and --set into typed hyper-parameters', () => {
    const { hyperparameters } = changesOf(
      ...'--epochs 3 --batch-size 64 --learning-rate 1e-2 --set flipLeftRight=true --set optimizer=sgd'.split(
        ' ',
      ),
      ...['--set', 'label-smoothing=0.1'],
    );
    expect(hyperparameters).toEqual({
      epochs: 3,
      batchSize: 64,
      learningRate: 0.01,
      flipLeftRight: true,
      optimizer: 'sgd',
      labelSmoothing: 0.1,
    });
  });

  it('takes a text with equals signs and commas, and says what is wrong with one', () => {
    const text = 'conv2d*=0, dense=0.1';
    expect(changesOf('--set', `layerLearningRates=${text}`).hyperparameters).toEqual({
      layerLearningRates: text,
    });
    expect(() => changesOf('--set', 'layerLearningRates=conv2d*')).toThrow(
      'layerLearningRates can\'t be "conv2d*": "conv2d*" is no layer=factor',
    );
  });

  it('makes the path of a base absolute from where the person stands, and leaves an address alone', () => {
    vi.stubEnv('INIT_CWD', resolve('/data/pets'));
    expect(changesOf('--set', 'base=models/base.h5').hyperparameters).toEqual({
      base: resolve('/data/pets/models/base.h5'),
    });
    expect(changesOf('--set', 'base=https://tfhub.dev/google/x/4').hyperparameters).toEqual({
      base: 'https://tfhub.dev/google/x/4',
    });
    expect(splitModelPlace('keras:base.h5', ['keras'])).toEqual({
      model: 'keras',
      base: resolve('/data/pets/base.h5'),
    });
    expect(splitModelPlace('keras:~/base.h5', ['keras']).base).toBe(join(homedir(), 'base.h5'));
    expect(splitModelPlace('hub:https://tfhub.dev/a/4', ['hub'])).toEqual({
      model: 'hub',
      base: 'https://tfhub.dev/a/4',
    });
    expect(splitModelPlace('keras', ['keras'])).toEqual({ model: 'keras' });
    expect(() => splitModelPlace('keras:', ['keras'])).toThrow('names no place');
    vi.unstubAllEnvs();
  });

  it('turns --weights into the column of weights', () => {
    for (const words of [
      ['--weights', 'mass'],
      ['--set', 'data.weights=mass'],
      ['--set', 'data.column.mass=weight'],
    ])
      expect(changesOf(...words).dataset).toEqual({ columns: { mass: 'weight' } });
  });

  it('turns --profile into a window of steps', () => {
    expect(changesOf('--profile', '500,520').hyperparameters).toEqual({
      profileFirstStep: 500,
      profileSteps: 21,
    });
    expect(changesOf('--profile', '7, 7').hyperparameters).toEqual({ profileFirstStep: 7, profileSteps: 1 });
  });

  it.each([
    ['500', 'it names no two steps'],
    ['a,b', 'it names no two steps'],
    ['0,5', 'steps are counted from 1'],
    ['20,10', 'the last step comes before the first'],
    ['1,501', 'these are 501 steps'],
    ['999999998,999999999', 'no run has so many steps'],
  ])('refuses --profile %s: %s', (window, why) => {
    expect(() => changesOf('--profile', window)).toThrow(new RegExp(why));
  });

  it('turns --target, --ignore and --set data.* into options of the data set', () => {
    const { dataset } = changesOf(
      ...'--target price --ignore id --ignore name --set data.column.zip=categorical'.split(' '),
      ...'--set data.validationFraction=0.3 --set data.exclude=a/1.png --set data.exclude=b=2.png'.split(' '),
    );
    expect(dataset).toEqual({
      columns: { price: 'target', id: 'ignored', name: 'ignored', zip: 'categorical' },
      validationFraction: 0.3,
      excluded: ['a/1.png', 'b=2.png'],
    });
  });

  it.each([
    ['--epochs', '0'],
    ['--epochs', 'ten'],
    ['--epochs', ''],
    ['--model', 'resnet-9000'],
    ['--model', 'small-cnn:base.h5'],
    ['--set', 'model=mlp:base.h5'],
    ['--set', 'learningrte=1'],
    ['--set', 'dropout'],
    ['--set', 'dropout=2'],
    ['--set', 'flipLeftRight=maybe'],
    ['--set', 'data.task=guessing'],
    ['--set', 'data.validationFraction=2'],
    ['--set', 'data.unheard=1'],
  ])('refuses %s %s as wrong use', (...words) => {
    try {
      changesOf(...words);
    } catch (error) {
      expect(error).toBeInstanceOf(DescentError);
      expect(exitStatusFor(error)).toBe(2);
      return;
    }
    expect.unreachable();
  });
});

describe('words for people', () => {
  it('draws a falling loss as a falling line and marks what is not finite', () => {
    expect(sparkline([4, 3, 2, 1])).toBe('█▆▃▁');
    expect(sparkline([1, Number.NaN, 0])).toBe('█!▁');
    expect(sparkline([2, 2])).toBe('▁▁');
    expect(sparkline([])).toBe('');
    expect(sparkline(Array.from({ length: 1000 }, (_, index) => index))).toHaveLength(24);
  });

  it('writes numbers, sizes and times as people read them', () => {
    expect(formatNumber(0.98765)).toBe('0.9877');
    expect(formatNumber(1234567)).toBe('1,234,567');
    expect(formatNumber(0.0000123)).toBe('1.230e-5');
    expect(formatBytes(999)).toBe('999 bytes');
    expect(formatBytes(1_250_000)).toBe('1.19 MiB');
    expect(formatBytes(1023 * 1024)).toBe('1023 KiB');
    expect(formatDuration(4.26)).toBe('4.3 s');
    expect(formatDuration(3725)).toBe('1 h 2 min');
    expect(plural(1, 'file')).toBe('1 file');
    expect(plural(1204, 'file')).toBe('1,204 files');
  });
});
