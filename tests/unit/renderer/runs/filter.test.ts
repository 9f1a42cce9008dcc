import { describe, expect, it } from 'vitest';
import { filterable, metricKeys, resolveName } from '../../../../renderer/pages/runs/list/columns';
import { parseFilter } from '../../../../renderer/pages/runs/list/filter';
import { exampleRuns } from '../../../support/fixture/runs';

const runs = exampleRuns().map((run) => run.listing());
const metrics = new Set(metricKeys(runs));
function names(text: string): string[] {
  const parsed = parseFilter(text);
  if (!parsed.ok) throw new Error(`not understood: ${parsed.rest}`);
  return runs.filter((run) => parsed.filter(filterable(run, metrics))).map((run) => run.name);
}

describe('the filter of the runs', () => {
  it('looks for words in names, data sets, models, tags and notes', () => {
    expect(names('mobilenet')).toEqual(['mobilenet-like']);
    expect(names('baseline')).toEqual(['small-cnn · first']);
    expect(names('Turns dunnock')).toEqual(['small-cnn · augmented']);
    expect(names('')).toHaveLength(runs.length);
  });

  it('compares metrics and settings', () => {
    expect(names('learningRate >= .003')).toEqual(['mobilenet-like', 'small-cnn · too fast']);
    expect(names('lr = 0.003 and model = mobilenet-like')).toEqual(['mobilenet-like']);
    expect(names('batch_size > 32')).toEqual(['small-cnn · batch 64']);
    const good = runs.filter(
      (run) => (run.summary.val_accuracy ?? 0) > 0.8 && run.hyperparameters.learningRate < 0.01,
    );
    expect(names('val_accuracy > .8 and learningRate < 0.01')).toEqual(good.map((run) => run.name));
  });

  it('knows or, not, brackets and quotes', () => {
    expect(names('status=failed or status=interrupted')).toEqual(['small-cnn · too fast', 'mails']);
    expect(names('not (dataset = garden-birds) status = done')).toEqual(['digits', 'iris']);
    expect(names('name = "small-cnn · first"')).toEqual(['small-cnn · first']);
    expect(names('name ~ batch')).toEqual(['small-cnn · batch 64']);
  });

  it('finds a number by the digits that are shown', () => {
    const run = runs.find((item) => item.name === 'mobilenet-like')!;
    expect(names(`val_loss = ${run.summary.val_loss!.toPrecision(4)}`)).toEqual(['mobilenet-like']);
    expect(names('val_loss = 0.1')).toEqual([]);
  });

  it('leaves out runs that lack the value', () => {
    expect(names('no_such_metric > 0')).toEqual([]);
  });

  it('says from where on it did not understand', () => {
    expect(parseFilter('val_accuracy >')).toEqual({ ok: false, rest: '>' });
    expect(parseFilter('(status = done')).toEqual({ ok: false, rest: '(status = done' });
    expect(parseFilter('status = done )')).toEqual({ ok: false, rest: ')' });
    expect(parseFilter('and').ok).toBe(false);
    for (const text of ['"', '=', '>> <', '((((', 'not', 'a or', '!', '~~~'])
      expect(() => parseFilter(text)).not.toThrow();
  });

  it('resolves what people call a column', () => {
    expect(resolveName('LR', metrics)).toBe('learningRate');
    expect(resolveName('learning_rate', metrics)).toBe('learningRate');
    expect(resolveName('val_accuracy', metrics)).toBe('val_accuracy');
    expect(resolveName('nonsense', metrics)).toBeUndefined();
  });
});
