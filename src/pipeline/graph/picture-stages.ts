import type { Dataset } from '../../graph/data/dataset';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import type { AugmentationSettings } from '../augmentation';
import type { CacheMode } from '../example-cache';
import type { PipelineStage } from '../example-source';
import { augmentPictures } from './augment-pictures';
import type { FileDecoder } from './file-decoder';
import type { PictureDirectory } from './picture-directory';
import type { SessionTensor } from './session-tensor';

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
}

/** The stages of tf.data from numbers of pictures to batches: inputs, answers, numbers. */
export class PictureStages {
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
            const pictures = ops.expandDims(load(index!, isKept!, handles), 0);
            const indices = ops.expandDims(index!, 0);
            return body.after(keep(indices, pictures, others[handles.length]), () =>
              this.finishOne(indices, pictures, drawn!, answersHandle!),
            );
          },
          { captured: [this.answers.handle, ...decoder.handles, ...cacheHandles], name: `${name}_load` },
        )
        .ignoreErrors()
        .batch(batchSize)
        .prefetch(prefetch);
    return examples
      .map(
        ([index, isKept, drawn, ...handles]) => [
          ops.identity(index!),
          load(index!, isKept!, handles),
          ops.identity(drawn!),
        ],
        { captured: decoder.handles, name: `${name}_load` },
      )
      .ignoreErrors()
      .batch(batchSize)
      .map(
        ([indices, pictures, drawn, answersHandle, cacheHandle], body) =>
          body.after(keep(indices!, pictures!, cacheHandle), () =>
            this.finish(indices!, pictures!, drawn!, answersHandle!),
          ),
        { captured: [this.answers.handle, ...cacheHandles], name: `${name}_finish` },
      )
      .prefetch(prefetch);
  }

  /** From memory, once every picture stands there. */
  recalling(memory: SessionTensor, examples: Dataset): Dataset {
    const { batchSize, name, prefetch } = this.options;
    const options = { captured: [this.answers.handle, memory.handle], name: `${name}_recall` };
    if (this.alone)
      return examples
        .map(([index, , drawn, answersHandle, cacheHandle]) => {
          const indices = ops.expandDims(index!, 0);
          return this.finishOne(indices, memory.gather(cacheHandle!, indices), drawn!, answersHandle!);
        }, options)
        .batch(batchSize)
        .prefetch(prefetch);
    return examples
      .batch(batchSize)
      .map(
        ([indices, , drawn, answersHandle, cacheHandle]) =>
          this.finish(indices!, memory.gather(cacheHandle!, indices!), drawn!, answersHandle!),
        options,
      )
      .prefetch(prefetch);
  }

  /** In tf.data's words. */
  describe(cache: CacheMode, convertedFiles: number): PipelineStage[] {
    const { augmentation, batchSize, shape } = this.options;
    const parallel = { num_parallel_calls: 'AUTOTUNE' };
    const stages: PipelineStage[] = [
      {
        stage: 'map',
        settings: {
          function: 'read, decode, upright, resize',
          shape: shape.join(' × '),
          ...parallel,
          converted_files: convertedFiles,
        },
      },
      { stage: 'cache', settings: { where: cache, dtype: 'uint8' } },
    ];
    const augment: PipelineStage[] = augmentation
      ? [{ stage: 'map', settings: { function: 'augment', ...augmentation, ...parallel } }]
      : [];
    const skip: PipelineStage = { stage: 'ignore_errors', settings: {} };
    const batch: PipelineStage = {
      stage: 'batch',
      settings: { batch_size: batchSize, drop_remainder: false },
    };
    return this.alone ? [...stages, ...augment, skip, batch] : [...stages, skip, batch, ...augment];
  }

  /** [size, ...] of everything. */
  private finish(indices: Tensor, pictures: Tensor, drawn: Tensor, answersHandle: Tensor): Tensor[] {
    const { augmentation, shape } = this.options;
    return [
      augmentation ? augmentPictures(pictures, drawn, shape, augmentation) : ops.cast(pictures, 'float32'),
      this.answers.gather(answersHandle, indices),
      ops.identity(indices),
    ];
  }

  /** A batch of one, without its first axis. */
  private finishOne(indices: Tensor, pictures: Tensor, drawn: Tensor, answersHandle: Tensor): Tensor[] {
    const [inputs, answers, numbers] = this.finish(
      indices,
      pictures,
      ops.expandDims(drawn, 0),
      answersHandle,
    );
    return [ops.reshape(inputs!, this.options.shape), ops.squeeze(answers!, [0]), ops.squeeze(numbers!, [0])];
  }
}
