import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectStudio, type StudioClient } from '../../../src/studio/node/connect-studio';
import { createStudio, type Studio } from '../../../src/studio/node/create-studio';
import { startCommandLine } from '../../support/command-line';
import {
  enginePid,
  hasEnded,
  jobState,
  openWorkshop,
  processEnds,
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

describe('a run that another process trains', () => {
  it('appears, moves, can not be deleted or resumed here, and shows its end', async () => {
    const signal = AbortSignal.timeout(50_000);
    const changes = client.listen('runs.watch', {}, { signal });
    expect((await changes.next()).value).toEqual({ runs: [] });
    const words = ['train', workshop.iris, '--library', workshop.library, '--epochs', '100000', '--json'];
    const command = await startCommandLine(words, workshop.directory);
    const { run, path } = (await command.line('run')) as { run: string; path: string };
    for await (const { runs } of changes) if (runs.includes(run)) break;

    const counts: number[] = [];
    for await (const news of client.listen('series.watch', { runs: [run] }, { signal })) {
      counts.push(news.revision);
      if (new Set(counts).size > 2) break;
    }
    expect(counts).toEqual(counts.toSorted((first, second) => first - second));
    expect((await client.call('runs.list', {}))[0]).toMatchObject({ id: run, status: 'running' });
    await expect(client.call('runs.delete', { run })).rejects.toMatchObject({ code: 'busy' });
    await expect(client.call('jobs.resume', { run })).rejects.toMatchObject({ code: 'busy' });
    await expect(client.call('jobs.stop', { run })).rejects.toMatchObject({ code: 'not-found' });

    const pid = enginePid(path);
    command.child.kill('SIGTERM');
    expect((await command.end).status).toBe(130);
    await processEnds(pid);
    expect((await client.call('runs.get', { run })).status).toBe('interrupted');
    await client.call('runs.delete', { run });
    expect(await client.call('runs.list', {})).toEqual([]);
  });
});

describe('a studio without an engine', () => {
  let studio: Studio;
  let crippled: StudioClient;
  beforeAll(() => {
    studio = createStudio({
      libraryDirectory: join(workshop.directory, 'other library'),
      cacheDirectory: join(workshop.directory, 'cache'),
      configDirectory: join(workshop.directory, 'config'),
      engineEntry: join(workshop.directory, 'missing', 'engine.cjs'),
      version: '1.2.3',
      warm: true,
    });
    crippled = connectStudio(studio);
  });
  afterAll(() => studio.close({ jobs: 'interrupt' }));

  it('says so in its status and to doctor, with a remedy, and fails jobs with the reason', async () => {
    await expect
      .poll(async () => (await crippled.call('studio.status', {})).engineError?.code, { timeout: 10_000 })
      .toBe('engine-died');
    const report = await crippled.call('studio.doctor', {});
    expect(report).toMatchObject({ descent: '1.2.3', engine: null });
    const finding = report.findings.find(({ part }) => part === 'engine');
    expect(finding).toMatchObject({ state: 'missing', remedy: expect.any(String) });
    expect(finding?.message).toContain('engine.cjs');

    const { run } = await crippled.call('jobs.start', {
      path: workshop.iris,
      hyperparameters: settings({}),
    });
    const job = await jobState(crippled, run, hasEnded);
    expect(job).toMatchObject({ status: 'failed', failure: { code: 'engine-died' } });
    expect((await crippled.call('runs.get', { run })).failure?.message).toContain('exit code 1');
  });

  it('still shows the library and reads data', async () => {
    expect((await crippled.call('runs.list', {})).length).toBe(1);
    expect((await crippled.call('data.examples', { path: workshop.iris })).total).toBe(150);
  });

  it('tells that a run has no model', async () => {
    const [run] = await crippled.call('runs.list', {});
    await expect(crippled.call('model.describe', { run: run!.id })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});
