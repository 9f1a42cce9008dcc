import { DescentError } from '../../contract/errors';
import type { BaseTensor } from '../bases/base-weights';
import type { BertConfig } from './bert-config';
import { encoderLayerName } from './encoder';

/** Reads one tensor of a file by its name there; undefined when the file has none. */
export type ReadTensor = (name: string) => BaseTensor | undefined;

/** Where a file keeps a layer's tensors, and how. */
export interface WeightNames {
  embeddings: Record<'word' | 'position' | 'type' | 'gamma' | 'beta', string>;
  block(index: number): Record<BlockTensor, string>;
  pooler: { kernel: string; bias: string };
  /** `outputs-first`: kernels are [outputs, inputs], as PyTorch keeps them; else [inputs, ...outputs]. */
  kernels: 'outputs-first' | 'inputs-first';
}

export type BlockTensor =
  | `${'query' | 'key' | 'value' | 'projection' | 'intermediate' | 'output'}${'Kernel' | 'Bias'}`
  | `${'attention' | 'output'}${'Gamma' | 'Beta'}`;

/** The weights of `applyEncoder` and the pooler, by `<layer>/<weight>`. */
export interface BertWeights {
  weights: Map<string, BaseTensor>;
  hasPooler: boolean;
}

/**
 * Puts a file's tensors into Descent's layout: queries, keys and values side by side in one kernel.
 * @throws DescentError `bad-input` naming the tensor that is missing or has another shape, with both shapes
 */
export function collectBertWeights(
  config: BertConfig,
  names: WeightNames,
  read: ReadTensor,
  source: string,
): BertWeights {
  const { hiddenSize: hidden, intermediateSize: wide } = config;
  const weights = new Map<string, BaseTensor>();
  const transposes = names.kernels === 'outputs-first';
  const vector = (name: string, ...shape: number[]) => tensorOf(read, source, name, shape);
  const kernel = (name: string, inputs: number, outputs: number): BaseTensor => {
    const stored = tensorOf(read, source, name, transposes ? [outputs, inputs] : [inputs, outputs]);
    return transposes ? transposed(stored.values, outputs, inputs) : stored;
  };
  const { embeddings, pooler } = names;
  weights.set('embeddings/word_embeddings', vector(embeddings.word, config.vocabularySize, hidden));
  weights.set('embeddings/position_embeddings', vector(embeddings.position, config.positions, hidden));
  weights.set('embeddings/token_type_embeddings', vector(embeddings.type, config.types, hidden));
  weights.set('embeddings/gamma', vector(embeddings.gamma, hidden));
  weights.set('embeddings/beta', vector(embeddings.beta, hidden));
  for (let index = 0; index < config.layers; index++) {
    const block = names.block(index);
    const set = (name: string, value: BaseTensor) => weights.set(`${encoderLayerName(index)}/${name}`, value);
    const parts = ['query', 'key', 'value'] as const;
    set('attention_kernel', sideBySide(parts.map((part) => kernel(block[`${part}Kernel`], hidden, hidden))));
    set('attention_bias', sideBySide(parts.map((part) => vector(block[`${part}Bias`], hidden))));
    set('projection_kernel', kernel(block.projectionKernel, hidden, hidden));
    set('projection_bias', vector(block.projectionBias, hidden));
    set('attention_gamma', vector(block.attentionGamma, hidden));
    set('attention_beta', vector(block.attentionBeta, hidden));
    set('intermediate_kernel', kernel(block.intermediateKernel, hidden, wide));
    set('intermediate_bias', vector(block.intermediateBias, wide));
    set('output_kernel', kernel(block.outputKernel, wide, hidden));
    set('output_bias', vector(block.outputBias, hidden));
    set('output_gamma', vector(block.outputGamma, hidden));
    set('output_beta', vector(block.outputBeta, hidden));
  }
  const hasPooler = read(pooler.kernel) !== undefined;
  if (hasPooler) {
    weights.set('pooler/kernel', kernel(pooler.kernel, hidden, hidden));
    weights.set('pooler/bias', vector(pooler.bias, hidden));
  }
  return { weights, hasPooler };
}

/** Of any shape with as many values, heads apart ([hidden, heads, size]) for one. */
function tensorOf(read: ReadTensor, source: string, name: string, shape: readonly number[]): BaseTensor {
  const found = read(name);
  const wanted = `[${shape.join(', ')}]`;
  const remedy = 'Choose the weights that belong to this config.json.';
  if (!found)
    throw new DescentError('bad-input', `${source} has no ${name}, whose shape should be ${wanted}.`, {
      subject: source,
      remedy,
    });
  const elements = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1);
  if (
    elements(found.shape) !== elements(shape) ||
    (found.shape.length === shape.length && `${found.shape}` !== `${shape}`)
  )
    throw new DescentError(
      'bad-input',
      `${name} has the shape [${found.shape.join(', ')}] in ${source}, but should have ${wanted}.`,
      { subject: source, remedy },
    );
  return { shape, values: found.values };
}

function transposed(values: Float32Array, rows: number, columns: number): BaseTensor {
  const result = new Float32Array(values.length);
  // In squares, which stay in the processor's cache.
  const side = 32;
  for (let top = 0; top < rows; top += side)
    for (let left = 0; left < columns; left += side)
      for (let row = top; row < Math.min(rows, top + side); row++)
        for (let column = left; column < Math.min(columns, left + side); column++)
          result[column * rows + row] = values[row * columns + column]!;
  return { shape: [columns, rows], values: result };
}

/** Along the last axis; all of one shape. */
function sideBySide(parts: readonly BaseTensor[]): BaseTensor {
  const [{ shape }] = parts as [BaseTensor];
  const width = shape.at(-1)!;
  const rows = shape.length > 1 ? shape[0]! : 1;
  const whole = width * parts.length;
  const values = new Float32Array(rows * whole);
  parts.forEach((part, place) => {
    for (let row = 0; row < rows; row++)
      values.set(part.values.subarray(row * width, (row + 1) * width), row * whole + place * width);
  });
  return { shape: [...shape.slice(0, -1), whole], values };
}
