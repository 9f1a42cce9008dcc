import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { histogramBuckets } from '../../../src/contract/histogram';
import { reducePoints, thinnedIndices } from '../../../src/record/common/reduction';
import { EventFileWriter } from '../../../src/record/node/event-file-writer';
import { SeriesStore } from '../../../src/record/node/series-store';
import { scratchDirectory } from './scratch';

function columns(
  count: number,
  value: (index: number) => number,
  step: (index: number) => number = (index) => index,
) {
  const steps = Float64Array.from({ length: count }, (_, index) => step(index));
  return { steps, wallTimes: steps.map((at) => at / 10), values: steps.map((_, index) => value(index)) };
}

const everything = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;

describe('reducing points', () => {
  it('gives all points within the range when there are few', () => {
    const reduced = reducePoints(
      columns(10, (index) => index * index),
      3,
      6,
      4,
    );
    expect([...reduced.steps]).toEqual([3, 4, 5, 6]);
    expect([...reduced.values]).toEqual([9, 16, 25, 36]);
    expect([...reduced.wallTimes]).toEqual([0.3, 0.4, 0.5, 0.6]);
    expect(reduced.total).toBe(4);
  });

  it.each([4, 5, 100, 2000, 9999])('keeps ends and extremes within %i points', (maxPoints) => {
    const noisy = columns(
      10_000,
      (index) => Math.sin(index) + (index === 4321 ? 50 : index === 8765 ? -50 : 0),
    );
    const { steps, values, total } = reducePoints(noisy, ...everything, maxPoints);
    expect(steps.length).toBeLessThanOrEqual(maxPoints);
    expect(total).toBe(10_000);
    expect(steps[0]).toBe(0);
    expect(steps.at(-1)).toBe(9999);
    expect(Math.max(...values)).toBe(noisy.values[4321]);
    expect(Math.min(...values)).toBe(noisy.values[8765]);
    expect([...steps]).toEqual([...new Set(steps)].sort((first, second) => first - second));
    steps.forEach((step, index) => {
      expect(values[index]).toBe(noisy.values[step]);
    });
  });

  it('has the same smallest and largest value in every bucket as all points have', () => {
    const noisy = columns(5000, (index) => Math.sin(index * 7.1) * index);
    const buckets = 50;
    const reduced = reducePoints(noisy, ...everything, buckets * 4);
    for (let bucket = 0; bucket < buckets; bucket++) {
      const within = ({ steps, values }: { steps: Float64Array; values: Float64Array }) =>
        values.filter((_, index) => {
          const place = (steps[index]! * buckets) / 4999;
          return place >= bucket && (place < bucket + 1 || bucket === buckets - 1);
        });
      const all = within(noisy);
      const kept = within(reduced);
      expect([Math.min(...kept), Math.max(...kept)]).toEqual([Math.min(...all), Math.max(...all)]);
    }
  });

  it('counts values that are not finite and is not led astray by them', () => {
    const broken = columns(1000, (index) =>
      index % 10 === 0 ? Number.NaN : index === 501 ? Number.POSITIVE_INFINITY : 1,
    );
    const reduced = reducePoints(broken, ...everything, 40);
    expect(reduced.nonFinite).toBe(101);
    expect(reduced.steps.length).toBeLessThanOrEqual(40);
    expect(reduced.values.some((value) => value === 1)).toBe(true);
  });

  it('copes with a thousand points at one step, and with one far away', () => {
    const flat = reducePoints(
      columns(
        1000,
        (index) => index,
        () => 7,
      ),
      ...everything,
      40,
    );
    expect(flat.steps.length).toBeLessThanOrEqual(40);
    expect(flat.steps.length).toBeGreaterThan(10);
    expect([flat.values[0], flat.values.at(-1)]).toEqual([0, 999]);
    const far = reducePoints(
      columns(
        1000,
        (index) => index,
        (index) => (index === 999 ? 1e12 : index),
      ),
      ...everything,
      40,
    );
    expect([...far.values]).toEqual([0, 998, 999]);
  });

  it('answers an empty or inverted range with nothing', () => {
    expect(
      reducePoints(
        columns(0, () => 0),
        ...everything,
        10,
      ).steps,
    ).toHaveLength(0);
    expect(
      reducePoints(
        columns(10, () => 0),
        20,
        30,
        10,
      ).total,
    ).toBe(0);
    expect(
      reducePoints(
        columns(10, () => 0),
        7,
        3,
        10,
      ).total,
    ).toBe(0);
  });

  it('thins evenly and keeps first and newest', () => {
    expect(thinnedIndices(3, 5)).toEqual([0, 1, 2]);
    expect(thinnedIndices(101, 5)).toEqual([0, 25, 50, 75, 100]);
    expect(thinnedIndices(9, 1)).toEqual([8]);
  });
});

describe('histogram buckets', () => {
  it('count every finite value once and leave the others out', () => {
    const values = Float32Array.of(
      1,
      2,
      3,
      4,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    );
    const { buckets, nonFinite } = histogramBuckets(values, 3);
    expect([...buckets]).toEqual([1, 2, 1, 2, 3, 1, 3, 4, 2]);
    expect(nonFinite).toBe(3);
  });
});

describe('the series store', () => {
  const query = { run: 'run', split: 'train', tag: 'loss', maxPoints: 10_000 };

  it('answers the same for live frames and for the files of the same run', async () => {
    const directory = await scratchDirectory();
    const live = new SeriesStore();
    live.register('run', directory);
    const feed = await live.openLive('run');
    const writer = await EventFileWriter.create(join(directory, 'train'));
    const { steps, wallTimes, values } = columns(5000, (index) => Math.fround(Math.cos(index)));
    feed.scalars('train', 'loss', steps, wallTimes, values);
    writer.scalars('loss', steps, wallTimes, values);
    const { buckets } = histogramBuckets(Float32Array.from(values));
    feed.histogram('train', 'weights', 3, 1, buckets);
    writer.histogram('weights', 3, 1, buckets);
    feed.text('train', 'note', 1, 1, 'ä');
    writer.text('note', 1, 1, 'ä');
    await writer.close();

    const read = new SeriesStore();
    read.register('run', directory);
    for (const maxPoints of [100, 10_000]) {
      const { revision: _, ...fromFiles } = await read.queryScalars({ ...query, maxPoints });
      const { revision: __, ...fromFrames } = await live.queryScalars({ ...query, maxPoints });
      expect(fromFiles).toEqual(fromFrames);
    }
    const weights = { run: 'run', split: 'train', tag: 'weights', maxSteps: 60 };
    expect(await read.queryHistograms(weights)).toEqual(await live.queryHistograms(weights));
    const note = { run: 'run', split: 'train', tag: 'note' };
    expect(await read.queryTexts(note)).toEqual(await live.queryTexts(note));
    expect(await read.list('run')).toEqual(await live.list('run'));
    expect(await read.list('run')).toEqual([
      { split: 'train', tag: 'weights', kind: 'histogram', count: 1, lastStep: 3 },
      { split: 'train', tag: 'loss', kind: 'scalar', count: 5000, lastStep: 4999 },
      { split: 'train', tag: 'note', kind: 'text', count: 1, lastStep: 1 },
    ]);

    await feed.end();
    expect((await live.queryScalars(query)).total).toBe(5000);
    const later = await EventFileWriter.create(join(directory, 'train'));
    later.scalar('loss', 5000, 1, 1);
    await later.close();
    expect((await live.queryScalars(query)).total).toBe(5001);
  });

  it('follows files that another process writes, and tells what is new since', async () => {
    const directory = await scratchDirectory();
    const store = new SeriesStore();
    store.register('run', directory);
    expect((await store.queryScalars(query)).total).toBe(0);
    const writer = await EventFileWriter.create(join(directory, 'train'));
    writer.scalar('loss', 1, 1, 1);
    await writer.flush();
    const first = await store.since('run', 'train', 'loss', 0);
    expect([[...first.steps], first.next]).toEqual([[1], 1]);
    const revision = store.revision('run');
    writer.scalar('loss', 2, 2, 2);
    writer.scalar('loss', 3, 3, 3);
    await writer.flush();
    const second = await store.since('run', 'train', 'loss', first.next);
    expect([[...second.steps], [...second.values], second.next]).toEqual([[2, 3], [2, 3], 3]);
    expect(store.revision('run')).toBeGreaterThan(revision);
    await writer.close();
  });

  it('drops what a restart makes void, in tags that count steps and in those that count epochs', async () => {
    const store = new SeriesStore();
    store.register('run', await scratchDirectory());
    const feed = await store.openLive('run');
    const add = (tag: string, step: number, value: number) =>
      feed.scalars('train', tag, [step], [step], [value]);
    for (let step = 0; step < 130; step++) add('loss', step, 1);
    for (let epoch = 0; epoch < 4; epoch++) add('epoch_loss', epoch, 1);
    feed.restart('train', 100);
    for (let step = 100; step < 120; step++) add('loss', step, 2);
    add('epoch_loss', 2, 2);
    const loss = await store.queryScalars(query);
    expect([loss.total, loss.values[99], loss.values[100]]).toEqual([120, 1, 2]);
    const epochs = await store.queryScalars({ ...query, tag: 'epoch_loss' });
    expect([...epochs.steps]).toEqual([0, 1, 2]);
    expect([...epochs.values]).toEqual([1, 1, 2]);
  });

  it('answers in step order when points came in another', async () => {
    const store = new SeriesStore();
    store.register('run', await scratchDirectory());
    const feed = await store.openLive('run');
    feed.scalars('train', 'loss', [5, 1, 3, 1], [0, 1, 2, 3], [50, 10, 30, 11]);
    const { steps, values } = await store.queryScalars(query);
    expect([...steps]).toEqual([1, 1, 3, 5]);
    expect([...values]).toEqual([10, 11, 30, 50]);
  });

  it('thins histograms and joins their buckets into one array with offsets', async () => {
    const store = new SeriesStore();
    store.register('run', await scratchDirectory());
    const feed = await store.openLive('run');
    for (let step = 0; step < 10; step++) {
      feed.histogram('train', 'weights', step, step, new Float64Array(3 * (1 + (step % 2))).fill(step));
    }
    const answer = await store.queryHistograms({ run: 'run', split: 'train', tag: 'weights', maxSteps: 4 });
    expect([...answer.steps]).toEqual([0, 3, 6, 9]);
    expect([...answer.offsets]).toEqual([0, 1, 3, 4, 6]);
    expect(answer.buckets).toHaveLength(18);
    expect(answer.buckets[3]).toBe(3);
    expect(answer.total).toBe(10);
  });

  it('stays within its budget by forgetting the runs that were asked longest ago, and reads them again', async () => {
    const directory = await scratchDirectory();
    const store = new SeriesStore({ byteBudget: 400_000 });
    for (let run = 0; run < 8; run++) {
      const name = `run-${run}`;
      const writer = await EventFileWriter.create(join(directory, name, 'train'));
      const { steps, wallTimes, values } = columns(5000, () => run);
      writer.scalars('loss', steps, wallTimes, values);
      await writer.close();
      store.register(name, join(directory, name));
    }
    for (let round = 0; round < 2; round++) {
      for (let run = 0; run < 8; run++) {
        const answer = await store.queryScalars({ ...query, run: `run-${run}` });
        expect([answer.total, answer.values[17]]).toEqual([5000, run]);
        expect(store.byteLength).toBeLessThan(400_000);
      }
    }
  });

  it('does not know a run that was not registered', async () => {
    await expect(new SeriesStore().list('nobody')).rejects.toMatchObject({
      code: 'not-found',
      subject: 'nobody',
    });
  });
});
