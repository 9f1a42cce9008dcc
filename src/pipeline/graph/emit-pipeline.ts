import type { ModelInput } from '../../contract/metadata';
import type { Graph } from '../../graph/graph';
import { augments } from '../augmentation';
import { openSource, type SourceOptions } from '../dataset-sources';
import { chooseCacheMode } from '../example-cache';
import type { ExampleSource, PipelineStage } from '../example-source';
import { numbersPerPicture } from './augment-pictures';
import { EpochWalk } from './epoch-walk';
import { FileDecoder } from './file-decoder';
import type { GraphExamples, GraphPipeline, GraphPipelineSettings } from './graph-pipeline';
import { PictureDirectory } from './picture-directory';
import { type PictureFiles, preparePictureFiles } from './picture-files';
import { batchesAtOnce, PictureStages } from './picture-stages';
import { type BuildStages, Sequence } from './sequence';
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
  const weights = source.weight && new SessionTensor(graph, `${name}/weights`, 'float32', [count]);
  const sequence = new Sequence(graph, name, 0, [
    ({ batches, captured, rowsOf }) =>
      batches
        .map(
          ([batch, rowsHandle, answersHandle, ...handles]) => {
            const { indices } = rowsOf(batch!, handles);
            return [rows.gather(rowsHandle!, indices), answers.gather(answersHandle!, indices), indices];
          },
          {
            captured: [rows.handle, answers.handle, ...captured],
            name: `${name}_gather`,
            parallelCalls: batchesAtOnce,
          },
        )
        .prefetch(settings.prefetch),
  ]);
  const stages = describe(source, settings, [
    { stage: 'batch', settings: { batch_size: settings.batchSize, drop_remainder: false } },
    {
      stage: 'map',
      settings: {
        function: 'gather rows',
        shape: source.shape.join(' × '),
        num_parallel_calls: batchesAtOnce,
      },
    },
  ]);
  return new EpochWalk(source, settings, sequence, stages, {
    ...(weights ? { weights: (indices) => weights.gather(weights.handle, indices) } : {}),
    datasets: { memory: 0 },
    open: async (opening) => {
      if (source.count === 0) return;
      rows.fill(opening, (index) => source.load(index) as Float32Array | Int32Array);
      answers.fill(opening, (index) => Float32Array.of(source.answer(index)));
      weights?.fill(opening, (index) => Float32Array.of(source.weight!(index)));
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
 * [size, height, width, channels] from files. As long as some example is not in the cache they are read; once
 * all are in memory they are taken from there.
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

  const pictures = new PictureStages(decoder, answers, memory, directory, {
    shape,
    batchSize,
    prefetch: settings.prefetch,
    augmentation: changes,
    cache: mode,
    convertedFiles: files.converted,
    name,
  });
  const builds: BuildStages[] = [(start) => pictures.reading(start)];
  if (memory) builds.push((start) => pictures.recalling(memory, start));
  const sequence = new Sequence(graph, name, changes ? numbersPerPicture : 0, builds);

  return new EpochWalk(source, settings, sequence, describe(source, settings, pictures.stages), {
    datasets: { files: 0, ...(memory ? { memory: 1 } : {}) },
    measured: pictures.measured,
    ...(memory ? { keeps: 'memory' as const } : directory ? { keeps: 'disk' as const } : {}),
    open: async (opening) => {
      memory?.allocate(opening);
      decoder.open(opening, source.count);
      if (source.count > 0) answers.fill(opening, (index) => Float32Array.of(source.answer(index)));
    },
    dispose: async () => directory?.dispose(),
  });
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
