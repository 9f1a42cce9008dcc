import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RandomStream } from '../../../../src/pipeline/random';
import { encodeSafetensors } from '../../../../src/training/safetensors';

export interface TinyBertSettings {
  vocabulary: readonly string[];
  hidden?: number;
  layers?: number;
  heads?: number;
  intermediate?: number;
  positions?: number;
  activation?: 'gelu' | 'gelu_new';
  dropout?: number;
  prefix?: string;
}

/** Writes config.json, vocab.txt and model.safetensors of a BERT with random weights, as transformers does. */
export async function writeTinyBert(directory: string, settings: TinyBertSettings): Promise<void> {
  const { vocabulary, hidden = 12, layers = 2, heads = 3, intermediate = 20, positions = 16 } = settings;
  const random = new RandomStream(7, 1, 0, 0);
  const values = (length: number, around = 0) =>
    Float32Array.from({ length }, () => around + 0.5 * (random.nextUniform() * 2 - 1));
  const tensors: { name: string; dtype: 'float32'; shape: number[]; values: Float32Array }[] = [];
  const add = (name: string, shape: number[], around = 0) => {
    const length = shape.reduce((product, size) => product * size, 1);
    tensors.push({
      name: (settings.prefix ?? '') + name,
      dtype: 'float32',
      shape,
      values: values(length, around),
    });
  };
  const dense = (name: string, inputs: number, outputs: number) => {
    add(`${name}.weight`, [outputs, inputs]);
    add(`${name}.bias`, [outputs]);
  };
  const norm = (name: string) => {
    add(`${name}.weight`, [hidden], 1);
    add(`${name}.bias`, [hidden]);
  };
  add('embeddings.word_embeddings.weight', [vocabulary.length, hidden]);
  add('embeddings.position_embeddings.weight', [positions, hidden]);
  add('embeddings.token_type_embeddings.weight', [2, hidden]);
  norm('embeddings.LayerNorm');
  for (let index = 0; index < layers; index++) {
    const layer = `encoder.layer.${index}`;
    for (const part of ['query', 'key', 'value']) dense(`${layer}.attention.self.${part}`, hidden, hidden);
    dense(`${layer}.attention.output.dense`, hidden, hidden);
    norm(`${layer}.attention.output.LayerNorm`);
    dense(`${layer}.intermediate.dense`, hidden, intermediate);
    dense(`${layer}.output.dense`, intermediate, hidden);
    norm(`${layer}.output.LayerNorm`);
  }
  dense('pooler.dense', hidden, hidden);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'model.safetensors'), encodeSafetensors(tensors));
  await writeFile(join(directory, 'vocab.txt'), `${vocabulary.join('\n')}\n`);
  await writeFile(
    join(directory, 'config.json'),
    JSON.stringify({
      model_type: 'bert',
      vocab_size: vocabulary.length,
      hidden_size: hidden,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      intermediate_size: intermediate,
      hidden_act: settings.activation ?? 'gelu',
      hidden_dropout_prob: settings.dropout ?? 0.1,
      attention_probs_dropout_prob: settings.dropout ?? 0.1,
      max_position_embeddings: positions,
      type_vocab_size: 2,
      layer_norm_eps: 1e-12,
      pad_token_id: 0,
    }),
  );
}

/** The special tokens and the letters of the alphabet, which spell any word. */
export const letterVocabulary: readonly string[] = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  '[MASK]',
  ...'abcdefghijklmnopqrstuvwxyz0123456789'.split(''),
  ...'abcdefghijklmnopqrstuvwxyz0123456789'.split('').map((letter) => `##${letter}`),
];
