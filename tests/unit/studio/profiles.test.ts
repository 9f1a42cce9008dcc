import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ProfileListing, spanCategories } from '../../../src/contract/profile';
import type { StudioClient } from '../../../src/studio/node/connect-studio';
import { spansOf } from '../../../src/studio/node/runs/profiles';
import { hasEnded, jobState, openWorkshop, settings, type Workshop } from './studio-fixture';

let workshop: Workshop;
let client: StudioClient;
let run: string;
let listings: ProfileListing[];

beforeAll(async () => {
  workshop = await openWorkshop();
  ({ client } = await workshop.open());
  const hyperparameters = settings({ compile: 'eager', profileFirstStep: 2, profileSteps: 3 });
  ({ run } = await client.call('jobs.start', { path: workshop.iris, hyperparameters }));
  expect((await jobState(client, run, hasEnded)).status).toBe('done');
  listings = await client.call('runs.profiles', { run });
});
afterAll(() => workshop?.close());

describe('the profiles of a run', () => {
  it('come with their summary and with the spans of the trace as columns', async () => {
    const [{ summary, path, bytes, spans }] = listings as [ProfileListing];
    expect(listings).toHaveLength(1);
    expect(summary).toMatchObject({ firstStep: 2, lastStep: 4, program: 'plain' });
    const { traceEvents } = JSON.parse(await readFile(path, 'utf8')) as {
      traceEvents: { ph: string; name: string; ts: number; dur: number }[];
    };
    const events = traceEvents.filter(({ ph }) => ph === 'X');
    expect(bytes).toBeGreaterThan(1000);
    expect(spans!.leftOut).toBe(0);
    expect(Array.from(spans!.name, (name) => spans!.names[name])).toEqual(events.map(({ name }) => name));
    events.forEach(({ ts, dur }, index) => {
      expect(spans!.begin[index]).toBeCloseTo(ts / 1000, 6);
      expect(spans!.duration[index]).toBeCloseTo(dur / 1000, 6);
    });
    expect(spans!.lanes[0]).toBe('training loop');
    const steps = events.flatMap((_, index) => (spans!.step[index]! > 0 ? [index] : []));
    expect(steps.map((index) => spans!.step[index])).toEqual([2, 3, 4]);
    for (const index of steps) expect(spans!.depth[index]).toBe(0);
    // A step holds computing, computing holds the forward pass, and that holds operations.
    const operation = spanCategories.indexOf('operation');
    const inStep = events.findIndex((_, index) => spans!.category[index] === operation);
    expect(spans!.depth[inStep]).toBe(3);
  });

  it('are none for a run without, and an unknown run is refused', async () => {
    const other = await client.call('jobs.start', {
      path: workshop.iris,
      hyperparameters: settings({ epochs: 1 }),
    });
    await jobState(client, other.run, hasEnded);
    expect(await client.call('runs.profiles', { run: other.run })).toEqual([]);
    await expect(client.call('runs.profiles', { run: '../elsewhere' })).rejects.toThrow();
  });

  it('keep their summary when the trace is damaged or gone, and name a summary that is none', async () => {
    const { path } = await client.call('runs.get', { run });
    const trace = join(path, 'profile', '2-4.trace.json');
    await writeFile(trace, '{"traceEvents": [');
    expect(await client.call('runs.profiles', { run })).toMatchObject([{ spans: null, bytes: 17 }]);
    await rm(trace);
    expect(await client.call('runs.profiles', { run })).toMatchObject([{ spans: null, path: trace }]);
    await mkdir(join(path, 'profile'), { recursive: true });
    await writeFile(join(path, 'profile', '7-9.json'), '{}');
    await expect(client.call('runs.profiles', { run })).rejects.toThrow(/7-9\.json holds no profile/);
  });
});

describe('the spans of a long trace', () => {
  it('are the longest ones, and the parts of every step', () => {
    const event = (name: string, cat: string, ts: number, dur: number) => ({
      ph: 'X',
      name,
      cat,
      tid: 1,
      ts,
      dur,
    });
    const many = Array.from({ length: 25_000 }, (_, index) =>
      event('Relu', 'operation', index * 10, 1 + (index % 8)),
    );
    const spans = spansOf({ traceEvents: [event('step 1', 'step', 0, 250_000), ...many] });
    expect(spans.name.length).toBe(20_000);
    expect(spans.leftOut).toBe(5001);
    expect(spans.names[spans.name[0]!]).toBe('step 1');
    expect(Math.min(...spans.duration)).toBeGreaterThan(0.001);
  });
});
