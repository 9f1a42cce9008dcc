import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../support/command-line';

let home: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'descent-candidates-'));
  expect((await runCommandLine(['sample', 'mails', 'mails'], home)).status).toBe(0);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

interface Line {
  type: string;
  model: string;
  run: string;
  path: string;
  summary: Record<string, number>;
  candidates: { model: string; run: string; summary: Record<string, number> }[];
}

function descent(...words: string[]) {
  return runCommandLine([...words, '--library', join(home, 'runs')], home);
}

describe('descent train on texts, with no model chosen', () => {
  it('trains the cheap models side by side, and ends with the one that is best on validation', async () => {
    const { status, lines, words } = await descent(
      'train',
      'mails',
      '--set',
      'data.testFraction=0.2',
      '--set',
      'vocabularySize=2000',
      '--name',
      'post',
      '--json',
    );
    expect(status, words).toBe(0);
    const told = lines as unknown as Line[];
    const candidates = told.filter(({ type }) => type === 'candidate');
    expect(candidates.map(({ model }) => model)).toEqual(['tfidf', 'glove', 'text-bag']);
    const choice = told.find(({ type }) => type === 'choice')!;
    const best = Math.max(...choice.candidates.map(({ summary }) => summary.val_accuracy!));
    const done = told.at(-1)!;
    expect(done).toMatchObject({ type: 'done', run: choice.run });
    expect(done.summary.val_accuracy).toBe(best);
    expect(done.summary.test_accuracy).toBeGreaterThanOrEqual(0.9);
    expect(told.filter(({ type }) => type === 'done')).toHaveLength(1);
    expect(words).toContain(`${choice.model} wins.`);
    expect(words).toContain('test examples had no say');
    const runs = candidates.map(({ path }) => JSON.parse(readFileSync(join(path, 'run.json'), 'utf8')));
    expect(new Set(runs.map(({ comparison }) => comparison)).size).toBe(1);
    expect(runs.map(({ name }) => name)).toEqual(['post tfidf', 'post glove', 'post text-bag']);
    expect(runs.map(({ configuration }) => configuration.hyperparameters.vocabularySize)).toEqual([
      2000, 2000, 2000,
    ]);
  });

  it('trains one alone that is named, with its own settings, and predicts and exports with it', async () => {
    for (const model of ['tfidf', 'glove']) {
      const trained = await descent('train', 'mails', '--model', model, '--epochs', '3', '--json');
      expect(trained.lines.filter(({ type }) => type === 'candidate')).toEqual([]);
      const { run } = trained.lines.at(-1) as unknown as Line;
      const predicted = await descent('predict', run, join('mails', 'spam', '0001.txt'), '--json');
      expect(predicted.lines[0]).toMatchObject({ label: 'spam' });
      const exported = await descent('export', run, '--format', 'tfjs', '--json');
      expect(exported.status, exported.words).toBe(0);
    }
  });
});
