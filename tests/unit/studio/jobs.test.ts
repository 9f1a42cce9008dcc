import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isProcessRunning } from '../../../src/files/node/process-identity';
import type { StudioClient } from '../../../src/studio/node/connect-studio';
import { startCommandLine } from '../../support/command-line';
import {
  countFrom1To,
  enginePid,
  enginesOf,
  hasEnded,
  hasSteps,
  jobState,
  openWorkshop,
  processEnds,
  recordedSteps,
  settings,
  type Workshop,
} from './studio-fixture';

let workshop: Workshop;
let client: StudioClient;

beforeAll(async () => {
  workshop = await openWorkshop();
  ({ client } = await workshop.open());
});
afterAll(() => workshop?.close());

function start(changes: Parameters<typeof settings>[0], name?: string): Promise<{ run: string }> {
  return client.call('jobs.start', { path: workshop.iris, hyperparameters: settings(changes), name });
}

/** The engine that this process has started besides the `known` ones; waits until there is one. */
async function newEngine(known: readonly number[]): Promise<number> {
  let pid: number | undefined;
  await expect
    .poll(() => {
      pid = enginesOf(process.pid).find((engine) => !known.includes(engine));
      return pid;
    })
    .toBeDefined();
  return pid!;
}

/** Goes on from the newest checkpoint; the record must then have every step once. */
async function resumeForAWhile(run: string): Promise<void> {
  const [newest] = await client.call('runs.checkpoints', { run });
  await client.call('jobs.resume', { run });
  await jobState(client, run, ({ progress }) => (progress?.step ?? 0) > newest!.step);
  await client.call('jobs.stop', { run });
  expect((await jobState(client, run, hasEnded)).status).toBe('stopped');
  const steps = await recordedSteps(client, run);
  expect(steps.length).toBeGreaterThan(newest!.step);
  expect(steps).toEqual(countFrom1To(steps.length));
}

describe('a job', () => {
  it('records the weight decay that AdamW takes by itself', async () => {
    const { run } = await start({ epochs: 1, optimizer: 'adamw' });
    const other = await start({ epochs: 1, optimizer: 'adamw', weightDecay: 0.1 });
    const adam = await start({ epochs: 1 });
    await jobState(client, adam.run, hasEnded);
    const decayOf = async (id: string) =>
      (await client.call('runs.get', { run: id })).configuration.hyperparameters.weightDecay;
    expect([await decayOf(run), await decayOf(other.run), await decayOf(adam.run)]).toEqual([0.004, 0.1, 0]);
  });

  it('trains to its end, is recorded, evaluated, and predicts', async () => {
    const { run } = await start({ epochs: 20 }, 'first flowers');
    const news: boolean[] = [];
    const watching = (async () => {
      const signal = AbortSignal.timeout(50_000);
      for await (const { newSeries } of client.listen('series.watch', { runs: [run] }, { signal })) {
        news.push(newSeries);
        if (news.length > 1) return;
      }
    })();
    expect(await jobState(client, run, hasEnded)).toMatchObject({ status: 'done', name: 'first flowers' });
    await watching;
    expect(news).toContain(true);

    const record = await client.call('runs.get', { run });
    expect(record).toMatchObject({
      status: 'done',
      progress: { epoch: 20 },
      environment: { node: process.version },
    });
    expect(record.owner).toBeUndefined();
    expect(record.summary.val_accuracy).toBeGreaterThan(0.8);
    const series = await client.call('series.list', { run });
    for (const wanted of [
      { split: 'train', tag: 'epoch_loss', kind: 'scalar', count: 20 },
      { split: 'validation', tag: 'epoch_accuracy', kind: 'scalar', count: 20 },
    ]) {
      expect(series).toContainEqual(expect.objectContaining(wanted));
    }
    expect(series.some(({ kind }) => kind === 'histogram')).toBe(true);
    expect(await recordedSteps(client, run)).toEqual(countFrom1To(record.progress.totalSteps));
    expect(readdirSync(join(record.path, 'train')).some((name) => name.includes('tfevents'))).toBe(true);

    const evaluation = await client.call('runs.evaluation', { run });
    expect(evaluation!.confusion.reduce((sum, count) => sum + count, 0)).toBe(evaluation!.count);
    await expect(client.call('jobs.resume', { run })).rejects.toMatchObject({ code: 'wrong-use' });
    expect((await client.call('model.describe', { run })).metadata.labels).toEqual(record.dataset.labels);
    const { predictions } = await client.call('model.predict', {
      run,
      inputs: [
        {
          type: 'row',
          values: Object.fromEntries(
            (
              await client.call('data.examples', { path: workshop.iris, label: 'setosa', limit: 1 })
            ).examples.map(({ values }) => Object.entries(values!))[0]!,
          ),
        },
      ],
    });
    expect(predictions[0]).toMatchObject({ label: 'setosa' });
    const checkpoints = await client.call('runs.checkpoints', { run });
    expect(checkpoints.filter(({ best }) => best)).toHaveLength(1);
  });

  it('is paused, goes on, changes its learning rate and is stopped with a checkpoint', async () => {
    const { run } = await start({ epochs: 100_000 });
    await jobState(client, run, hasSteps);
    await client.call('jobs.pause', { run });
    await jobState(client, run, ({ status }) => status === 'paused');
    expect((await client.call('jobs.list', {})).find((job) => job.run === run)?.status).toBe('paused');
    await client.call('jobs.continue', { run });
    await jobState(client, run, ({ status }) => status === 'running');
    expect(await client.call('jobs.setLearningRate', { run, learningRate: 0.005 })).toEqual({
      learningRate: 0.005,
    });
    await jobState(client, run, ({ progress }) => progress?.learningRate === 0.005);
    await client.call('jobs.stop', { run });
    await jobState(client, run, hasEnded);
    const record = await client.call('runs.get', { run });
    expect(record.status).toBe('stopped');
    expect(record.checkpointBytes).toBeGreaterThan(0);
    await expect(client.call('jobs.pause', { run })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('waits in the queue while another one trains, and can be taken out of it', async () => {
    const first = await start({ epochs: 100_000 });
    const second = await start({ epochs: 2 });
    const third = await start({ epochs: 2 });
    await jobState(client, first.run, hasSteps);
    const positions = (await client.call('jobs.list', {}))
      .filter(({ status }) => status === 'queued')
      .map(({ run, position }) => [run, position]);
    expect(positions).toEqual([
      [second.run, 1],
      [third.run, 2],
    ]);
    await client.call('jobs.stop', { run: second.run });
    await client.call('jobs.stop', { run: first.run });
    expect((await jobState(client, third.run, hasEnded)).status).toBe('done');
    expect((await client.call('runs.get', { run: second.run })).status).toBe('stopped');
  });

  it('is put at another place among those that wait, and starts in that order', async () => {
    const first = await start({ epochs: 100_000 });
    const waiting = [await start({ epochs: 2 }), await start({ epochs: 2 }), await start({ epochs: 2 })];
    const [a, b, c] = waiting.map(({ run }) => run) as [string, string, string];
    const order = async () =>
      (await client.call('jobs.list', {}))
        .filter(({ status }) => status === 'queued')
        .toSorted((one, other) => one.position! - other.position!)
        .map(({ run }) => run);
    await jobState(client, first.run, hasSteps);
    await client.call('jobs.move', { run: c, position: 1 });
    expect(await order()).toEqual([c, a, b]);
    await client.call('jobs.move', { run: c, position: 2 });
    expect(await order()).toEqual([a, c, b]);
    await client.call('jobs.move', { run: a, position: 99 });
    expect(await order()).toEqual([c, b, a]);
    await expect(client.call('jobs.move', { run: first.run, position: 1 })).rejects.toMatchObject({
      code: 'wrong-use',
    });
    await expect(client.call('jobs.move', { run: a, position: 0 })).rejects.toMatchObject({
      code: 'wrong-use',
    });
    await client.call('jobs.stop', { run: first.run });
    for (const { run } of waiting) await jobState(client, run, hasEnded);
    const ends = await Promise.all(
      waiting.map(async ({ run }) => [(await client.call('runs.get', { run })).finished!, run] as const),
    );
    expect(ends.toSorted().map(([, run]) => run)).toEqual([c, b, a]);
  });

  it('fails with the signal when its engine is killed; what was recorded stays and the next job trains', async () => {
    const { run } = await start({ epochs: 100_000 });
    await jobState(client, run, hasSteps);
    const { path } = await client.call('runs.get', { run });
    process.kill(enginePid(path), 'SIGKILL');
    expect(await jobState(client, run, hasEnded)).toMatchObject({
      status: 'failed',
      failure: { code: 'engine-died', message: expect.stringContaining('SIGKILL') },
    });
    const record = await client.call('runs.get', { run });
    expect(record).toMatchObject({ status: 'failed', failure: { signal: 'SIGKILL' } });
    expect(record.failure?.remedy).toContain('memory');
    const steps = await recordedSteps(client, run);
    expect(steps.length).toBeGreaterThan(0);
    expect(steps).toEqual(countFrom1To(steps.length));

    const next = await start({ epochs: 1 });
    expect((await jobState(client, next.run, hasEnded)).status).toBe('done');
  });

  it('is refused for a folder that can not be trained on', async () => {
    await expect(
      client.call('jobs.start', { path: workshop.library, hyperparameters: settings({}) }),
    ).rejects.toMatchObject({ code: 'bad-input' });
  });
});

describe('a studio that ends', () => {
  it('lets its job write a checkpoint, leaves no engine behind, and the job goes on in the next one', async () => {
    const { studio, client: other } = await workshop.open();
    const { run } = await other.call('jobs.start', {
      path: workshop.iris,
      hyperparameters: settings({ epochs: 100_000 }),
    });
    await jobState(other, run, hasSteps);
    const { path } = await other.call('runs.get', { run });
    const pid = enginePid(path);
    await studio.close({ jobs: 'interrupt' });
    expect(isProcessRunning(pid)).toBe(false);
    const interrupted = await client.call('runs.get', { run });
    expect(interrupted.status).toBe('interrupted');
    expect(interrupted.checkpointBytes).toBeGreaterThan(0);

    await resumeForAWhile(run);
  });

  it('replaces an idle engine that dies, gives it to the next job and ends with it', async () => {
    const known = enginesOf(process.pid);
    const { studio, client: other } = await workshop.open({ warm: true });
    const first = await newEngine(known);
    process.kill(first, 'SIGKILL');
    const second = await newEngine([...known, first]);
    await expect
      .poll(async () => (await other.call('studio.status', {})).engine?.warm, { timeout: 30_000 })
      .toBe(true);
    // Steps large enough to be shared by all threads: smaller ones would take an engine of one thread.
    const { run } = await other.call('jobs.start', {
      path: workshop.iris,
      hyperparameters: settings({ epochs: 100_000, model: 'mlp', hiddenUnits: 2048, hiddenLayers: 2 }),
    });
    await jobState(other, run, hasSteps);
    expect(enginePid((await other.call('runs.get', { run })).path)).toBe(second);
    await studio.close({ jobs: 'stop' });
    expect(isProcessRunning(second)).toBe(false);
    expect((await client.call('runs.get', { run })).status).toBe('stopped');
    await expect(
      other.call('jobs.start', { path: workshop.iris, hyperparameters: settings({}) }),
    ).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('a studio that is killed', () => {
  it('leaves an engine that writes a checkpoint and ends; the run is interrupted and goes on without a gap', async () => {
    const words = ['train', workshop.iris, '--library', workshop.library, '--epochs', '100000', '--json'];
    const command = await startCommandLine(words, workshop.directory);
    const { run, path } = (await command.line('run')) as { run: string; path: string };
    await command.line('epoch');
    const pid = enginePid(path);
    command.child.kill('SIGKILL');
    await processEnds(pid);
    expect((await client.call('runs.list', {})).find(({ id }) => id === run)?.status).toBe('interrupted');
    expect((await client.call('runs.checkpoints', { run })).length).toBeGreaterThan(0);

    await resumeForAWhile(run);
  });
});
