import type { PipelineStage } from '../contract/run';

export type ExampleValues = Uint8Array | Float32Array | Int32Array;

/** The examples of one split, numbered 0 .. count - 1, before order, cache and batches. */
export interface ExampleSource {
  readonly count: number;
  /** Shape of one example: [height, width, channels], [columns] or [words]. */
  readonly shape: readonly number[];
  /** What a batch holds: float32, or int32 (word ids). */
  readonly dtype: 'float32' | 'int32';
  /** The examples stand in memory already: `load` answers at once and nothing is gained by a cache. */
  readonly resident: boolean;
  /** All examples one after the other, where they stand in memory in one piece: batches are then copied out of it. */
  readonly rows?: Float32Array | Int32Array;
  /** Name of the work that `load` does, for the description of the pipeline. */
  readonly loading: string;
  /** The file as people know it, relative to the data set's folder (tables: `row:<n>`). */
  name(index: number): string;
  /** Index of the class, or the target's value. */
  answer(index: number): number;
  /** What the example's loss is multiplied by; absent where all weigh the same. */
  weight?(index: number): number;
  /** Values of one example, row-major; rejects when the example can't be read. */
  load(index: number): ExampleValues | Promise<ExampleValues>;
}

export interface Batch {
  /** Row-major [size, ...shape of an example]. */
  inputs: Float32Array | Int32Array;
  /** Class indices or target values, one an example. */
  answers: Float32Array;
  /** One an example, where the source has them. */
  weights?: Float32Array;
  /** Numbers of the examples in their source. */
  indices: Int32Array;
  size: number;
}

export interface PipelinePosition {
  epoch: number;
  /** Places of the epoch's order that have been used up (examples that were skipped count). */
  index: number;
}

export type { PipelineStage };

/** Work of a stage since it was last asked for. */
export interface StageTime {
  /** Place in the pipeline's stages. */
  place: number;
  unit: 'example' | 'batch';
  elements: number;
  /** Of all elements together, each on the thread that worked on it. */
  milliseconds: number;
}

export interface SkippedExample {
  file: string;
  reason: string;
}

/** Examples in batches, epoch by epoch. */
export interface ExamplePipeline {
  /** The next batch of the epoch; 'end-of-epoch' once after its last, then the next epoch begins. */
  next(): Promise<Batch | 'end-of-epoch'>;
  /** Where the next batch begins. */
  readonly position: PipelinePosition;
  /** Goes to a place, forwards or backwards; what was prepared ahead is dropped. */
  seek(position: PipelinePosition): void;
  /** Examples that could not be read since the last call, each once in the pipeline's life. */
  takeSkipped(): SkippedExample[];
  readonly stages: readonly PipelineStage[];
  /** What was measured since the last call; stages that did nothing are missing. */
  takeStageTimes(): StageTime[];
  /** Upper bound of batches an epoch. */
  readonly batchesPerEpoch: number;
  dispose(): Promise<void>;
}
