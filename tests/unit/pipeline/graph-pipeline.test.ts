import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelInput } from '../../../src/contract/metadata';
import type { ExampleTable } from '../../../src/dataset/node/example-table';
import { openDataset } from '../../../src/dataset/node/open';
import { loadBackend } from '../../../src/engine/native/backend';
import { Graph } from '../../../src/graph/graph';
import { Opening } from '../../../src/graph/session/opening';
import { GraphSession } from '../../../src/graph/session/session';
import type { AugmentationSettings } from '../../../src/pipeline/augmentation';
import { openSource } from '../../../src/pipeline/dataset-sources';
import type { Batch, ExamplePipeline, PipelinePosition } from '../../../src/pipeline/example-source';
import { emitPipeline } from '../../../src/pipeline/graph/emit-pipeline';
import type { GraphPipeline, GraphPipelineSettings } from '../../../src/pipeline/graph/graph-pipeline';
import { createPlainPipeline } from '../../../src/pipeline/plain-pipeline';

let directory: string;
let pictures: ExampleTable;
const input: ModelInput = { kind: 'images', height: 16, width: 20, channels: 3 };

beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent-graph-pipeline-'));
  pictures = await pictureFolder('pictures', 30);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function pictureFolder(name: string, count: number): Promise<ExampleTable> {
  const root = join(directory, name);
  for (let index = 0; index < count; index++) {
    const folder = join(root, index % 2 === 0 ? 'even' : 'odd');
    await mkdir(folder, { recursive: true });
    const pixels = Buffer.from(
      Array.from({ length: 24 * 18 * 3 }, (_, at) => 127 + 120 * Math.sin(at / (5 + index)) * Math.cos(at)),
    );
    const picture = sharp(pixels, { raw: { width: 24, height: 18, channels: 3 } });
    const file = join(folder, `${index}`.padStart(3, '0'));
    await (index % 3 === 0 ? picture.png().toFile(`${file}.png`) : picture.jpeg().toFile(`${file}.jpg`));
  }
  const { examples } = await openDataset(root, {}, { cacheDirectory: join(directory, 'scans') });
  return examples;
}

function settings(overrides: Partial<GraphPipelineSettings> = {}): GraphPipelineSettings {
  return {
    seed: 42,
    batchSize: 7,
    shuffleBuffer: 12,
    cache: 'memory',
    cacheDirectory: join(directory, 'cache'),
    ...overrides,
  };
}

/** A graph pipeline that hands its batches out, as the plain one does. */
class Opened {
  private constructor(
    readonly pipeline: GraphPipeline,
    readonly session: GraphSession,
  ) {}

  static async of(examples: ExampleTable, model: ModelInput, chosen: GraphPipelineSettings): Promise<Opened> {
    const graph = new Graph();
    const pipeline = await emitPipeline(graph, 'train', { examples, split: 'train', input: model }, chosen);
    const session = await GraphSession.load(graph);
    const opening = new Opening();
    await pipeline.open(opening);
    opening.run(session);
    return new Opened(pipeline, session);
  }

  async next(): Promise<Batch | 'end-of-epoch'> {
    const { inputs, answers, indices, weights } = this.pipeline;
    const fetches = { inputs, answers, indices, ...(weights ? { weights } : {}) };
    const found = await this.pipeline.next(() => this.session.run(fetches));
    if (found === 'end-of-epoch') return found;
    return {
      inputs: found.inputs.data as Float32Array | Int32Array,
      answers: found.answers.floats(),
      ...(found.weights ? { weights: found.weights.floats() } : {}),
      indices: found.indices.data as Int32Array,
      size: found.indices.data.length,
    };
  }

  async dispose(): Promise<void> {
    await this.pipeline.dispose();
    this.session.dispose();
  }
}

interface Source {
  next(): Promise<Batch | 'end-of-epoch'>;
}

async function take(source: Source, count: number): Promise<(Batch | 'end-of-epoch')[]> {
  const taken: (Batch | 'end-of-epoch')[] = [];
  for (let place = 0; place < count; place++) taken.push(await source.next());
  return taken;
}

async function plain(
  examples: ExampleTable,
  model: ModelInput,
  chosen: GraphPipelineSettings,
): Promise<ExamplePipeline> {
  return createPlainPipeline(await openSource(examples, 'train', model), { prefetch: 2, ...chosen });
}

function largestDifference(one: ArrayLike<number>, other: ArrayLike<number>): number {
  expect(one.length).toBe(other.length);
  let largest = 0;
  for (let at = 0; at < one.length; at++) largest = Math.max(largest, Math.abs(one[at]! - other[at]!));
  return largest;
}

describe('the pipeline in the graph', () => {
  it.each(['memory', 'disk', 'none'] as const)(
    'gives the batches of the plain pipeline over three epochs, cached in: %s',
    async (cache) => {
      const chosen = settings({ cache });
      const graph = await Opened.of(pictures, input, chosen);
      const reference = await plain(pictures, input, chosen);
      const wanted = await take(reference, 16);
      expect(wanted.filter((batch) => batch === 'end-of-epoch').length).toBeGreaterThanOrEqual(3);
      expect(await take(graph, 16)).toEqual(wanted);
      expect(graph.pipeline.position).toEqual(reference.position);
      expect(graph.pipeline.batchesPerEpoch).toBe(reference.batchesPerEpoch);
      expect(graph.pipeline.stages.some((stage) => stage.settings.where === cache)).toBe(true);
      await graph.dispose();
      await reference.dispose();
      const left = await readdir(join(directory, 'cache')).catch(() => []);
      expect(left.filter((name) => name.startsWith('pictures.'))).toEqual([]);
    },
  );

  it.each(['memory', 'disk'] as const)(
    'needs the files no more once they are cached in: %s',
    async (cache) => {
      const examples = await pictureFolder(`removed-${cache}`, 12);
      const graph = await Opened.of(examples, input, settings({ cache }));
      const epoch = await take(graph, Math.ceil(graph.pipeline.source.count / 7) + 1);
      expect(epoch.at(-1)).toBe('end-of-epoch');
      await rm(examples.root, { recursive: true });
      const again = await take(graph, epoch.length);
      const byNumber = (batches: typeof epoch) =>
        new Map(
          batches.flatMap((batch) =>
            batch === 'end-of-epoch'
              ? []
              : Array.from(
                  batch.indices,
                  (index, row) => [index, batch.inputs.slice(row * 960, row * 960 + 960)] as const,
                ),
          ),
        );
      expect(byNumber(again).size).toBe(examples.indices('train').length);
      for (const [index, values] of byNumber(epoch)) expect(byNumber(again).get(index)).toEqual(values);
      expect(graph.pipeline.takeSkipped()).toEqual([]);
      await graph.dispose();
    },
  );

  it('tells what each stage took, files in the first epoch and the cache in all', async () => {
    for (const size of [16, 80]) {
      const chosen = settings({ augmentation: augmentation({ flipLeftRight: true, brightness: 0.2 }) });
      const { pipeline, session } = await Opened.of(
        pictures,
        { ...input, height: size, width: size },
        chosen,
      );
      const { indices, stageTimes } = pipeline;
      const count = pipeline.source.count;
      const step = () => session.run({ indices, stageTimes: stageTimes! });
      const epoch = async () => {
        while ((await pipeline.next(step)) !== 'end-of-epoch');
        return new Map(
          pipeline.takeStageTimes().map((time) => {
            const { stage, settings: chosenFor } = pipeline.stages[time.place]!;
            return [String(chosenFor.function ?? stage), time];
          }),
        );
      };
      const first = await epoch();
      const second = await epoch();
      expect([...first.keys()].sort()).toEqual(['augment', 'cache', 'read, decode, upright, resize']);
      expect([...second.keys()].sort()).toEqual(['augment', 'cache']);
      for (const { elements, milliseconds, unit } of [...first.values(), ...second.values()]) {
        expect(elements).toBe(unit === 'example' ? count : Math.ceil(count / 7));
        expect(milliseconds).toBeGreaterThan(0);
      }
      expect(pipeline.takeStageTimes()).toEqual([]);
      await pipeline.dispose();
      session.dispose();
    }
  });

  it.each([
    ['flip and brightness', { flipLeftRight: true, brightness: 0.2 }],
    ['flip, crop and contrast', { flipLeftRight: true, crop: 0.2, contrast: 0.3 }],
    ['rotation and zoom', { rotation: 20, zoom: 0.2, crop: 0.1, contrast: 0.1, brightness: 0.1 }],
  ])('goes on at any place, in any epoch, to the last bit: %s', async (_, given) => {
    const chosen = settings({ augmentation: augmentation(given) });
    const one = await Opened.of(pictures, input, chosen);
    const positions: PipelinePosition[] = [];
    const batches: (Batch | 'end-of-epoch')[] = [];
    for (let count = 0; count < 9; count++) {
      positions.push(one.pipeline.position);
      batches.push(await one.next());
    }
    await one.dispose();
    for (const place of [6, 2]) {
      const other = await Opened.of(pictures, input, chosen);
      other.pipeline.seek(positions[place]!);
      expect(await take(other, 9 - place)).toEqual(batches.slice(place));
      other.pipeline.seek(positions[1]!);
      expect(await take(other, 2)).toEqual(batches.slice(1, 3));
      await other.dispose();
    }
  });

  it('goes on for hundreds of epochs from memory', async () => {
    const chosen = settings({ batchSize: 64, augmentation: augmentation({ brightness: 0.2 }) });
    const one = await Opened.of(pictures, input, chosen);
    const last = 350;
    for (let epoch = 0; epoch < last; epoch++) {
      const { indices } = one.pipeline;
      const step = () => one.session.run({ indices });
      expect(await one.pipeline.next(step)).not.toBe('end-of-epoch');
      expect(await one.pipeline.next(step)).toBe('end-of-epoch');
    }
    const other = await Opened.of(pictures, input, chosen);
    other.pipeline.seek({ epoch: last, index: 0 });
    expect(await take(one, 2)).toEqual(await take(other, 2));
    await one.dispose();
    await other.dispose();
  });

  it('gives a split that is not shuffled again and again, wherever it was left', async () => {
    const one = await Opened.of(pictures, input, settings({ shuffleBuffer: undefined }));
    const first = await take(one, 5);
    expect(first[4]).toBe('end-of-epoch');
    for (const taken of [5, 2, 5, 4]) {
      one.pipeline.seek({ epoch: 0, index: 0 });
      expect(await take(one, taken)).toEqual(first.slice(0, taken));
    }
    expect(one.pipeline.position).toEqual({ epoch: 0, index: one.pipeline.source.count });
    await one.dispose();
  });

  it('leaves out files that fail in mid-run, names each once, and fills the batches', async () => {
    const examples = await pictureFolder('damaged', 24);
    const indices = examples.indices('train');
    const damaged = [1, 2, 9, indices.length - 1];
    await writeFile(examples.path(indices[1]!), 'no picture');
    await rm(examples.path(indices[2]!));
    await writeFile(examples.path(indices[9]!), '');
    await writeFile(examples.path(indices[indices.length - 1]!), Buffer.of(0xff, 0xd8, 0xff, 0xe0));
    for (const cache of ['memory', 'disk', 'none'] as const) {
      const chosen = settings({ cache });
      const graph = await Opened.of(examples, input, chosen);
      const reference = await plain(examples, input, chosen);
      expect(await take(graph, 8)).toEqual(await take(reference, 8));
      const skipped = graph.pipeline.takeSkipped();
      const byFile = (a: { file: string }, b: { file: string }) => (a.file < b.file ? -1 : 1);
      expect(skipped.sort(byFile)).toEqual(reference.takeSkipped().sort(byFile));
      expect(skipped.length).toBe(damaged.length);
      expect(graph.pipeline.takeSkipped()).toEqual([]);
      await graph.dispose();
      await reference.dispose();
    }
  });

  it('draws the batch again when a step fails', async () => {
    const { pipeline, session, dispose } = await (async () => {
      const opened = await Opened.of(pictures, input, settings());
      return { ...opened, dispose: () => opened.dispose() };
    })();
    const { inputs, indices } = pipeline;
    await expect(
      pipeline.next(() => {
        session.run({ inputs });
        throw new Error('the step failed');
      }),
    ).rejects.toThrow('the step failed');
    expect(pipeline.position).toEqual({ epoch: 0, index: 0 });
    const batch = await pipeline.next(() => session.run({ indices }));
    if (batch === 'end-of-epoch') throw new Error('There is no batch.');
    const reference = await plain(pictures, input, settings());
    const wanted = (await reference.next()) as Batch;
    expect(batch.indices.data).toEqual(wanted.indices);
    await reference.dispose();
    await dispose();
  });
});

function augmentation(given: Partial<AugmentationSettings>): AugmentationSettings {
  return { flipLeftRight: false, brightness: 0, contrast: 0, rotation: 0, zoom: 0, crop: 0, ...given };
}

describe('augmentation in the graph', () => {
  it.each([
    ['flip', { flipLeftRight: true }, 0],
    ['brightness', { brightness: 0.3 }, 1e-3],
    ['contrast', { contrast: 0.4 }, 1e-2],
    ['contrast and brightness', { contrast: 0.4, brightness: 0.2 }, 1e-2],
    ['rotation', { rotation: 40 }, 0.05],
    ['zoom', { zoom: 0.3 }, 0.05],
    ['crop', { crop: 0.2 }, 0],
    ['crop and flip', { crop: 0.2, flipLeftRight: true }, 0],
    [
      'everything',
      { flipLeftRight: true, brightness: 0.1, contrast: 0.2, rotation: 20, zoom: 0.2, crop: 0.1 },
      0.1,
    ],
  ] as const)('%s: the pictures of the plain one, read and recalled', async (_, given, tolerance) => {
    const chosen = settings({ augmentation: augmentation(given), seed: 7 });
    const large = { ...input, height: 80, width: 72 };
    for (const model of [input, { ...input, channels: 1 as const }, large]) {
      const graph = await Opened.of(pictures, model, chosen);
      const reference = await plain(pictures, model, chosen);
      let batches = 0;
      for (let count = 0; count < 10; count++) {
        const found = await graph.next();
        const wanted = await reference.next();
        if (found === 'end-of-epoch' || wanted === 'end-of-epoch') {
          expect(found).toBe(wanted);
          continue;
        }
        batches++;
        expect(found.indices).toEqual(wanted.indices);
        expect(largestDifference(found.inputs, wanted.inputs)).toBeLessThanOrEqual(tolerance);
      }
      expect(batches).toBeGreaterThan(6);
      await graph.dispose();
      await reference.dispose();
    }
  });
});

describe('rows and texts in the graph', () => {
  it('give the batches of the plain pipeline', async () => {
    const file = join(directory, 'rows.csv');
    const lines = Array.from(
      { length: 60 },
      (_, row) =>
        `${row * 0.37},${row % 4 === 0 ? 'red' : 'blue'},${(row * 7) % 11},${row % 3 === 0 ? 'yes' : 'no'}`,
    );
    await writeFile(file, `size,colour,weight,answer\n${lines.join('\n')}\n`);
    const { examples } = await openDataset(file, {}, { cacheDirectory: join(directory, 'scans') });
    const model: ModelInput = { kind: 'table', columns: examples.table!.columns };
    await compareWithPlain(examples, model);
  });

  it('bring the weights of the rows with them', async () => {
    const file = join(directory, 'weighted.csv');
    const lines = Array.from({ length: 40 }, (_, row) => `${row * 0.37},${(row % 7) / 2},${row % 3}`);
    await writeFile(file, `size,weight,answer\n${lines.join('\n')}\n`);
    const { examples } = await openDataset(
      file,
      { columns: { weight: 'weight', answer: 'target' } },
      { cacheDirectory: join(directory, 'scans') },
    );
    const reference = await plain(examples, { kind: 'table', columns: examples.table!.columns }, settings());
    const batch = (await reference.next()) as Batch;
    const places = examples.indices('train');
    expect([...batch.weights!]).toEqual([...batch.indices].map((index) => (places[index]! % 7) / 2));
    await reference.dispose();
    await compareWithPlain(examples, { kind: 'table', columns: examples.table!.columns });
  });

  it('of words are int32', async () => {
    const root = join(directory, 'texts');
    for (const label of ['ham', 'spam']) {
      await mkdir(join(root, label), { recursive: true });
      for (let index = 0; index < 20; index++)
        await writeFile(
          join(root, label, `${index}.txt`),
          `${label} word${index % 5} and ${index} more words`,
        );
    }
    const { examples } = await openDataset(root, {}, { cacheDirectory: join(directory, 'scans') });
    const model: ModelInput = {
      kind: 'texts',
      vocabulary: ['ham', 'spam', 'word1', 'word2', 'more'],
      sequenceLength: 6,
    };
    await compareWithPlain(examples, model);
  });
});

async function compareWithPlain(examples: ExampleTable, model: ModelInput): Promise<void> {
  const graph = await Opened.of(examples, model, settings());
  const reference = await plain(examples, model, settings());
  expect(graph.pipeline.inputs.dtype).toBe(graph.pipeline.source.dtype);
  expect(graph.pipeline.inputs.shape).toEqual([null, ...graph.pipeline.source.shape]);
  const wanted = await take(reference, 15);
  expect(wanted).toContain('end-of-epoch');
  expect(await take(graph, 15)).toEqual(wanted);
  await graph.dispose();
  await reference.dispose();
}
