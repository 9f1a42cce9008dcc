import { availableParallelism } from 'node:os';
import type { Dataset } from '../../graph/data/dataset';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import type { AugmentationSettings } from '../augmentation';
import type { CacheMode } from '../example-cache';
import type { PipelineStage } from '../example-source';
import { augmentPictures } from './augment-pictures';
import type { MeasuredStage } from './epoch-walk';
import type { FileDecoder } from './file-decoder';
import type { PictureDirectory } from './picture-directory';
import type { SequenceStart } from './sequence';
import type { SessionTensor } from './session-tensor';
import { StopWatch } from './stop-watch';

/** Files that are read and decoded at once: what AUTOTUNE comes to for work that leaves no processor idle (`Dataset.fixed`). */
const examplesAtOnce = availableParallelism();
/** Batches that are put together from memory at once; their operations use all processors themselves. */
export const batchesAtOnce = Math.min(2, availableParallelism());
/** Batches that stand ready, where the settings leave it to the pipeline: from memory they are made faster than used. */
const batchesReady = 2;

interface StageOptions {
  name: string;
  shape: readonly [height: number, width: number, channels: number];
  batchSize: number;
  prefetch: number | undefined;
  augmentation: AugmentationSettings | undefined;
  cache: CacheMode;
  convertedFiles: number;
}

/**
 * The stages of tf.data from numbers of pictures to batches: inputs, answers, numbers, times of the stages. Pictures are
 * read one by one, as bytes; cache and augmentation work on whole batches.
 */
export class PictureStages {
  /** In tf.data's words. */
  readonly stages: readonly PipelineStage[];
  /** Columns of the times. */
  readonly measured: readonly MeasuredStage[];

  constructor(
    private readonly decoder: FileDecoder,
    private readonly answers: SessionTensor,
    private readonly memory: SessionTensor | undefined,
    private readonly directory: PictureDirectory | undefined,
    private readonly options: StageOptions,
  ) {
    const described = this.describe();
    this.stages = described.stages;
    this.measured = described.measured;
  }

  /** From the files; keeps what it decodes. */
  reading({ examples }: SequenceStart): Dataset {
    const { decoder, memory } = this;
    const { batchSize, name, prefetch } = this.options;
    return examples
      .map(
        ([index, isKept, drawn, ...handles], body) => {
          const begin = ops.timestamp(body);
          const picture = body.after([begin], () => this.load(index!, isKept!, handles));
          const end = ops.timestamp(body, [picture]);
          return [ops.identity(index!), picture, ops.identity(drawn!), begin, end];
        },
        { captured: decoder.handles, name: `${name}_load`, parallelCalls: examplesAtOnce },
      )
      .ignoreErrors()
      .batch(batchSize)
      .map(
        ([indices, pictures, drawn, begin, end, answersHandle, cacheHandle], body) => {
          const seconds = ops.sum(ops.subtract(end!, begin!));
          const watch = new StopWatch(body, [ops.cast(ops.multiply(seconds, 1000), 'float32')]);
          watch.run(() => (memory ? [memory.write(cacheHandle!, indices!, pictures!)] : []));
          return this.finish(watch, indices!, pictures!, drawn!, answersHandle!);
        },
        {
          captured: [this.answers.handle, ...(memory ? [memory.handle] : [])],
          name: `${name}_finish`,
          parallelCalls: examplesAtOnce,
        },
      )
      .prefetch(prefetch);
  }

  /** From memory, once every picture stands there. */
  recalling(memory: SessionTensor, { batches, captured, rowsOf }: SequenceStart): Dataset {
    const { name, prefetch = batchesReady } = this.options;
    return batches
      .map(
        ([batch, answersHandle, cacheHandle, ...handles], body) => {
          const { indices, drawn } = rowsOf(batch!, handles);
          const watch = new StopWatch(body, [body.constant(0, 'float32')]);
          const pictures = watch.time(() => memory.gather(cacheHandle!, indices));
          return this.finish(watch, indices, pictures, drawn, answersHandle!);
        },
        {
          captured: [this.answers.handle, memory.handle, ...captured],
          name: `${name}_recall`,
          parallelCalls: batchesAtOnce,
        },
      )
      .prefetch(prefetch);
  }

  private load(index: Tensor, isKept: Tensor, handles: readonly Tensor[]): Tensor {
    const { decoder, directory, options } = this;
    if (!directory) return decoder.decode(index, handles);
    return directory.recall(index, isKept, handles, options.shape, (again, captured) =>
      decoder.decode(again, captured),
    );
  }

  private describe(): { stages: PipelineStage[]; measured: MeasuredStage[] } {
    const { augmentation, batchSize, cache, convertedFiles, shape } = this.options;
    const load: PipelineStage = {
      stage: 'map',
      settings: {
        function: 'read, decode, upright, resize',
        shape: shape.join(' × '),
        num_parallel_calls: examplesAtOnce,
        converted_files: convertedFiles,
      },
    };
    const skip: PipelineStage = { stage: 'ignore_errors', settings: {} };
    const batch: PipelineStage = {
      stage: 'batch',
      settings: { batch_size: batchSize, drop_remainder: false },
    };
    const kept: PipelineStage = { stage: 'cache', settings: { where: cache, dtype: 'uint8' } };
    const finish: PipelineStage = {
      stage: 'map',
      settings: {
        ...(augmentation ? { function: 'augment', ...augmentation } : { function: 'cast' }),
        num_parallel_calls: cache === 'memory' ? batchesAtOnce : examplesAtOnce,
      },
    };
    return {
      stages: [load, skip, batch, kept, finish],
      measured: [
        { stage: load, unit: 'example' },
        { stage: kept, unit: 'batch' },
        { stage: finish, unit: 'batch' },
      ],
    };
  }

  private finish(
    watch: StopWatch,
    indices: Tensor,
    pictures: Tensor,
    drawn: Tensor,
    answersHandle: Tensor,
  ): Tensor[] {
    const { augmentation, shape } = this.options;
    const inputs = watch.time(() =>
      augmentation ? augmentPictures(pictures, drawn, shape, augmentation) : ops.cast(pictures, 'float32'),
    );
    return [
      inputs,
      this.answers.gather(answersHandle, indices),
      ops.identity(indices),
      ops.expandDims(ops.stack(watch.times, 0), 0),
    ];
  }
}
