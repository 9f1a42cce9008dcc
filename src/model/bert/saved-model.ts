import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import { checkpointVariables, readCheckpointTensors } from '../../graph/session/read-checkpoint';
import type { BaseTensor } from '../bases/base-weights';
import type { BertConfig } from './bert-config';
import { type BertWeights, collectBertWeights, type WeightNames } from './bert-weights';

/** What a SavedModel of a BERT encoder holds. */
export interface SavedModelBert extends BertWeights {
  config: BertConfig;
}

export function isSavedModelFolder(directory: string): boolean {
  return existsSync(join(directory, 'saved_model.pb'));
}

/**
 * Reads the variables of a BERT encoder that TensorFlow's Model Garden wrote (bert_en_uncased_L-12_H-768_A-12 of TensorFlow Hub,
 * version 3 and later, and its like) by their names in the program: `word_embeddings/embeddings`,
 * `transformer/layer_0/self_attention/query/kernel`, ... The sizes are those of the variables; dropout and norms are as BERT has
 * them.
 * @throws DescentError `unsupported` on the WebAssembly engine, `bad-input` naming the variable that is missing
 */
export async function readSavedModelBert(directory: string): Promise<SavedModelBert> {
  if (tf.getBackend() !== 'tensorflow')
    throw new DescentError(
      'unsupported',
      `${directory} is a SavedModel, which the native engine alone reads.`,
      {
        subject: directory,
        remedy: 'Take the model as config.json and model.safetensors, or install the native engine.',
      },
    );
  const prefix = join(directory, 'variables', 'variables');
  const variables = await read(directory, () => checkpointVariables(prefix));
  const wanted = variables.filter(({ name }) => partOfEncoder.test(name));
  const values = await read(directory, () =>
    readCheckpointTensors(
      prefix,
      wanted.map(({ key }) => key),
    ),
  );
  const tensors = new Map<string, BaseTensor>();
  wanted.forEach(({ name }, index) => {
    const { shape } = values[index]!;
    const tensor = { shape: [...shape], values: values[index]!.floats() };
    tensors.set(name.slice(name.search(partOfEncoder)), tensor);
  });
  const config = await configOf(directory, tensors);
  return { config, ...collectBertWeights(config, modelGardenNames, (name) => tensors.get(name), directory) };
}

const partOfEncoder =
  /(?:word_embeddings\/|position_embedding\/|type_embeddings\/|embeddings\/layer_norm\/|transformer\/layer_\d+\/|pooler_transform\/)[^:]*$/;

async function read<Result>(directory: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (cause) {
    throw new DescentError(
      'bad-input',
      `The variables of ${directory} can't be read: ${(cause as Error).message}`,
      {
        subject: directory,
        remedy: 'Download the SavedModel again, with its folder variables/.',
        cause,
      },
    );
  }
}

async function configOf(directory: string, tensors: ReadonlyMap<string, BaseTensor>): Promise<BertConfig> {
  const shapeOf = (name: string, rank: number): readonly number[] => {
    const shape = tensors.get(name)?.shape;
    if (shape?.length === rank) return shape;
    throw new DescentError(
      'bad-input',
      shape
        ? `${directory}: the variable ${name} has the shape [${shape.join(', ')}].`
        : `${directory} is no BERT encoder that Descent knows: it has no variable ${name}.`,
      { subject: directory, remedy: 'Choose a BERT encoder of TensorFlow Hub (TF2, version 3 or later).' },
    );
  };
  const [vocabularySize, hiddenSize] = shapeOf('word_embeddings/embeddings', 2) as [number, number];
  const [, heads] = shapeOf('transformer/layer_0/self_attention/query/kernel', 3) as [number, number];
  const [, intermediateSize] = shapeOf('transformer/layer_0/intermediate/kernel', 2) as [number, number];
  const layers = new Set([...tensors.keys()].flatMap((name) => /layer_(\d+)\//.exec(name)?.[1] ?? [])).size;
  // The variables don't tell which gelu it is: the exact one computes the error function.
  const program = await readFile(join(directory, 'saved_model.pb'));
  return {
    vocabularySize,
    hiddenSize,
    layers,
    heads,
    intermediateSize,
    positions: shapeOf('position_embedding/embeddings', 2)[0]!,
    types: shapeOf('type_embeddings/embeddings', 2)[0]!,
    activation: program.includes('\x12\x03Erf') ? 'gelu' : 'geluTanh',
    epsilon: 1e-12,
    dropout: 0.1,
    attentionDropout: 0.1,
    paddingId: 0,
  };
}

const modelGardenNames: WeightNames = {
  embeddings: {
    word: 'word_embeddings/embeddings',
    position: 'position_embedding/embeddings',
    type: 'type_embeddings/embeddings',
    gamma: 'embeddings/layer_norm/gamma',
    beta: 'embeddings/layer_norm/beta',
  },
  block: (index) => {
    const layer = `transformer/layer_${index}`;
    return {
      queryKernel: `${layer}/self_attention/query/kernel`,
      queryBias: `${layer}/self_attention/query/bias`,
      keyKernel: `${layer}/self_attention/key/kernel`,
      keyBias: `${layer}/self_attention/key/bias`,
      valueKernel: `${layer}/self_attention/value/kernel`,
      valueBias: `${layer}/self_attention/value/bias`,
      projectionKernel: `${layer}/self_attention/attention_output/kernel`,
      projectionBias: `${layer}/self_attention/attention_output/bias`,
      attentionGamma: `${layer}/self_attention_layer_norm/gamma`,
      attentionBeta: `${layer}/self_attention_layer_norm/beta`,
      intermediateKernel: `${layer}/intermediate/kernel`,
      intermediateBias: `${layer}/intermediate/bias`,
      outputKernel: `${layer}/output/kernel`,
      outputBias: `${layer}/output/bias`,
      outputGamma: `${layer}/output_layer_norm/gamma`,
      outputBeta: `${layer}/output_layer_norm/beta`,
    };
  },
  pooler: { kernel: 'pooler_transform/kernel', bias: 'pooler_transform/bias' },
  kernels: 'inputs-first',
};
