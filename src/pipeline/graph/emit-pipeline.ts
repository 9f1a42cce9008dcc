import type { ModelInput } from '../../contract/metadata';
import type { PictureShape } from '../../dataset/common/pixels';
import { Dataset } from '../../graph/data/dataset';
import type { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import type { GraphSession } from '../../graph/session/session';
import { augments } from '../augmentation';
import { openSource, type SourceOptions } from '../dataset-sources';
import { chooseCacheMode } from '../example-cache';
import type { ExampleSource, PipelineStage } from '../example-source';
import { augmentPictures, numbersPerPicture } from './augment-pictures';
import { decodeToShape, type FileKind, fileKinds } from './decode-picture';
import { EpochWalk } from './epoch-walk';
import type { GraphExamples, GraphPipeline, GraphPipelineSettings } from './graph-pipeline';
import { PictureDirectory } from './picture-directory';
import { type PictureFiles, preparePictureFiles } from './picture-files';
import { type EpochFeeds, Sequence } from './sequence';
import { SessionTensor } from './session-tensor';

/**
 * Adds the pipeline of one split to a graph. Call it before the session loads the graph. Pictures that TensorFlow can't
 * decode are converted here, texts and rows are encoded here.
 *
 * @param name of its operations and of its iterator; each pipeline of a graph needs its own
 * @throws DescentError `bad-input`, `io`, `out-of-space`; `cancelled`
 */
export async function emitPipeline(
  graph: Graph,
  name: string,
  { examples, split, input }: GraphExamples,
  settings: GraphPipelineSettings,
  options: SourceOptions = {},
): Promise<GraphPipeline> {
  const source = await openSource(examples, split, input, options);
  if (input.kind !== 'images') return emitRows(graph, name, source, settings);
  const { cacheDirectory } = settings;
  const files = await preparePictureFiles(examples, examples.indices(split), input, cacheDirectory, options);
  return emitPictures(graph, name, { source, input, files, settings });
}

/** [size, ...shape of an example] from encoded rows that live in the session. */
function emitRows(
  graph: Graph,
  name: string,
  source: ExampleSource,
  settings: GraphPipelineSettings,
): GraphPipeline {
  const count = Math.max(1, source.count);
  const rows = new SessionTensor(graph, `${name}/rows`, source.dtype, [count, ...source.shape]);
  const answers = new SessionTensor(graph, `${name}/answers`, 'float32', [count]);
  const sequence = new Sequence(graph, name, [
    ({ order }) =>
      Dataset.fromTensorSlices([order])
        .batch(settings.batchSize)
        .map(
          ([indices, rowsHandle, answersHandle]) => [
            rows.gather(rowsHandle!, indices!),
            answers.gather(answersHandle!, indices!),
            ops.identity(indices!),
          ],
          { captured: [rows.handle, answers.handle], name: `${name}_gather` },
        )
        .prefetch(settings.prefetch),
  ]);
  const stages = describe(source, settings, [
    { stage: 'batch', settings: { batch_size: settings.batchSize, drop_remainder: false } },
    {
      stage: 'map',
      settings: { function: 'gather rows', shape: source.shape.join(' × '), num_parallel_calls: 'AUTOTUNE' },
    },
  ]);
  return new EpochWalk(source, settings, sequence, stages, {
    open: async (session) => {
      rows.allocate(session);
      answers.allocate(session);
      if (source.count === 0) return;
      rows.fill(session, (index) => source.load(index) as Float32Array | Int32Array);
      answers.fill(session, (index) => Float32Array.of(source.answer(index)));
    },
  });
}

interface PictureOptions {
  source: ExampleSource;
  input: ModelInput & { kind: 'images' };
  files: PictureFiles;
  settings: GraphPipelineSettings;
}

/**
 * [size, height, width, channels] from files. As long as some example is not in the cache: map (read, decode, resize) ->
 * ignore errors -> batch -> map (keep, augment); once all are in memory: batch -> map (take, augment).
 */
async function emitPictures(
  graph: Graph,
  name: string,
  { source, input, files, settings }: PictureOptions,
): Promise<GraphPipeline> {
  const { height, width, channels } = input;
  const shape = [height, width, channels] as const;
  const count = Math.max(1, source.count);
  const { augmentation, batchSize, cache, cacheDirectory } = settings;
  const mode = await chooseCacheMode(cache, source.count, height * width * channels, cacheDirectory);
  const memory =
    mode === 'memory' ? new SessionTensor(graph, `${name}/cache`, 'uint8', [count, ...shape]) : undefined;
  const directory = mode === 'disk' ? await PictureDirectory.create(cacheDirectory) : undefined;
  const answers = new SessionTensor(graph, `${name}/answers`, 'float32', [count]);
  const decoder = new FileDecoder(graph, name, files, input);
  const changes = augmentation && augments(augmentation) ? augmentation : undefined;

  const finished = (indices: Tensor, pictures: Tensor, drawn: Tensor | undefined, handle: Tensor) => [
    changes ? augmentPictures(pictures, drawn!, shape, changes) : ops.cast(pictures, 'float32'),
    answers.gather(handle, indices),
    ops.identity(indices),
  ];
  const reading = ({ order, kept, draws }: EpochFeeds) =>
    Dataset.fromTensorSlices(changes ? [order, kept, draws] : [order, kept])
      .map(
        (given) => {
          const [index, isKept] = given;
          const drawn = changes ? [numbersOf(given[2]!)] : [];
          const handles = given.slice(2 + drawn.length);
          const picture = directory
            ? directory.recall(index!, isKept!, handles, shape, (again, captured) =>
                decoder.decode(again, captured),
              )
            : decoder.decode(index!, handles);
          return [ops.identity(index!), picture, ...drawn];
        },
        { captured: decoder.handles, name: `${name}_load` },
      )
      .ignoreErrors()
      .batch(batchSize)
      .map(
        (given, body) => {
          const [indices, pictures] = given;
          const drawn = changes ? given[2] : undefined;
          const [answersHandle, cacheHandle] = given.slice(changes ? 3 : 2);
          const keep = memory && cacheHandle ? [memory.write(cacheHandle, indices!, pictures!)] : [];
          return body.after(keep, () => finished(indices!, pictures!, drawn, answersHandle!));
        },
        { captured: [answers.handle, ...(memory ? [memory.handle] : [])], name: `${name}_finish` },
      )
      .prefetch(settings.prefetch);
  const recalling = (cached: SessionTensor, { order, draws }: EpochFeeds) =>
    Dataset.fromTensorSlices(changes ? [order, draws] : [order])
      .batch(batchSize)
      .map(
        (given) => {
          const [indices] = given;
          const drawn = changes ? numbersOf(given[1]!) : undefined;
          const [answersHandle, cacheHandle] = given.slice(changes ? 2 : 1);
          return finished(indices!, cached.gather(cacheHandle!, indices!), drawn, answersHandle!);
        },
        { captured: [answers.handle, cached.handle], name: `${name}_recall` },
      )
      .prefetch(settings.prefetch);
  const builds = [reading];
  if (memory) builds.push((feeds) => recalling(memory, feeds));
  const sequence = new Sequence(graph, name, builds);

  const stages: PipelineStage[] = [
    {
      stage: 'map',
      settings: {
        function: 'read, decode, upright, resize',
        shape: shape.join(' × '),
        num_parallel_calls: 'AUTOTUNE',
        converted_files: files.converted,
      },
    },
    { stage: 'ignore_errors', settings: {} },
    { stage: 'batch', settings: { batch_size: batchSize, drop_remainder: false } },
    { stage: 'cache', settings: { where: mode, dtype: 'uint8' } },
  ];
  if (changes)
    stages.push({
      stage: 'map',
      settings: { function: 'augment', ...changes, num_parallel_calls: 'AUTOTUNE' },
    });
  return new EpochWalk(source, settings, sequence, describe(source, settings, stages), {
    ...(memory ? { keeps: 'memory' as const } : directory ? { keeps: 'disk' as const } : {}),
    open: async (session) => {
      memory?.allocate(session);
      answers.allocate(session);
      decoder.open(session, source.count);
      if (source.count > 0) answers.fill(session, (index) => Float32Array.of(source.answer(index)));
    },
    dispose: async () => directory?.dispose(),
  });
}

/** How many they are is known at last: what was fed had any width. */
function numbersOf(draws: Tensor): Tensor {
  const shape = [...(draws.shape ?? []).slice(0, -1), numbersPerPicture];
  return draws.graph.op('EnsureShape', [draws], { shape }, { shapes: [shape] }).output;
}

/** The files' columns in the session, and the way from an example's number to its picture. */
class FileDecoder {
  private readonly paths: SessionTensor;
  private readonly columns: SessionTensor;
  private readonly kinds: ReadonlySet<FileKind>;
  private readonly turned: boolean;

  constructor(
    graph: Graph,
    name: string,
    private readonly files: PictureFiles,
    private readonly shape: PictureShape,
  ) {
    const count = Math.max(1, files.paths.length);
    this.paths = new SessionTensor(graph, `${name}/paths`, 'string', [count]);
    this.columns = new SessionTensor(graph, `${name}/columns`, 'int32', [count, 2]);
    this.kinds = new Set(Array.from(files.kinds, (kind) => fileKinds[kind]!));
    this.turned = files.orientations.some((orientation) => orientation > 1);
  }

  /** What a function captures to decode. */
  get handles(): Tensor[] {
    return [this.paths.handle, this.columns.handle];
  }

  /** uint8 [height, width, channels]; `handles` as the function got them. */
  decode(index: Tensor, [paths, columns]: readonly Tensor[]): Tensor {
    const bytes = ops.readFile(this.paths.gather(paths!, index));
    const row = this.columns.gather(columns!, index);
    const orientation = this.turned ? ops.element(row, 1) : undefined;
    return decodeToShape(bytes, ops.element(row, 0), this.kinds, orientation, this.shape);
  }

  open(session: GraphSession, count: number): void {
    this.paths.allocate(session);
    this.columns.allocate(session);
    if (count === 0) return;
    const { paths, kinds, orientations } = this.files;
    this.paths.fill(session, (index) => paths[index]!);
    this.columns.fill(session, (index) => Int32Array.of(kinds[index]!, orientations[index]!));
  }
}

function describe(
  source: ExampleSource,
  settings: GraphPipelineSettings,
  middle: readonly PipelineStage[],
): PipelineStage[] {
  const { shuffleBuffer, seed, prefetch } = settings;
  const stages: PipelineStage[] = [{ stage: 'from_tensor_slices', settings: { examples: source.count } }];
  if (shuffleBuffer !== undefined)
    stages.push({
      stage: 'shuffle',
      settings: { buffer_size: shuffleBuffer, seed, reshuffle_each_iteration: true },
    });
  const last: PipelineStage = { stage: 'prefetch', settings: { buffer_size: prefetch ?? 'AUTOTUNE' } };
  return [...stages, ...middle, last];
}
