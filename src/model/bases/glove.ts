import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import type { Hyperparameters } from '../../contract/hyperparameters';
import type { ModelSpecification } from '../specification';
import type { Base, BaseContext } from './base';
import { embeddedBasesDirectory } from './embedded-weights';

const decompress = promisify(brotliDecompress);

export const gloveDimension = 50;

/** Name of the layer that holds the vectors, which may be trained on. */
export const gloveVectorsLayer = 'word_vectors';

/** For places that no word fills: e to this power is 0 in every floating-point format, and float16 holds it. */
const never = -10_000;

export interface GloveVectors {
  /** The most frequent words of GloVe's texts, the most frequent one first. */
  words: string[];
  /** float32 [words, 50]. */
  vectors: Float32Array;
}

/**
 * Reads the vectors that come with Descent: J. Pennington, R. Socher, C. D. Manning, "GloVe: Global vectors for word
 * representation", 2014, learned from Wikipedia 2014 and Gigaword 5 (6 billion words).
 * @throws DescentError `bad-input` when the files are damaged, `not-found` when they are missing
 */
export async function readGlove(directory = embeddedBasesDirectory()): Promise<GloveVectors> {
  const read = async (part: string) => decompress(await readFile(join(directory, `glove-6b-50d.${part}.br`)));
  try {
    const [words, bytes] = await Promise.all([read('words'), read('vectors')]);
    const list = words.toString('utf8').split('\n');
    const count = list.length * gloveDimension;
    if (bytes.length !== count * 2) throw new Error(`${list.length} words, but ${bytes.length} bytes`);
    const values = new Float32Array(count);
    for (let place = 0; place < count; place++)
      values[place] = fromFloat16(bytes[place]! * 256 + bytes[count + place]!);
    return { words: list, vectors: values };
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const path = join(directory, 'glove-6b-50d.vectors.br');
    throw new DescentError(
      missing ? 'not-found' : 'bad-input',
      `The word vectors that come with Descent ${missing ? 'are missing' : 'are damaged'}: ${path}.`,
      { subject: path, remedy: 'Install Descent anew, or choose another model.', cause },
    );
  }
}

/** IEEE 754 binary16; the vectors hold neither infinities nor NaN. */
function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

export async function loadGlove(_: Hyperparameters, context: BaseContext): Promise<Base> {
  const { words, vectors } = await readGlove();
  const pretrained = context.weights === 'pretrained';
  return {
    texts: { splitting: 'glove', words },
    apply: (ids, specification) =>
      averagedVectors(ids, specification, pretrained ? { words, vectors } : undefined),
  };
}

/**
 * [batch, words] int32 -> [batch, 50]: the mean of the vectors of those words that have one, zeros where none has. The mean
 * is written as a softmax over the places (0 for a word, a huge negative number for padding and unknown words), so that layers of
 * TF.js and Keras alone compute it: their own mean of masked steps is Keras' alone.
 */
function averagedVectors(
  ids: tf.SymbolicTensor,
  { input }: ModelSpecification,
  glove: GloveVectors | undefined,
): tf.SymbolicTensor {
  if (input.kind !== 'texts') throw new Error('Word vectors are for texts.');
  const rows = input.vocabulary.length + 2;
  const looked = (outputDim: number, name: string) => {
    const layer = tf.layers.embedding({
      inputDim: rows,
      outputDim,
      embeddingsInitializer: 'zeros',
      trainable: false,
      name,
    });
    return { layer, output: layer.apply(ids) as tf.SymbolicTensor };
  };
  const vectors = looked(gloveDimension, gloveVectorsLayer);
  const counting = looked(1, 'counting_words');
  if (glove) {
    setRows(vectors.layer, rowsOf(input.vocabulary, glove), [rows, gloveDimension]);
    const places = new Float32Array(rows);
    places.fill(never, 0, 2);
    setRows(counting.layer, places, [rows, 1]);
  }
  const scores = tf.layers
    .reshape({ targetShape: [input.sequenceLength], name: 'word_scores' })
    .apply(counting.output);
  const shares = tf.layers.activation({ activation: 'softmax', name: 'word_shares' }).apply(scores);
  return tf.layers
    .dot({ axes: 1, name: 'mean_vector' })
    .apply([shares as tf.SymbolicTensor, vectors.output]) as tf.SymbolicTensor;
}

/** [words + 2, 50]: padding and the unknown word are zeros. */
function rowsOf(vocabulary: readonly string[], { words, vectors }: GloveVectors): Float32Array {
  const places = new Map(words.map((word, place) => [word, place]));
  const rows = new Float32Array((vocabulary.length + 2) * gloveDimension);
  vocabulary.forEach((word, index) => {
    const place = places.get(word);
    if (place === undefined) return;
    const from = place * gloveDimension;
    rows.set(vectors.subarray(from, from + gloveDimension), (index + 2) * gloveDimension);
  });
  return rows;
}

function setRows(layer: tf.layers.Layer, values: Float32Array, shape: [number, number]): void {
  const tensor = tf.tensor2d(values, shape);
  layer.setWeights([tensor]);
  tensor.dispose();
}
