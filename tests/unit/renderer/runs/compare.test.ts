import { describe, expect, it } from 'vitest';
import { metricDifferences, settingDifferences } from '../../../../renderer/pages/runs/compare/differences';
import { rankCorrelation } from '../../../../renderer/pages/runs/compare/rank-correlation';
import { tableItems } from '../../../../renderer/pages/runs/list/grouping';
import { bestOf, isBetter, mainMetric } from '../../../../renderer/pages/runs/metrics';
import { exampleRuns } from '../../../support/fixture/runs';

const runs = exampleRuns().map((run) => run.listing());
const named = (name: string) => runs.find((run) => run.name === name)!;

describe('what changed between two runs', () => {
  it('names the settings that differ, and no other', () => {
    const found = settingDifferences(named('mobilenet-like'), named('small-cnn · first'));
    expect(found.map((item) => item.name)).toEqual(['model', 'learningRate']);
    expect(found[1]).toMatchObject({ first: '0.003', second: '0.001', keras: 'learning_rate' });
    expect(settingDifferences(runs[0]!, runs[0]!)).toEqual([]);
  });

  it('gives the change of the metrics that both have', () => {
    const [first, second] = [named('mobilenet-like'), named('small-cnn · first')];
    const found = metricDifferences(first, second);
    expect(found[0]!.name).toBe('val_accuracy');
    expect(found[0]!.change).toBeCloseTo(first.summary.val_accuracy! - second.summary.val_accuracy!, 12);
    expect(found.some((item) => item.name === 'best_epoch')).toBe(false);
  });
});

describe('rank correlation', () => {
  it('is Spearman’s', () => {
    expect(rankCorrelation([1, 2, 3, 4], [10, 20, 30, 1000])).toBeCloseTo(1);
    expect(rankCorrelation([1, 2, 3, 4], [4, 3, 2, 1])).toBeCloseTo(-1);
    // scipy.stats.spearmanr([1, 2, 2, 3, 5], [2, 1, 4, 3, 5]).statistic
    expect(rankCorrelation([1, 2, 2, 3, 5], [2, 1, 4, 3, 5])).toBeCloseTo(0.6668859288553503, 12);
  });

  it('is not a number for too few pairs or a constant', () => {
    expect(rankCorrelation([1, 2], [1, 2])).toBeNaN();
    expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toBeNaN();
  });
});

describe('groups of runs', () => {
  it('have a heading each and can be closed', () => {
    const items = tableItems(runs, 'dataset', new Set(['garden-birds']), 'no tag');
    const heads = items.filter((item) => item.type === 'group');
    expect(heads.map((item) => item.name)).toEqual(['garden-birds', 'digits', 'iris', 'mails']);
    expect(heads[0]).toMatchObject({ count: 5, open: false });
    expect(items.filter((item) => item.type === 'run')).toHaveLength(3);
  });

  it('put runs without a tag under their own heading', () => {
    const items = tableItems(runs, 'tag', new Set(), 'no tag');
    expect(items.filter((item) => item.type === 'group').map((item) => item.name)).toEqual([
      'baseline',
      'no tag',
    ]);
  });
});

describe('metrics', () => {
  it('know which way is better', () => {
    expect(isBetter('val_accuracy', 0.9, 0.8)).toBe(true);
    expect(isBetter('val_loss', 0.9, 0.8)).toBe(false);
    expect(bestOf('loss', Float64Array.of(3, Number.NaN, 1, 2))).toEqual({ value: 1, index: 2 });
    expect(bestOf('accuracy', Float64Array.of(0.3, 0.9, 0.5))).toEqual({ value: 0.9, index: 1 });
    expect(bestOf('loss', new Float64Array(0))).toBeNull();
  });

  it('take what the run recorded', () => {
    const listing = [
      { split: 'validation', tag: 'epoch_rmse', kind: 'scalar' as const, count: 1, lastStep: 0 },
    ];
    expect(mainMetric('regression', listing)).toBe('rmse');
    expect(mainMetric('classification', [])).toBe('accuracy');
  });
});
