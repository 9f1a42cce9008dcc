import type { SplitName } from '../../contract/dataset';
import type { Tensor } from '../../graph/operation';
import type { FeedValue } from '../../graph/session/feed-value';
import type { Opening } from '../../graph/session/opening';
import type { TensorValue } from '../../graph/tensor-value';
import type {
  ExampleSource,
  PipelinePosition,
  PipelineStage,
  SkippedExample,
  StageTime,
} from '../../pipeline/example-source';
import type { NamedTensor } from '../named-tensor';
import type { PreparingReport, ProgramState } from '../program';

/** A batch that a call drew, and what the call gave. */
export interface DrawnBatch<T> {
  result: T;
  /** Numbers of the examples in their source. */
  indices: Int32Array;
  /** JavaScript's waiting for the batch, before the call. */
  waitMilliseconds: number;
}

/** Where the batches of a graph's calls come from: a tf.data pipeline in the same graph, or feeds. */
export interface StepData {
  /** [size, ...shape of an example]. */
  readonly inputs: Tensor;
  /** float32 [size]. */
  readonly answers: Tensor;
  /** float32 [size]: what the examples' losses are multiplied by; absent where all weigh the same, or for held-out splits. */
  readonly weights?: Tensor | undefined;
  /** When a call asked for its batch (seconds, float64 []), where drawing it is part of the call. */
  readonly asked?: Tensor | undefined;
  /** What a call has to feed, in the order of the values that it is handed. */
  readonly feeds: readonly Tensor[];
  /** What a call has to fetch beside its own. */
  readonly fetches: Readonly<Record<string, Tensor>>;
  /** Whether drawing the batch is part of the call, so that its waiting is too. */
  readonly drawsInside: boolean;
  readonly source: ExampleSource;
  readonly stages: readonly PipelineStage[];
  readonly batchesPerEpoch: number;
  readonly position: PipelinePosition;
  open(opening: Opening): Promise<void>;
  /** Does a part of what has to be done before the next batch can be drawn; undefined when nothing is left. */
  prepare?(): Promise<PreparingReport | undefined>;
  /** Makes one call on the next batch. 'end-of-epoch' once after the last. */
  next<T extends Readonly<Record<string, TensorValue>>>(
    call: (values: readonly FeedValue[]) => T,
  ): Promise<DrawnBatch<T> | 'end-of-epoch'>;
  seek(position: PipelinePosition): void;
  takeSkipped(): SkippedExample[];
  takeStageTimes?(): StageTime[];
  /** Before the session is disposed of. */
  dispose(): Promise<void>;
}

/** Data of the splits that a program trains on and evaluates, emitted into its graph. */
export interface GraphData {
  train: StepData;
  heldOut: Partial<Record<SplitName, StepData>>;
  /** What the data has to remember beside its position: goes into the program's state. */
  save?(): NamedTensor[];
  /** Hears of a state that the program goes on from, before it seeks. */
  restore?(state: ProgramState): Promise<void>;
}
