import type { Dataset } from '../../graph/data/dataset';
import type { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import type { AugmentationSettings } from '../augmentation';
import type { CacheMode } from '../example-cache';
import type { PipelineStage } from '../example-source';
import { augmentPictures } from './augment-pictures';
import type { MeasuredStage } from './epoch-walk';
import type { FileDecoder } from './file-decoder';
import type { PictureDirectory } from './picture-directory';
import type { SessionTensor } from './session-tensor';
import { StopWatch } from './stop-watch';

/**
 * From this size on a picture is augmented by itself, before it is batched: its floats then stay in the processor's
 * cache from one operation to the next. Below it, the operations' own cost counts more, and whole batches are augmented.
 */
const smallestAlone = 16_384;

interface StageOptions {
  name: string;
  shape: readonly [height: number, width: number, channels: number];
  batchSize: number;
  prefetch: number | undefined;
  augmentation: AugmentationSettings | undefined;
  cache: CacheMode;
  convertedFiles: number;
}

/** The stages of tf.data from numbers of pictures to batches: inputs, answers, numbers, times of the stages. */
export class PictureStages {
  /** In tf.data's words. */
  readonly stages: readonly PipelineStage[];
  /** Columns of the times. */
  readonly measured: readonly MeasuredStage[];
  private readonly alone: boolean;

  constructor(
    private readonly decoder: FileDecoder,
    private readonly answers: SessionTensor,
    private readonly memory: SessionTensor | undefined,
    private readonly directory: PictureDirectory | undefined,
    private readonly options: StageOptions,
  ) {
    const elements = options.shape.reduce((product, size) => product * size, 1);
    this.alone = options.augmentation !== undefined && elements >= smallestAlone;
    const described = this.describe();
    this.stages = described.stages;
    this.measured = described.measured;
  }

  /** From the files; keeps what it decodes. */
  reading(examples: Dataset): Dataset {
    const { decoder, directory, memory, options } = this;
    const { batchSize, name, prefetch, shape } = options;
    const cacheHandles = memory ? [memory.handle] : [];
    const load = (index: Tensor, isKept: Tensor, handles: readonly Tensor[]) =>
      directory
        ? directory.recall(index, isKept, handles, shape, (again, captured) =>
            decoder.decode(again, captured),
          )
        : decoder.decode(index, handles);
    const keep = (indices: Tensor, pictures: Tensor, handle: Tensor | undefined) =>
      memory && handle ? [memory.write(handle, indices, pictures)] : [];
    if (this.alone)
      return examples
        .map(
          ([index, isKept, drawn, answersHandle, ...others], body) => {
            const handles = others.slice(0, decoder.handles.length);
            const watch = new StopWatch(body);
            const pictures = watch.time(() => ops.expandDims(load(index!, isKept!, handles), 0));
            const indices = ops.expandDims(index!, 0);
            watch.run(() => keep(indices, pictures, others[handles.length]));
            return this.finishOne(watch, indices, pictures, drawn!, answersHandle!);
          },
          { captured: [this.answers.handle, ...decoder.handles, ...cacheHandles], name: `${name}_load` },
        )
        .ignoreErrors()
        .batch(batchSize)
        .prefetch(prefetch);
    return examples
      .map(
        ([index, isKept, drawn, ...handles], body) => {
          const watch = new StopWatch(body);
          const picture = watch.time(() => load(index!, isKept!, handles));
          return [ops.identity(index!), picture, ops.identity(drawn!), watch.times[0]!];
        },
        { captured: decoder.handles, name: `${name}_load` },
      )
      .ignoreErrors()
      .batch(batchSize)
      .map(
        ([indices, pictures, drawn, loadTimes, answersHandle, cacheHandle], body) => {
          const watch = new StopWatch(body, [ops.sum(loadTimes!)]);
          watch.run(() => keep(indices!, pictures!, cacheHandle));
          return this.finish(watch, indices!, pictures!, drawn!, answersHandle!);
        },
        { captured: [this.answers.handle, ...cacheHandles], name: `${name}_finish` },
      )
      .prefetch(prefetch);
  }

  /** From memory, once every picture stands there. */
  recalling(memory: SessionTensor, examples: Dataset): Dataset {
    const { batchSize, name, prefetch } = this.options;
    const options = { captured: [this.answers.handle, memory.handle], name: `${name}_recall` };
    const recall = (body: Graph, handle: Tensor, indices: Tensor) => {
      const watch = new StopWatch(body, [body.constant(0, 'float32')]);
      return { watch, pictures: watch.time(() => memory.gather(handle, indices)) };
    };
    if (this.alone)
      return examples
        .map(([index, , drawn, answersHandle, cacheHandle], body) => {
          const indices = ops.expandDims(index!, 0);
          const { watch, pictures } = recall(body, cacheHandle!, indices);
          return this.finishOne(watch, indices, pictures, drawn!, answersHandle!);
        }, options)
        .batch(batchSize)
        .prefetch(prefetch);
    return examples
      .batch(batchSize)
      .map(([indices, , drawn, answersHandle, cacheHandle], body) => {
        const { watch, pictures } = recall(body, cacheHandle!, indices!);
        return this.finish(watch, indices!, pictures, drawn!, answersHandle!);
      }, options)
      .prefetch(prefetch);
  }

  private describe(): { stages: PipelineStage[]; measured: MeasuredStage[] } {
    const { augmentation, batchSize, cache, convertedFiles, shape } = this.options;
    const parallel = { num_parallel_calls: 'AUTOTUNE' };
    const load: PipelineStage = {
      stage: 'map',
      settings: {
        function: 'read, decode, upright, resize',
        shape: shape.join(' × '),
        ...parallel,
        converted_files: convertedFiles,
      },
    };
    const kept: PipelineStage = { stage: 'cache', settings: { where: cache, dtype: 'uint8' } };
    const finish: PipelineStage = augmentation
      ? { stage: 'map', settings: { function: 'augment', ...augmentation, ...parallel } }
      : { stage: 'map', settings: { function: 'cast', ...parallel } };
    const skip: PipelineStage = { stage: 'ignore_errors', settings: {} };
    const batch: PipelineStage = {
      stage: 'batch',
      settings: { batch_size: batchSize, drop_remainder: false },
    };
    const unit = this.alone ? ('example' as const) : ('batch' as const);
    return {
      stages: this.alone ? [load, kept, finish, skip, batch] : [load, kept, skip, batch, finish],
      measured: [
        { stage: load, unit: 'example' },
        { stage: kept, unit },
        { stage: finish, unit },
      ],
    };
  }

  /** [size, ...] of everything but the times, which are one row. */
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

  /** A batch of one, without its first axis. */
  private finishOne(
    watch: StopWatch,
    indices: Tensor,
    pictures: Tensor,
    drawn: Tensor,
    answersHandle: Tensor,
  ): Tensor[] {
    const [inputs, answers, numbers, times] = this.finish(
      watch,
      indices,
      pictures,
      ops.expandDims(drawn, 0),
      answersHandle,
    );
    return [
      ops.reshape(inputs!, this.options.shape),
      ops.squeeze(answers!, [0]),
      ops.squeeze(numbers!, [0]),
      ops.squeeze(times!, [0]),
    ];
  }
}
