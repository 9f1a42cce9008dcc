import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DescentError } from '../../contract/errors';
import { readSafetensorsEntries, safetensorsFloats } from '../safetensors';
import type { BertConfig } from './bert-config';
import { type BertWeights, collectBertWeights, type WeightNames } from './bert-weights';
import type { BertPooling } from './encoder';

const configFileName = 'config.json';
const weightsFileName = 'model.safetensors';

/** Names of BertConfig in transformers, and its defaults. */
const configFile = z.object({
  model_type: z.literal('bert'),
  vocab_size: z.number().int().default(30522),
  hidden_size: z.number().int().default(768),
  num_hidden_layers: z.number().int().default(12),
  num_attention_heads: z.number().int().default(12),
  intermediate_size: z.number().int().default(3072),
  hidden_act: z.string().default('gelu'),
  hidden_dropout_prob: z.number().default(0.1),
  attention_probs_dropout_prob: z.number().default(0.1),
  max_position_embeddings: z.number().int().default(512),
  type_vocab_size: z.number().int().default(2),
  layer_norm_eps: z.number().default(1e-12),
  pad_token_id: z.number().int().nullish(),
  position_embedding_type: z.literal('absolute').nullish(),
});

const activations: Readonly<Record<string, BertConfig['activation']>> = {
  gelu: 'gelu',
  gelu_new: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  relu: 'relu',
};

export function isHuggingFaceFolder(directory: string): boolean {
  return existsSync(join(directory, configFileName));
}

/** @throws DescentError `bad-input` or `unsupported` naming config.json and what of it Descent can't have */
export async function readHuggingFaceConfig(directory: string): Promise<BertConfig> {
  const path = join(directory, configFileName);
  const parsed = configFile.safeParse(await readJson(path));
  if (!parsed.success)
    throw new DescentError(
      'unsupported',
      `${path} is not that of a BERT: ${z.prettifyError(parsed.error)}.`,
      {
        subject: path,
        remedy: 'Choose a model of the type "bert" (BERT, MiniLM and their like).',
      },
    );
  const file = parsed.data;
  const activation = activations[file.hidden_act];
  if (!activation || file.hidden_size % file.num_attention_heads !== 0)
    throw new DescentError(
      'unsupported',
      activation
        ? `${path}: ${file.hidden_size} hidden values can't be shared out to ${file.num_attention_heads} heads.`
        : `${path} names the activation "${file.hidden_act}".`,
      { subject: path, remedy: `Descent knows ${Object.keys(activations).join(', ')}.` },
    );
  return {
    vocabularySize: file.vocab_size,
    hiddenSize: file.hidden_size,
    layers: file.num_hidden_layers,
    heads: file.num_attention_heads,
    intermediateSize: file.intermediate_size,
    positions: file.max_position_embeddings,
    types: file.type_vocab_size,
    activation,
    epsilon: file.layer_norm_eps,
    dropout: file.hidden_dropout_prob,
    attentionDropout: file.attention_probs_dropout_prob,
    paddingId: file.pad_token_id ?? 0,
  };
}

/**
 * Weights of `model.safetensors`, written by transformers for a BertModel or a model with one inside (`bert.`).
 * @throws DescentError `not-found` or `bad-input` naming the file, and the tensor with expected and found shape
 */
export async function readHuggingFaceWeights(directory: string, config: BertConfig): Promise<BertWeights> {
  const path = join(directory, weightsFileName);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new DescentError('not-found', `The weights ${path} can't be read: ${(cause as Error).message}.`, {
      subject: path,
      remedy: existsSync(join(directory, 'pytorch_model.bin'))
        ? 'pytorch_model.bin is not read: save the model again with safe_serialization=True.'
        : 'Put model.safetensors beside config.json.',
      cause,
    });
  }
  try {
    const entries = new Map(readSafetensorsEntries(bytes).map((entry) => [entry.name, entry]));
    const prefix = entries.has('bert.embeddings.word_embeddings.weight') ? 'bert.' : '';
    const read = (name: string) => {
      // Files that were made from TensorFlow's first BERTs have gamma and beta.
      const old = name
        .replace(/LayerNorm\.weight$/, 'LayerNorm.gamma')
        .replace(/LayerNorm\.bias$/, 'LayerNorm.beta');
      const entry = entries.get(prefix + name) ?? entries.get(prefix + old);
      return entry && { shape: entry.shape, values: safetensorsFloats(entry) };
    };
    return collectBertWeights(config, huggingFaceNames, read, path);
  } catch (cause) {
    if (cause instanceof DescentError) throw cause;
    throw new DescentError('bad-input', `${path} can't be read: ${(cause as Error).message}.`, {
      subject: path,
      remedy: 'Download the file again.',
      cause,
    });
  }
}

/** `mean` where sentence-transformers' files say so; undefined where nothing does. */
export async function readSentencePooling(directory: string): Promise<BertPooling | undefined> {
  const path = join(directory, '1_Pooling', configFileName);
  if (!existsSync(path)) return undefined;
  const file = (await readJson(path)) as { pooling_mode_mean_tokens?: boolean } | null;
  return file?.pooling_mode_mean_tokens === true ? 'mean' : undefined;
}

const huggingFaceNames: WeightNames = {
  embeddings: {
    word: 'embeddings.word_embeddings.weight',
    position: 'embeddings.position_embeddings.weight',
    type: 'embeddings.token_type_embeddings.weight',
    gamma: 'embeddings.LayerNorm.weight',
    beta: 'embeddings.LayerNorm.bias',
  },
  block: (index) => {
    const layer = `encoder.layer.${index}`;
    return {
      queryKernel: `${layer}.attention.self.query.weight`,
      queryBias: `${layer}.attention.self.query.bias`,
      keyKernel: `${layer}.attention.self.key.weight`,
      keyBias: `${layer}.attention.self.key.bias`,
      valueKernel: `${layer}.attention.self.value.weight`,
      valueBias: `${layer}.attention.self.value.bias`,
      projectionKernel: `${layer}.attention.output.dense.weight`,
      projectionBias: `${layer}.attention.output.dense.bias`,
      attentionGamma: `${layer}.attention.output.LayerNorm.weight`,
      attentionBeta: `${layer}.attention.output.LayerNorm.bias`,
      intermediateKernel: `${layer}.intermediate.dense.weight`,
      intermediateBias: `${layer}.intermediate.dense.bias`,
      outputKernel: `${layer}.output.dense.weight`,
      outputBias: `${layer}.output.dense.bias`,
      outputGamma: `${layer}.output.LayerNorm.weight`,
      outputBeta: `${layer}.output.LayerNorm.bias`,
    };
  },
  pooler: { kernel: 'pooler.dense.weight', bias: 'pooler.dense.bias' },
  kernels: 'outputs-first',
};

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new DescentError('bad-input', `${path} can't be read: ${(cause as Error).message}.`, {
      subject: path,
      remedy: 'Download the file again.',
      cause,
    });
  }
}
