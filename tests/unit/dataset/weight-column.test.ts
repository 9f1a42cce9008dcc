import { describe, expect, it } from 'vitest';
import type { DatasetOptions } from '../../../src/contract/dataset';
import { assertTrainable, openDataset } from '../../../src/dataset/node/open';
import { put, temporaryFolder } from './pictures';

/** 40 rows of two numbers, a weight and a class; `weightOf` tells what stands in the weight's cell. */
async function openWeighted(weightOf: (row: number) => string, options: Partial<DatasetOptions> = {}) {
  const root = await temporaryFolder();
  const lines = Array.from(
    { length: 40 },
    (_, index) => `${index * 0.37},${(index * 7) % 11},${index % 2 ? 'yes' : 'no'},${weightOf(index + 1)}`,
  );
  await put(root, 'data.csv', `size,age,answer,mass\n${lines.join('\n')}\n`);
  return openDataset(
    root,
    { columns: { mass: 'weight', answer: 'target' }, ...options },
    { cacheDirectory: await temporaryFolder('cache') },
  );
}

describe('a column of weights', () => {
  it('weighs the examples and is no input', async () => {
    const { summary, examples } = await openWeighted((row) => String((row % 4) / 2));
    expect(summary.table).toMatchObject({ target: 'answer', weights: 'mass' });
    expect(examples.table!.columns.map(({ name }) => name)).toEqual(['size', 'age']);
    expect([...examples.weights!.slice(0, 4)]).toEqual([0.5, 1, 1.5, 0]);
    expect(() => assertTrainable(summary)).not.toThrow();
  });

  it('is there only when it was chosen, whatever its name', async () => {
    const { summary, examples } = await openWeighted(String, { columns: { answer: 'target' } });
    expect(examples.weights).toBeUndefined();
    expect(summary.table!.weights).toBeUndefined();
  });

  it('leaves the target to be guessed among the others', async () => {
    const { summary } = await openWeighted(() => '1.5', { columns: { mass: 'weight' } });
    expect(summary.table).toMatchObject({ target: 'answer', weights: 'mass' });
  });

  it('changes the fingerprint', async () => {
    const [weighted, plain] = await Promise.all([
      openWeighted(String),
      openWeighted(String, { columns: { answer: 'target', mass: 'ignored' } }),
    ]);
    expect(weighted.summary.fingerprint).not.toBe(plain.summary.fingerprint);
  });

  it('names the rows whose weight is missing, negative or no number, until they are excluded', async () => {
    const cells: Record<number, string> = { 3: '', 5: '-2', 9: '1e39', 11: 'NaN' };
    const odd = (row: number) => cells[row] ?? '1';
    const { summary } = await openWeighted(odd);
    expect(summary.findings.find(({ id }) => id === 'unusable-weight:mass')).toMatchObject({
      severity: 'blocks',
      files: ['row:3', 'row:5', 'row:9', 'row:11'],
      reasons: ['no weight', 'a negative weight', 'a weight too large to count with', 'no weight'],
      actions: ['exclude'],
      message: expect.stringContaining('row 3 (no weight), row 5 (a negative weight)'),
    });
    expect(() => assertTrainable(summary)).toThrow('no usable weight in mass');
    const excluded = await openWeighted(odd, {
      columns: { mass: 'weight', answer: 'target' },
      excluded: ['row:3', 'row:5', 'row:9', 'row:11'],
    });
    expect(() => assertTrainable(excluded.summary)).not.toThrow();
    expect(excluded.examples.weights!.length).toBe(36);
  });

  it('that holds words, or nothing but 0, is refused', async () => {
    const words = await openWeighted((row) => ['light', 'heavy'][row % 2]!);
    expect(() => assertTrainable(words.summary)).toThrow('mass was chosen to be the weights');
    const zero = await openWeighted(() => '0');
    expect(() => assertTrainable(zero.summary)).toThrow('is 0 in every row');
  });

  it('beside another one is refused', async () => {
    const { summary } = await openWeighted(String, {
      columns: { mass: 'weight', age: 'weight', answer: 'target' },
    });
    expect(() => assertTrainable(summary)).toThrow(
      '2 columns were chosen to be the weights of the rows: age, mass',
    );
  });
});
