import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConcurrencyTuner } from '../../../src/pipeline/concurrency-tuner';
import { epochOrder } from '../../../src/pipeline/epoch-order';
import { type CacheMode, chooseCacheMode } from '../../../src/pipeline/example-cache';
import type { Batch, ExamplePipeline, ExampleSource } from '../../../src/pipeline/example-source';
import { createPlainPipeline, type PipelineSettings } from '../../../src/pipeline/plain-pipeline';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'descent-pipeline-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface CountingSource extends ExampleSource {
  loads: number[];
  most: number;
}

/** Pictures of 2 × 2 whose values are their number; `broken` ones reject. Each takes a moment, the later ones less. */
function pictures(count: number, broken: number[] = []): CountingSource {
  let now = 0;
  const source: CountingSource = {
    count,
    shape: [2, 2, 1],
    dtype: 'float32',
    resident: false,
    loading: 'decode',
    loads: [],
    most: 0,
    name: (index) => `class/${index}.png`,
    answer: (index) => index % 3,
    load: async (index) => {
      source.loads.push(index);
      now++;
      source.most = Math.max(source.most, now);
      await wait(index % 2 === 0 ? 2 : 0);
      now--;
      if (broken.includes(index)) throw new Error('is broken');
      return new Uint8Array(4).fill(index);
    },
  };
  return source;
}

function settings(overrides: Partial<PipelineSettings> = {}): PipelineSettings {
  return {
    seed: 42,
    batchSize: 8,
    shuffleBuffer: 10_000,
    cache: 'memory',
    cacheDirectory: join(directory, 'cache'),
    prefetch: 2,
    ...overrides,
  };
}

async function epoch(pipeline: ExamplePipeline): Promise<Batch[]> {
  const batches: Batch[] = [];
  for (;;) {
    const batch = await pipeline.next();
    if (batch === 'end-of-epoch') return batches;
    batches.push(batch);
  }
}

const indicesOf = (batches: Batch[]) => batches.flatMap((batch) => Array.from(batch.indices));

describe('the plain pipeline', () => {
  it.each<CacheMode>(['memory', 'disk', 'none'])(
    'gives every example with its own values and answer in the order of the epoch (cache: %s)',
    async (cache) => {
      const source = pictures(50);
      const pipeline = await createPlainPipeline(source, settings({ cache }));
      for (const number of [0, 1, 2]) {
        const batches = await epoch(pipeline);
        expect(batches.map(({ size }) => size)).toEqual([8, 8, 8, 8, 8, 8, 2]);
        expect(indicesOf(batches)).toEqual(Array.from(epochOrder(42, number, 50, 10_000)));
        for (const batch of batches)
          batch.indices.forEach((index, row) => {
            expect(Array.from(batch.inputs.subarray(row * 4, row * 4 + 4))).toEqual([
              index,
              index,
              index,
              index,
            ]);
            expect(batch.answers[row]).toBe(index % 3);
          });
      }
      if (cache === 'memory') expect(source.loads.length).toBe(50);
      if (cache === 'none') expect(source.loads.length).toBe(150);
      if (cache === 'disk') expect(source.loads.length).toBeLessThan(100);
      await pipeline.dispose();
      if (cache === 'disk') expect(await readdir(join(directory, 'cache'))).toEqual([]);
    },
  );

  it('leaves out broken files, fills the batches, and names each file once', async () => {
    const source = pictures(20, [3, 4, 17]);
    const pipeline = await createPlainPipeline(source, settings({ cache: 'none' }));
    const batches = await epoch(pipeline);
    expect(batches.map(({ size }) => size)).toEqual([8, 8, 1]);
    expect(indicesOf(batches).sort((left, right) => left - right)).toEqual(
      Array.from({ length: 20 }, (_, index) => index).filter((index) => ![3, 4, 17].includes(index)),
    );
    const skipped = pipeline.takeSkipped();
    expect(skipped.map(({ file }) => file).sort()).toEqual(['class/17.png', 'class/3.png', 'class/4.png']);
    expect(skipped[0]!.reason).toBe('is broken');
    await epoch(pipeline);
    expect(pipeline.takeSkipped()).toEqual([]);
    expect(source.loads.filter((index) => index === 3).length).toBe(1);
    await pipeline.dispose();
  });

  it('ends the epoch at once when nothing can be read', async () => {
    const pipeline = await createPlainPipeline(pictures(3, [0, 1, 2]), settings());
    expect(await pipeline.next()).toBe('end-of-epoch');
    expect(pipeline.takeSkipped().length).toBe(3);
    await pipeline.dispose();
  });

  it('goes on from any position as if it had never stopped, with augmentation', async () => {
    const augmentation = {
      flipLeftRight: true,
      brightness: 0.2,
      contrast: 0.2,
      rotation: 20,
      zoom: 0.2,
      crop: 0.1,
    };
    const whole = await createPlainPipeline(pictures(40, [5]), settings({ augmentation }));
    await epoch(whole);
    await whole.next();
    await whole.next();
    const position = whole.position;
    expect(position.epoch).toBe(1);
    const rest = await epoch(whole);
    const resumed = await createPlainPipeline(pictures(40, [5]), settings({ augmentation }));
    resumed.seek(position);
    const again = await epoch(resumed);
    expect(again).toEqual(rest);
    await whole.dispose();
    await resumed.dispose();
  });

  it('drops what it prepared when it is sent elsewhere', async () => {
    const pipeline = await createPlainPipeline(pictures(40), settings());
    await pipeline.next();
    pipeline.seek({ epoch: 3, index: 8 });
    expect(indicesOf(await epoch(pipeline))).toEqual(Array.from(epochOrder(42, 3, 40, 10_000)).slice(8));
    expect(pipeline.position).toEqual({ epoch: 4, index: 0 });
    await pipeline.dispose();
  });

  it('loads ahead, several at once, but no further than prefetch allows', async () => {
    const source = pictures(400);
    const pipeline = await createPlainPipeline(source, settings({ prefetch: 3 }));
    await pipeline.next();
    await wait(100);
    expect(source.loads.length).toBe(8 + 4 * 8);
    expect(source.most).toBeGreaterThan(1);
    await pipeline.dispose();
  });

  it('keeps the order of a split that is not shuffled', async () => {
    const pipeline = await createPlainPipeline(pictures(10), settings({ shuffleBuffer: undefined }));
    expect(indicesOf(await epoch(pipeline))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await pipeline.dispose();
  });

  it('tells what each stage took since it was last asked', async () => {
    const augmentation = { flipLeftRight: true, brightness: 0.1, contrast: 0, rotation: 0, zoom: 0, crop: 0 };
    const pipeline = await createPlainPipeline(pictures(20), settings({ augmentation }));
    const measured = () =>
      pipeline
        .takeStageTimes()
        .map(({ place, unit, elements }) => [pipeline.stages[place]!.stage, unit, elements]);
    await epoch(pipeline);
    expect(measured()).toEqual([
      ['map', 'example', 20],
      ['augment', 'example', 20],
      ['batch', 'batch', 3],
    ]);
    await epoch(pipeline);
    expect(measured()).toEqual([
      ['augment', 'example', 20],
      ['batch', 'batch', 3],
    ]);
    expect(measured()).toEqual([]);
    await pipeline.dispose();
  });

  it('describes its stages by the names of tf.data', async () => {
    const pipeline = await createPlainPipeline(
      pictures(10),
      settings({
        augmentation: { flipLeftRight: true, brightness: 0, contrast: 0, rotation: 0, zoom: 0, crop: 0 },
      }),
    );
    expect(pipeline.stages.map(({ stage }) => stage)).toEqual([
      'from_tensor_slices',
      'shuffle',
      'map',
      'cache',
      'augment',
      'batch',
      'prefetch',
    ]);
    await pipeline.dispose();
  });
});

describe('the choice of a cache', () => {
  it('takes memory for little, disk for more, nothing for what fits nowhere', async () => {
    expect(await chooseCacheMode('auto', 1000, 784, directory)).toBe('memory');
    expect(await chooseCacheMode('auto', 1e9, 1e9, directory)).toBe('none');
    const { freemem } = await import('node:os');
    const many = Math.ceil((freemem() * 0.3) / 1e6);
    expect(['disk', 'none']).toContain(await chooseCacheMode('auto', many, 1e6, directory));
    expect(await chooseCacheMode('disk', 1, 1, directory)).toBe('disk');
  });
});

describe('the concurrency tuner', () => {
  /** Rate grows with the limit up to `best`, then falls. */
  function tune(best: number, maximum: number): number {
    let now = 0;
    const tuner = new ConcurrencyTuner(4, maximum, () => now);
    for (let completion = 0; completion < 6000; completion++) {
      const effective = tuner.limit <= best ? tuner.limit : best * (best / tuner.limit);
      now += 20 / effective;
      tuner.completed(true);
    }
    return tuner.limit;
  }

  it('settles near the number that gives most', () => {
    expect(tune(32, 128)).toBe(32);
    expect(tune(4, 128)).toBe(4);
    expect(tune(1000, 64)).toBe(64);
  });

  it('learns nothing from a time in which nobody waited', () => {
    let now = 0;
    const tuner = new ConcurrencyTuner(4, 64, () => now);
    for (let completion = 0; completion < 1000; completion++) {
      now += 5;
      tuner.completed(false);
    }
    expect(tuner.limit).toBe(4);
  });
});
