import { afterEach, describe, expect, it } from 'vitest';
import { SeriesHub } from '../../../../renderer/charts/series-hub';
import type { ErrorMessage } from '../../../../src/contract/errors';
import type { ScalarQuery, ScalarSeries } from '../../../../src/contract/series';
import { FixtureStudio } from '../../../support/fixture-studio';

const open: FixtureStudio[] = [];
afterEach(() => {
  for (const studio of open.splice(0)) studio.close();
});

async function make() {
  const studio = new FixtureStudio({ running: true, stepsPerSecond: 200 });
  open.push(studio);
  const runs = await studio.client.call('runs.list', { search: '', archived: false });
  return { studio, hub: new SeriesHub(studio.client, async () => {}), runs };
}
const query = (run: string, tag = 'batch_loss'): ScalarQuery => ({
  run,
  split: 'train',
  tag,
  maxPoints: 500,
});
const until = async (condition: () => boolean) => {
  for (let turn = 0; turn < 200 && !condition(); turn++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(condition()).toBe(true);
};
const askedFor = (studio: FixtureStudio) => studio.calls.filter((call) => call.name === 'series.scalars');

function subscriber(queries: ScalarQuery[]) {
  const answers: (readonly (ScalarSeries | undefined)[])[] = [];
  const errors: ErrorMessage[] = [];
  return {
    answers,
    errors,
    runs: () => [...new Set(queries.map((item) => item.run))],
    queries: () => queries,
    receive: (series: readonly (ScalarSeries | undefined)[]) => answers.push(series),
    fail: (error: ErrorMessage) => errors.push(error),
  };
}

describe('the series of a page', () => {
  it('are asked for in one call for all charts', async () => {
    const { studio, hub, runs } = await make();
    const done = runs.filter((run) => run.status === 'done');
    const charts = [
      subscriber([query(done[0]!.id)]),
      subscriber([query(done[1]!.id), query(done[0]!.id, 'epoch_loss')]),
    ];
    for (const chart of charts) hub.subscribe(chart).ask();
    await until(() => charts.every((chart) => chart.answers.length > 0));
    expect(askedFor(studio)).toHaveLength(1);
    expect(charts[1]!.answers[0]!.map((series) => [series!.run, series!.tag])).toEqual([
      [done[1]!.id, 'batch_loss'],
      [done[0]!.id, 'epoch_loss'],
    ]);
  });

  it('follow a run that grows, at most eight times a second', async () => {
    const { studio, hub, runs } = await make();
    const live = runs.find((run) => run.status === 'running')!;
    const chart = subscriber([query(live.id)]);
    hub.subscribe(chart).ask();
    await until(() => chart.answers.length > 0);
    const before = {
      points: chart.answers.at(-1)![0]!.total,
      asked: askedFor(studio).length,
      time: performance.now(),
    };
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const seconds = (performance.now() - before.time) / 1000;
    expect(chart.answers.at(-1)![0]!.total).toBeGreaterThan(before.points);
    expect(askedFor(studio).length - before.asked).toBeLessThanOrEqual(Math.ceil(seconds * 8) + 1);
  });

  it('are not asked for by charts that are gone', async () => {
    const { studio, hub, runs } = await make();
    const live = runs.find((run) => run.status === 'running')!;
    const chart = subscriber([query(live.id)]);
    const subscription = hub.subscribe(chart);
    subscription.ask();
    await until(() => chart.answers.length > 0);
    subscription.end();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const asked = askedFor(studio).length;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(askedFor(studio).length).toBe(asked);
  });

  it('tell a failure and go on', async () => {
    const { studio, hub, runs } = await make();
    const live = runs.find((run) => run.status === 'running')!;
    studio.failNext('series.scalars', { code: 'io', message: 'The events file can not be read.' });
    const chart = subscriber([query(live.id)]);
    hub.subscribe(chart).ask();
    await until(() => chart.errors.length > 0);
    expect(chart.errors[0]!.message).toBe('The events file can not be read.');
    await until(() => chart.answers.length > 0);
  });
});
