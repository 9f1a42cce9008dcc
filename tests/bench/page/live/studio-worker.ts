import { type ChannelHandlers, serveChannel } from '../../../../src/channel/common/channel';
import { EventQueue } from '../../../../src/channel/common/event-queue';
import type { Transport } from '../../../../src/channel/common/transport';
import { histogramBuckets } from '../../../../src/contract/histogram';
import type { HistogramQuery, ScalarQuery } from '../../../../src/contract/series';
import { reducePoints } from '../../../../src/record/common/reduction';
import { folders } from '../../../support/fixture/folders';
import { FixtureRun } from '../../../support/fixture/runs';

/**
 * A studio in a process of its own, as far as the page can tell: one run that grows by `stepsPerSecond` steps with five
 * points each (loss and four timings), kept in columns and reduced by the product's own code. The page does what it does
 * beside the real studio: decode frames and draw.
 */
const stepsPerSecond = Number(self.name || '400');
/** The contract's limit: ten events a second. */
const tickMilliseconds = 100;
const stepsPerEpoch = 1000;
/** Reached after 25 s at 400 steps a second: the curve fills its chart while it is measured. */
const totalSteps = 10_000;

class Column {
  private values = new Float64Array(1024);
  private steps = new Float64Array(1024);
  private times = new Float64Array(1024);
  count = 0;
  push(step: number, time: number, value: number): void {
    if (this.count === this.values.length) {
      const grow = (from: Float64Array) => {
        const to = new Float64Array(from.length * 2);
        to.set(from);
        return to;
      };
      this.values = grow(this.values);
      this.steps = grow(this.steps);
      this.times = grow(this.times);
    }
    this.steps[this.count] = step;
    this.times[this.count] = time;
    this.values[this.count] = value;
    this.count++;
  }
  views() {
    return {
      steps: this.steps.subarray(0, this.count),
      wallTimes: this.times.subarray(0, this.count),
      values: this.values.subarray(0, this.count),
    };
  }
}

const perStep = [
  'batch_loss',
  'timing/wait_ms',
  'timing/copy_ms',
  'timing/compute_ms',
  'timing/callbacks_ms',
];
const columns = new Map<string, Column>();
const columnOf = (split: string, tag: string) => {
  const key = `${split}/${tag}`;
  let column = columns.get(key);
  if (!column) {
    column = new Column();
    columns.set(key, column);
  }
  return column;
};

const fixture = new FixtureRun({
  name: 'streaming',
  path: folders.birds,
  created: new Date().toISOString(),
  status: 'running',
  settings: { epochs: totalSteps / stepsPerEpoch },
});
const run = fixture.run;
run.progress = { ...run.progress, totalSteps, epochs: totalSteps / stepsPerEpoch };
let revision = 0;
let step = 0;
let sent = 0;
const seriesWatchers = new Set<EventQueue<unknown>>();
const jobWatchers = new Set<EventQueue<unknown>>();
const histograms = new Map<string, Float64Array[]>();

function advance(): void {
  const target = Math.min(totalSteps, Math.floor(((performance.now() - began) / 1000) * stepsPerSecond));
  let newSeries = false;
  for (; step < target; step++) {
    const now = Date.now() / 1000;
    const noise = () => Math.random() - 0.5;
    columnOf('train', 'batch_loss').push(
      step + 1,
      now,
      (2.3 * Math.exp(-step / 3000) + 0.08) * Math.exp(0.8 * noise()),
    );
    columnOf('train', 'timing/wait_ms').push(step + 1, now, 0.05 + 0.02 * noise());
    columnOf('train', 'timing/copy_ms').push(step + 1, now, 0.1 + 0.04 * noise());
    columnOf('train', 'timing/compute_ms').push(step + 1, now, 2.2 + 0.4 * noise());
    columnOf('train', 'timing/callbacks_ms').push(step + 1, now, 0.06 + 0.03 * noise());
    sent += perStep.length;
    if ((step + 1) % stepsPerEpoch === 0) {
      const epoch = (step + 1) / stepsPerEpoch - 1;
      for (const split of ['train', 'validation']) {
        columnOf(split, 'epoch_loss').push(epoch, now, 2 * Math.exp(-epoch / 3) + 0.1);
        columnOf(split, 'epoch_accuracy').push(epoch, now, 1 - 0.7 * Math.exp(-epoch / 3));
      }
      for (const tag of [
        'conv2d/kernel_0',
        'dense/kernel_0',
        'gradients/conv2d/kernel_0',
        'gradients/dense/kernel_0',
      ]) {
        const values = Float64Array.from(
          { length: 3000 },
          () => (noise() + noise() + noise()) * (0.2 + epoch * 0.01),
        );
        const steps = histograms.get(tag) ?? [];
        steps.push(histogramBuckets(values).buckets);
        histograms.set(tag, steps);
      }
      newSeries = epoch === 0;
    }
  }
  if (step === 0) return;
  newSeries ||= revision === 0;
  revision++;
  run.progress.step = step;
  run.progress.epoch = Math.floor(step / stepsPerEpoch);
  for (const watcher of seriesWatchers) watcher.push({ run: run.id, revision, newSeries });
  for (const watcher of jobWatchers) watcher.push({ jobs: jobs() });
}

function jobs() {
  return [
    {
      run: run.id,
      name: run.name,
      datasetName: run.dataset.name,
      status: run.status,
      progress: {
        ...fixture.live(),
        epoch: run.progress.epoch,
        epochs: run.progress.epochs,
        step,
        totalSteps,
        examplesPerSecond: stepsPerSecond * 32,
        metrics: { loss: 0.5, val_loss: 0.4, val_accuracy: 0.9 },
      },
    },
  ];
}

function scalars(query: ScalarQuery) {
  const column = columnOf(query.split, query.tag);
  const points = reducePoints(
    column.views(),
    query.fromStep ?? 0,
    query.toStep ?? Number.POSITIVE_INFINITY,
    query.maxPoints,
  );
  return { run: query.run, split: query.split, tag: query.tag, ...points, revision: column.count };
}

function histogramSeries(query: HistogramQuery) {
  const kept = (histograms.get(query.tag) ?? []).slice(-query.maxSteps);
  const offsets = Int32Array.from({ length: kept.length + 1 }, (_, index) => index * 30);
  const buckets = new Float64Array(kept.length * 90);
  kept.forEach((part, index) => {
    buckets.set(part, index * 90);
  });
  const steps = Float64Array.from(kept, (_part, index) => index);
  return {
    run: query.run,
    split: query.split,
    tag: query.tag,
    steps,
    wallTimes: steps.map((index) => began / 1000 + index),
    buckets,
    offsets,
    total: kept.length,
    revision: kept.length,
  };
}

const answers: Record<string, (params: never) => unknown> = {
  'studio.status': () => ({
    engine: null,
    queued: 0,
    running: 1,
    studioRssBytes: 9e7,
    engineRssBytes: 5e8,
    home: '/home/ada',
    tensors: 412,
    library: { path: '/library', runs: 1 },
  }),
  'studio.settings': () => ({
    library: '/library',
    jobsAtOnce: 1,
    theme: 'system',
    locale: 'en',
    onClose: 'ask',
    notify: false,
  }),
  'data.recent': () => [],
  'jobs.list': () => jobs(),
  'runs.list': () => [fixture.listing()],
  'runs.get': () => ({ ...run, path: '/library/run', checkpointBytes: 0 }),
  'runs.evaluation': () => null,
  'bench.sent': () => sent,
  'series.list': () => [
    ...[...columns.keys()].map((key) => {
      const [split, ...tag] = key.split('/');
      return { split, tag: tag.join('/'), kind: 'scalar', count: columns.get(key)!.count, lastStep: step };
    }),
    ...[...histograms].map(([tag, steps]) => ({
      split: 'train',
      tag,
      kind: 'histogram',
      count: steps.length,
      lastStep: steps.length - 1,
    })),
  ],
  'series.scalars': ({ queries }: { queries: ScalarQuery[] }) => queries.map(scalars),
  'series.histograms': ({ queries }: { queries: HistogramQuery[] }) => queries.map(histogramSeries),
};

async function* queueOf(watchers: Set<EventQueue<unknown>>, signal: AbortSignal): AsyncIterable<unknown> {
  const queue = new EventQueue<unknown>();
  watchers.add(queue);
  signal.addEventListener('abort', () => queue.end());
  try {
    yield* queue;
  } finally {
    watchers.delete(queue);
  }
}

const handlers: ChannelHandlers = {
  call: async (name, params) => {
    const answer = answers[name];
    if (!answer) throw new Error(`The benchmark's studio does not answer ${name}.`);
    return answer(params as never);
  },
  listen: (name, _params, signal) => {
    if (name === 'series.watch') return queueOf(seriesWatchers, signal);
    if (name === 'jobs.watch') return queueOf(jobWatchers, signal);
    return queueOf(new Set(), signal);
  },
};

const transport: Transport = {
  send: (message) => self.postMessage(message),
  onMessage: () => {},
  onClose: () => {},
  close: () => {},
};
self.addEventListener('message', (event: MessageEvent<Uint8Array>) => transport.onMessage(event.data));
serveChannel(transport, handlers);
const began = performance.now();
setInterval(advance, tickMilliseconds);
self.postMessage(run.id);
