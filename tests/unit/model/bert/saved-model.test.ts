import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hyperparameters } from '../../../../src/contract/hyperparameters';
import { loadBackend } from '../../../../src/engine/native/backend';
import type { BaseContext } from '../../../../src/model/bases/base';
import { setBaseWeights } from '../../../../src/model/bases/base-weights';
import { applyEncoder, applyPooling } from '../../../../src/model/bert/encoder';
import { loadBert } from '../../../../src/model/bert/load-bert';
import { readSavedModelBert } from '../../../../src/model/bert/saved-model';
import { pythonJudge, runPython } from '../../../support/python-judge';
import { letterVocabulary } from './tiny-bert';

describe('a TF2 SavedModel of BERT', () => {
  let directory: string;
  let folder: string;
  let answer: { ids: number[][]; pooled: number[][]; sequence: number[][][] };
  const context = (): BaseContext => ({
    weights: 'pretrained',
    cacheDirectory: directory,
    onProgress: () => {},
    signal: new AbortController().signal,
  });

  beforeAll(async () => {
    await loadBackend('node');
    const python = await pythonJudge();
    if (typeof python === 'string') throw new Error(python);
    directory = await mkdtemp(join(tmpdir(), 'descent-bert-saved-model-'));
    folder = join(directory, 'bert_en_uncased_L-2_H-12_A-3');
    const vocabulary = join(directory, 'vocab.txt');
    await writeFile(vocabulary, `${letterVocabulary.join('\n')}\n`);
    const program = await readFile(join(import.meta.dirname, 'saved_model_bert.py'), 'utf8');
    await runPython(python, program, [vocabulary, folder, join(directory, 'answer.json')]);
    answer = JSON.parse(await readFile(join(directory, 'answer.json'), 'utf8'));
  }, 300_000);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('gives the outputs that TensorFlow computes with it', async () => {
    const { config, weights, hasPooler } = await readSavedModelBert(folder);
    expect(config).toMatchObject({
      vocabularySize: letterVocabulary.length,
      hiddenSize: 12,
      heads: 3,
      layers: 2,
      intermediateSize: 20,
      positions: 16,
      activation: 'geluTanh',
    });
    expect(hasPooler).toBe(true);
    const ids = tf.input({ shape: [answer.ids[0]!.length], dtype: 'int32' });
    const sequence = applyEncoder(config, ids);
    const pooled = applyPooling(config, sequence, ids, 'pooled');
    setBaseWeights(pooled, weights, folder, []);
    const model = tf.model({ inputs: ids, outputs: [sequence, pooled] });
    const found = model.predict(tf.tensor2d(answer.ids, undefined, 'int32')) as tf.Tensor[];
    const wanted = [answer.sequence.flat(2), answer.pooled.flat()];
    found.forEach((output, index) => {
      const values = output.dataSync();
      expect(values.length).toBe(wanted[index]!.length);
      wanted[index]!.forEach((value, place) => {
        expect(Math.abs(values[place]! - value)).toBeLessThan(1e-5);
      });
    });
    model.dispose();
  });

  it('is a base with the vocabulary among its assets', async () => {
    const settings = hyperparameters.parse({ model: 'bert', base: folder });
    const { texts } = await loadBert(settings, context());
    expect(texts).toMatchObject({ vocabulary: letterVocabulary, longest: 16, pieces: { lowercase: true } });
  });

  it('says which variable is missing, and when the variables are', async () => {
    const other = join(directory, 'other');
    await cp(folder, other, { recursive: true });
    await rm(join(other, 'variables'), { recursive: true });
    await expect(readSavedModelBert(other)).rejects.toThrow(/The variables of .*other can't be read/);
  });
});
