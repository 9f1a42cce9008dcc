import type * as tf from '@tensorflow/tfjs';
import type { WordPieceSettings } from '../../contract/word-piece';
import type { LayerFactory } from '../layer-factory';
import type { ModelSpecification } from '../specification';

/** What loading a base may need. */
export interface BaseContext {
  /**
   * `later`: a checkpoint gives all the weights, so the base comes without, and no file of it has to be there but what the
   * architecture itself is read from.
   */
  weights: 'pretrained' | 'later';
  cacheDirectory: string;
  /** Where the run keeps what it needs to go on without the base's file; absent: nothing is kept. */
  runDirectory?: string;
  /** Sentences for the run's page. */
  onNotice?(message: string): void;
  onProgress(stage: string, done: number, total: number): void;
  signal: AbortSignal;
}

/** The pretrained part of a model, loaded: what is left to do is synchronous (`buildModel`). */
export interface Base {
  /** Pictures: what it takes, where it doesn't take any size, or other channels than 3. */
  readonly pictures?: { height?: number; width?: number; channels?: 1 | 3 };
  /**
   * Texts: how they are split into words, and the words that it knows, the most frequent one first; or how they are cut into the
   * pieces of a vocabulary, and the longest text in pieces.
   */
  readonly texts?:
    | { splitting: 'glove'; words: readonly string[] }
    | { pieces: WordPieceSettings; vocabulary: string[]; longest: number };
  /**
   * Puts the base's layers, with their weights, on the model's raw input (pictures: float32 0..255 [batch, height, width,
   * channels]), preprocessing first. Gives features: [batch, height, width, channels] or [batch, size].
   */
  apply(input: tf.SymbolicTensor, specification: ModelSpecification, layers: LayerFactory): tf.SymbolicTensor;
}
