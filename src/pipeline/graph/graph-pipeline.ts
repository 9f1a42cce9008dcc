import type { SplitName } from '../../contract/dataset';
import type { ModelInput } from '../../contract/metadata';
import type { ExampleTable } from '../../dataset/node/example-table';
import type { Tensor } from '../../graph/operation';
import type { Opening } from '../../graph/session/opening';
import type { TensorValue } from '../../graph/tensor-value';
import type {
  ExampleSource,
  PipelinePosition,
  PipelineStage,
  SkippedExample,
  StageTime,
} from '../example-source';
import type { PipelineSettings } from '../plain-pipeline';

/** As the plain pipeline's; without `prefetch` TensorFlow finds out how many batches to prepare. */
export type GraphPipelineSettings = Omit<PipelineSettings, 'prefetch'> & { prefetch?: number };

/** The examples of one split, as a model with this input takes them. */
export interface GraphExamples {
  examples: ExampleTable;
  split: SplitName;
  input: ModelInput;
}

/**
 * TensorFlow's tf.data as operations of a graph: every session call that depends on `inputs`, `answers` or `indices`
 * draws one batch. Order, batches and skipped examples are those of the plain pipeline with the same settings.
 *
 * Use: emit it, build the step on its tensors, load the session, `open`, then `next` for each step.
 */
export interface GraphPipeline {
  /** [size, ...shape of an example], float32 or int32 (word ids); size is at most the batch size. */
  readonly inputs: Tensor;
  /** float32 [size]: class indices or target values. */
  readonly answers: Tensor;
  /** float32 [size]: what the examples' losses are multiplied by; absent where all weigh the same. */
  readonly weights?: Tensor;
  /** int32 [size]: numbers of the examples in their source. Each call has to fetch them. */
  readonly indices: Tensor;
  /** When a call asked for its batch: seconds, float64 []. It waits until `inputs` are there. */
  readonly asked: Tensor;
  /**
   * float32 [any, measured stages]: milliseconds, an example or a batch in each row. Absent where nothing is measured.
   * Calls that fetch it under this name in `next` add to `takeStageTimes`.
   */
  readonly stageTimes?: Tensor;
  /** The same examples one by one: count, names, answers, shape. */
  readonly source: ExampleSource;
  readonly stages: readonly PipelineStage[];
  /** Upper bound of batches an epoch. */
  readonly batchesPerEpoch: number;
  /** Where the next batch begins. */
  readonly position: PipelinePosition;
  /** Once, after the session has loaded the graph: moves columns and encoded examples into it. */
  open(opening: Opening): Promise<void>;
  /**
   * Runs `step`, which makes one session call that draws a batch and fetches `indices` among others, at the position of
   * now, and moves on. 'end-of-epoch' once after the last batch (the call has then done nothing); the next call begins
   * the next epoch. What else `step` throws passes through, and the position stays.
   */
  next<T extends { indices: TensorValue; stageTimes?: TensorValue }>(
    step: () => T,
  ): Promise<T | 'end-of-epoch'>;
  /** Goes to a place, forwards or backwards; what was prepared ahead is dropped. */
  seek(position: PipelinePosition): void;
  /** Examples that could not be read since the last call, each once in the pipeline's life. */
  takeSkipped(): SkippedExample[];
  /** What was measured since the last call; stages that did nothing are missing. */
  takeStageTimes(): StageTime[];
  /** Before the session is disposed of. */
  dispose(): Promise<void>;
}
