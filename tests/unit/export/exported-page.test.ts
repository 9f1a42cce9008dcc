import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from '@playwright/test';
import * as tf from '@tensorflow/tfjs';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hyperparameters, hyperparameters } from '../../../src/contract/hyperparameters';
import type { ModelInput } from '../../../src/contract/metadata';
import { encodeRow } from '../../../src/dataset/common/table';
import { encodeText, indexVocabulary } from '../../../src/dataset/common/text';
import { textEncoder } from '../../../src/dataset/common/text-encoder';
import { loadPicture } from '../../../src/dataset/node/decode';
import { loadBackend } from '../../../src/engine/native/backend';
import { writeTfjs } from '../../../src/export/tfjs/write-tfjs';
import { loadBase } from '../../../src/model/bases/load-base';
import { readTokenizer } from '../../../src/model/bert/read-tokenizer';
import { buildModel } from '../../../src/model/build-model';
import { saveModel } from '../../../src/model/save-model';
import { type ModelSpecification, metadataOf } from '../../../src/model/specification';
import { launchChromium } from '../../support/chromium';
import { serveFolder } from '../../support/static-server';
import { letterVocabulary, writeTinyBert } from '../model/bert/tiny-bert';
import { writeAwkwardPictures } from './pictures';

let scratch: string;
let browser: Browser;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  await loadBackend('auto');
  await build({ configFile: 'vite.page.config.ts', logLevel: 'warn' });
  scratch = await mkdtemp(join(tmpdir(), 'descent page '));
  browser = await launchChromium();
});

afterAll(async () => {
  for (const close of closers) await close();
  await browser?.close();
  await rm(scratch, { recursive: true, force: true });
});

/** Builds a fresh (untrained) model, exports it and gives the model with the folder. */
async function exportPreset(
  name: string,
  input: ModelInput,
  labels: string[],
  preset: string,
  task?: 'regression',
  place = '',
) {
  const specification: ModelSpecification = {
    name,
    task: task ?? 'classification',
    input,
    labels,
    hyperparameters: hyperparameters.parse({ model: preset, seed: 3, base: place }),
    ...(task ? { target: { name: 'price', mean: 250, standardDeviation: 40 } } : {}),
  };
  const base = await loadBase(input.kind, specification.hyperparameters as Hyperparameters, {
    weights: 'pretrained',
    cacheDirectory: scratch,
    onProgress: () => {},
    signal: new AbortController().signal,
  });
  const model = buildModel(base ? { ...specification, base } : specification);
  // It begins with zeros.
  for (const layer of model.layers)
    if (layer.name === 'term_weights')
      layer.setWeights([tf.tensor2d([0, 0, 0.1, -0.1, 1, -1, 2, -2, -1, 1, 0.5, 0], [6, 2])]);
  const modelDirectory = join(scratch, `${name} model`);
  const out = join(scratch, `${name} export`);
  await saveModel(model, modelDirectory, metadataOf(specification));
  await writeTfjs(modelDirectory, out);
  return { model, out };
}

async function openPage(url: string): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('requestfailed', (request) => errors.push(request.url()));
  await page.goto(url);
  await page.locator('#page[data-state=ready]').waitFor({ timeout: 30_000 });
  return { page, errors };
}

async function serve(folder: string): Promise<string> {
  const server = await serveFolder(folder);
  closers.push(server.close);
  return server.url;
}

/** Label to probability, as the page shows it (exact numbers, not the rounded text). */
async function shownProbabilities(page: Page): Promise<Record<string, number>> {
  return page
    .locator('#answer li')
    .evaluateAll((items) =>
      Object.fromEntries(
        items.map((item) => [
          (item as HTMLElement).dataset.label ?? '',
          Number((item as HTMLElement).dataset.probability),
        ]),
      ),
    );
}

function outputs(model: tf.LayersModel, values: ArrayLike<number>, shape: number[]): number[] {
  return tf.tidy(() =>
    Array.from((model.predict(tf.tensor(Float32Array.from(values), [1, ...shape])) as tf.Tensor).dataSync()),
  );
}

function largestDifference(labels: string[], shown: Record<string, number>, expected: number[]): number {
  return Math.max(...labels.map((label, index) => Math.abs((shown[label] ?? Number.NaN) - expected[index]!)));
}

describe('the page of a TF.js export, in a real Chromium', () => {
  const labels = ['ash', 'beech', '槐'];

  it.each([1, 3] as const)(
    'sees every kind of picture byte for byte as the engine does, with %i channels, and answers alike',
    async (channels) => {
      const shape = { height: 32, width: 32, channels };
      const { model, out } = await exportPreset(
        `leaves ${channels}`,
        { kind: 'images', ...shape },
        labels,
        'small-cnn',
      );
      const folder = join(scratch, 'pictures');
      const names = await writeAwkwardPictures(folder);
      const { page, errors } = await openPage(await serve(out));
      const differing: string[] = [];
      for (const name of names) {
        const expected = await loadPicture(join(folder, name), shape);
        await page.locator('#answer').evaluate((answer) => answer.replaceChildren());
        await page.locator('input[type=file]').setInputFiles(join(folder, name));
        await page.locator('#answer li').first().waitFor({ timeout: 10_000 });
        const seen = await page.locator('canvas.seen').evaluate((canvas) => {
          const context = (canvas as HTMLCanvasElement).getContext('2d')!;
          return Array.from(context.getImageData(0, 0, 32, 32).data);
        });
        const wrong = Array.from(expected).filter(
          (value, at) => seen[Math.floor(at / channels) * 4 + (at % channels)] !== value,
        ).length;
        if (wrong > 0) differing.push(`${name}: ${wrong} of ${expected.length} bytes`);
        const difference = largestDifference(
          labels,
          await shownProbabilities(page),
          outputs(model, expected, [32, 32, channels]),
        );
        expect(difference, name).toBeLessThan(1e-4);
      }
      expect(differing).toEqual([]);
      expect(errors).toEqual([]);
      await page.close();
    },
  );

  it('says which file it could not read, and goes on', async () => {
    const { out } = await exportPreset(
      'broken',
      { kind: 'images', height: 8, width: 8, channels: 3 },
      labels,
      'linear',
    );
    const { page } = await openPage(await serve(out));
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'no picture.png', mimeType: 'image/png', buffer: Buffer.from('text') });
    await expect.poll(() => page.locator('#answer [role=alert]').textContent()).toContain('no picture.png');
    await page.close();
  });

  it('takes a table row and gives the classification that the engine gives', async () => {
    const input: ModelInput = {
      kind: 'table',
      columns: [
        { role: 'numeric', name: 'petal length', mean: 3.7, standardDeviation: 1.7 },
        { role: 'categorical', name: 'colour', values: ['blue', 'white'] },
        { role: 'numeric', name: 'petal width', mean: 1.2, standardDeviation: 0.7 },
      ],
    };
    const { model, out } = await exportPreset('iris', input, labels, 'mlp');
    const { page, errors } = await openPage(await serve(out));
    await page.locator('input[name="petal length"]').fill('5.1');
    await page.locator('select[name=colour]').selectOption('white');
    await page.locator('input[name="petal width"]').fill('');
    await page.locator('button[type=submit]').click();
    await page.locator('#answer li').first().waitFor();
    const row = encodeRow(input.columns, { 'petal length': '5.1', colour: 'white', 'petal width': '' });
    expect(
      largestDifference(labels, await shownProbabilities(page), outputs(model, row, [row.length])),
    ).toBeLessThan(1e-4);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('gives a regression value in the unit of its target', async () => {
    const input: ModelInput = {
      kind: 'table',
      columns: [{ role: 'numeric', name: 'area', mean: 90, standardDeviation: 30 }],
    };
    const { model, out } = await exportPreset('price', input, [], 'mlp', 'regression');
    const { page } = await openPage(await serve(out));
    await page.locator('input[name=area]').fill('120');
    await page.locator('button[type=submit]').click();
    const shown = Number(await page.locator('#answer .value').getAttribute('data-value'));
    expect(shown).toBeCloseTo(outputs(model, [120], [1])[0]!, 2);
    await page.close();
  });

  it.each(['text-bag', 'text-lstm'] as const)('takes a text (%s)', async (preset) => {
    const vocabulary = ['free', 'money', 'meeting', '日'];
    const input: ModelInput = { kind: 'texts', vocabulary, sequenceLength: 16 };
    const { model, out } = await exportPreset(preset, input, ['ham', 'spam'], preset);
    const { page } = await openPage(await serve(out));
    await page.locator('textarea').fill('FREE money, now! 日本');
    await page.locator('button[type=submit]').click();
    await page.locator('#answer li').first().waitFor();
    const ids = encodeText(indexVocabulary(vocabulary), 16, 'FREE money, now! 日本');
    expect(
      largestDifference(['ham', 'spam'], await shownProbabilities(page), outputs(model, ids, [16])),
    ).toBeLessThan(1e-4);
    await page.close();
  });

  it('weighs the terms of a text (tfidf)', async () => {
    const vocabulary = ['free', 'free money', 'meeting', 'money'];
    const weighting = { ngrams: 2, inverseDocumentFrequencies: [1.5, 2.5, 1.2, 2] };
    const input = { kind: 'texts', vocabulary, sequenceLength: 8, weighting } as const;
    const { shown, wanted } = await askPage('tfidf', input);
    expect(Math.max(...wanted)).toBeGreaterThan(0.6);
    expect(largestDifference(['ham', 'spam'], shown, wanted)).toBeLessThan(1e-4);
  });

  it('averages word vectors, without the places that no known word fills (glove)', async () => {
    const vocabulary = ['free', '!', 'meeting', 'money'];
    const input = { kind: 'texts', vocabulary, sequenceLength: 20, splitting: 'glove' } as const;
    const { shown, wanted } = await askPage('glove', input);
    expect(largestDifference(['ham', 'spam'], shown, wanted)).toBeLessThan(1e-4);
  });

  /** What the page of an exported model answers to a text, and what the model itself does. */
  async function askPage(preset: 'tfidf' | 'glove', input: ModelInput & { kind: 'texts' }) {
    const { model, out } = await exportPreset(preset, input, ['ham', 'spam'], preset);
    const { page } = await openPage(await serve(out));
    const text = 'FREE money! No meeting, but money.';
    await page.locator('textarea').fill(text);
    await page.locator('button[type=submit]').click();
    await page.locator('#answer li').first().waitFor();
    const encoder = textEncoder(input);
    const answer = model.predict(
      tf.tensor(encoder.encode(text), [1, ...encoder.shape], encoder.dtype),
    ) as tf.Tensor;
    const shown = await shownProbabilities(page);
    await page.close();
    return { shown, wanted: [...(answer.dataSync() as Float32Array)] };
  }

  it('cuts a text into BERT’s pieces and knows the encoder’s layers', async () => {
    const folder = join(scratch, 'tiny bert');
    await writeTinyBert(folder, { vocabulary: letterVocabulary });
    const { vocabulary, settings } = await readTokenizer(folder);
    const input: ModelInput = { kind: 'texts', vocabulary, pieces: settings, sequenceLength: 16 };
    const { model, out } = await exportPreset('bert', input, ['ham', 'spam'], 'bert', undefined, folder);
    const { page, errors } = await openPage(await serve(out));
    const text = 'Ünder 日 the sea';
    await page.locator('textarea').fill(text);
    await page.locator('button[type=submit]').click();
    await page.locator('#answer li').first().waitFor();
    const ids = textEncoder(input).encode(text);
    expect(new Set(ids).size).toBeGreaterThan(8);
    expect(
      largestDifference(['ham', 'spam'], await shownProbabilities(page), outputs(model, ids, [16])),
    ).toBeLessThan(1e-4);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('opens from a plain folder too, and shows tfjs-vis’ summary and weight distribution', async () => {
    const { out } = await exportPreset(
      'folder',
      { kind: 'images', height: 8, width: 8, channels: 1 },
      labels,
      'small-cnn',
    );
    const { page, errors } = await openPage(pathToFileURL(join(out, 'index.html')).href);
    await page.locator('summary').click();
    await page.locator('.inspection table').first().waitFor({ timeout: 20_000 });
    await page.locator('.inspection canvas, .inspection svg').first().waitFor({ timeout: 20_000 });
    expect(await page.locator('.inspection').first().textContent()).toContain('conv2d');
    expect(errors).toEqual([]);
    await page.close();
  });

  it('carries labels and preprocessing in model.json, and the labels as a file', async () => {
    const { out } = await exportPreset(
      'labels',
      { kind: 'images', height: 8, width: 8, channels: 3 },
      labels,
      'linear',
    );
    expect(await readFile(join(out, 'labels.txt'), 'utf8')).toBe('ash\nbeech\n槐\n');
    const json = JSON.parse(await readFile(join(out, 'model.json'), 'utf8'));
    expect(json.userDefinedMetadata.descent).toMatchObject({ labels, input: { kind: 'images', height: 8 } });
  });
});
