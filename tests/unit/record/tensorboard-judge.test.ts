import { spawn } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { histogramBuckets } from '../../../src/contract/histogram';
import type { EventSink } from '../../../src/record/node/event-decoder';
import { EventDirectoryReader } from '../../../src/record/node/event-file-reader';
import { RunLibrary } from '../../../src/record/node/run-library';
import { RunRecorder } from '../../../src/record/node/run-recorder';
import { SeriesStore } from '../../../src/record/node/series-store';
import { pythonEnvironment, pythonJudge, runPython } from '../../support/python-judge';
import { batchLosses, epochScalars, newRun, numbered, started, weightHistogram } from './job-frames';
import { scratchDirectory } from './scratch';

const found = await pythonJudge();
const missing = typeof found === 'string';
const judge = missing ? { python: '' } : found;
if (missing) console.warn(`Skipped: ${found}`);

/** Reads a logdir with TensorBoard's own loader and providers; prints JSON. Warnings go to standard error. */
const readWithTensorBoard = `
import json, logging, sys, warnings
logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard import context
from tensorboard.plugins import base_plugin
from tensorboard.plugins.histogram import histograms_plugin
from tensorboard.plugins.distribution import distributions_plugin
from tensorboard.plugins.hparams import backend_context, get_experiment, list_session_groups, api_pb2
from tensorboard.plugins.text import text_plugin
from google.protobuf import json_format
# TensorBoard warns about its own html5lib, whatever it reads.
warnings.simplefilter('error')
warnings.filterwarnings('ignore', message="html5lib's sanitizer")
logdir = sys.argv[1]
multiplexer = plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance={'scalars': 0, 'histograms': 0, 'text': 0})
multiplexer.AddRunsFromDirectory(logdir)
multiplexer.Reload()
provider = data_provider.MultiplexerDataProvider(multiplexer, logdir)
ctx = context.RequestContext()
tb = base_plugin.TBContext(data_provider=provider, logdir=logdir, multiplexer=multiplexer)
histograms = histograms_plugin.HistogramsPlugin(tb)
distributions = distributions_plugin.DistributionsPlugin(tb)
text = text_plugin.TextPlugin(tb)
hparams = backend_context.Context(tb)
answer = {'runs': sorted(multiplexer.Runs()), 'scalars': {}, 'histograms': {}, 'distributions': {}, 'text': {}}
for run, tags in provider.list_scalars(ctx, experiment_id='', plugin_name='scalars').items():
    for tag in tags:
        series = provider.read_scalars(ctx, experiment_id='', plugin_name='scalars', downsample=1000000)[run][tag]
        answer['scalars'][run + ' ' + tag] = [[p.step, p.wall_time, float(p.value)] for p in series]
for run, tags in histograms.index_impl(ctx, experiment='').items():
    for tag in tags:
        answer['histograms'][run + ' ' + tag] = histograms.histograms_impl(ctx, tag, run, experiment='')[0]
        answer['distributions'][run + ' ' + tag] = distributions.distributions_impl(ctx, tag, run, experiment='')[0]
for run, tags in text.index_impl(ctx, '').items():
    for tag in tags:
        answer['text'][run + ' ' + tag] = text.text_impl(ctx, run, tag, '', True)
metadata = hparams.hparams_metadata(ctx, '')
experiment = hparams.experiment_from_metadata(ctx, '', True, metadata, hparams.hparams_from_data_provider(ctx, '', 1000))
request = api_pb2.ListSessionGroupsRequest(start_index=0, slice_size=100, include_metrics=True,
    allowed_statuses=[api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE, api_pb2.STATUS_RUNNING, api_pb2.STATUS_UNKNOWN])
for metric in experiment.metric_infos:
    request.col_params.add(metric=metric.name)
groups = list_session_groups.Handler(ctx, hparams, '', request).run()
answer['experiment'] = json_format.MessageToDict(experiment)
answer['groups'] = json_format.MessageToDict(groups)
print(json.dumps(answer))
`;

interface Answer {
  runs: string[];
  scalars: Record<string, [number, number, number][]>;
  histograms: Record<string, [number, number, number[][]][]>;
  distributions: Record<string, unknown[]>;
  text: Record<string, { step: number; text: string }[]>;
  experiment: { hparamInfos: { name: string; type: string }[]; metricInfos: unknown[] };
  groups: {
    sessionGroups: {
      hparams: Record<string, unknown>;
      metricValues: { name: { group: string; tag: string }; value: number }[];
      sessions: { status: string; name: string }[];
    }[];
  };
}

describe.skipIf(missing)('TensorBoard as the judge', () => {
  it('reads every kind of data of a library without a warning', async () => {
    const library = await RunLibrary.open(await scratchDirectory());
    const store = new SeriesStore();
    const done = await library.create(newRun());
    const failed = await library.create(newRun({ name: 'the failed one' }));
    const recorder = await RunRecorder.open({ library, store, id: done.id });
    for (const frame of numbered(
      started(),
      batchLosses(0, 5000),
      weightHistogram(0),
      epochScalars(0),
      weightHistogram(1),
      epochScalars(1),
      { type: 'text', tag: 'notes/first', step: 3, text: '**bold** čeština 漢字' },
      { type: 'done', reason: 'finished', summary: { val_accuracy: 0.75 } },
    )) {
      recorder.record(frame);
    }
    await recorder.end();
    const second = await RunRecorder.open({ library, store, id: failed.id });
    for (const frame of numbered(started(), batchLosses(0, 10))) second.record(frame);
    await second.end({ status: 'failed', failure: { message: 'out of memory', signal: 'SIGKILL' } });

    const { stdout, stderr } = await runPython(judge, readWithTensorBoard, [library.directory]);
    expect(stderr).toBe('');
    const answer = JSON.parse(stdout) as Answer;

    expect(answer.runs).toEqual(
      [done.id, failed.id].flatMap((id) => [id, `${id}/train`, `${id}/validation`]).sort(),
    );
    const losses = answer.scalars[`${done.id}/train batch_loss`]!;
    expect(losses).toHaveLength(5000);
    expect(losses[0]).toEqual([0, 1_700_000_000, 1]);
    expect(losses[4999]).toEqual([4999, 1_700_000_000 + 499.9, Math.fround(1 / 5000)]);
    expect(answer.scalars[`${done.id}/validation epoch_accuracy`]).toEqual([
      [0, 1_700_000_100, 0.5],
      [1, 1_700_000_101, 0.75],
    ]);
    const histograms = answer.histograms[`${done.id}/train conv2d/kernel_0`]!;
    expect(histograms.map(([, step]) => step)).toEqual([0, 1]);
    const event = weightHistogram(1) as Extract<ReturnType<typeof weightHistogram>, { type: 'histograms' }>;
    expect(histograms[1]![2].flat()).toEqual([...event.items[0]!.buckets]);
    expect(answer.distributions[`${done.id}/train conv2d/kernel_0`]).toHaveLength(2);
    expect(answer.text[`${done.id} notes/first`]![0]!.text).toContain('<strong>bold</strong> čeština 漢字');
    expect(answer.text[`${done.id} descent/configuration`]![0]!.text).toContain('<td>learningRate</td>');

    expect(answer.experiment.hparamInfos.map((info) => info.name)).toContain('learningRate');
    const groups = answer.groups.sessionGroups;
    expect(groups).toHaveLength(2);
    const group = groups.find(({ sessions }) => sessions[0]!.name === done.id)!;
    expect(group.hparams).toMatchObject({
      dataset: 'digits',
      model: 'small-cnn',
      learningRate: 0.001,
      flipLeftRight: false,
    });
    expect(group.sessions[0]!.status).toBe('STATUS_SUCCESS');
    expect(group.metricValues).toContainEqual(
      expect.objectContaining({ name: { group: 'validation', tag: 'epoch_accuracy' }, value: 0.75 }),
    );
    expect(groups.find(({ sessions }) => sessions[0]!.name === failed.id)!.sessions[0]!.status).toBe(
      'STATUS_FAILURE',
    );
  });

  it('sees a resumed run without the steps that were trained twice', async () => {
    const library = await RunLibrary.open(await scratchDirectory());
    const store = new SeriesStore();
    const { id } = await library.create(newRun());
    const first = await RunRecorder.open({ library, store, id });
    for (const frame of numbered(started(), batchLosses(0, 130))) first.record(frame);
    await first.end({ status: 'interrupted' });
    await library.claim(id);
    const second = await RunRecorder.open({ library, store, id });
    for (const frame of numbered(started(100, 1), batchLosses(101, 150))) second.record(frame);
    await second.end({ status: 'stopped' });

    const { stdout } = await runPython(judge, readWithTensorBoard, [library.directory]);
    const { scalars, groups } = JSON.parse(stdout) as Answer;
    const steps = scalars[`${id}/train batch_loss`]!.map(([step]) => step);
    expect(steps).toEqual(Array.from({ length: 150 }, (_, step) => step));
    expect(groups.sessionGroups[0]!.sessions[0]!.status).toBe('STATUS_SUCCESS');
    const again = new SeriesStore();
    again.register(id, library.directoryOf(id));
    const reread = await again.queryScalars({ run: id, split: 'train', tag: 'batch_loss', maxPoints: 1000 });
    expect([...reread.steps]).toEqual(steps);
  });

  it('shows the last state of a run that went on after it had failed or was stopped', async () => {
    const library = await RunLibrary.open(await scratchDirectory());
    const store = new SeriesStore();
    const ends = {
      'failed, now done': ['failed', 'done'],
      'failed twice, stopped in the end': ['failed', 'failed', 'stopped'],
      'stopped, now failed': ['stopped', 'failed'],
      'failed, now interrupted': ['failed', 'interrupted'],
      'failed, at work again': ['failed', undefined],
      'interrupted, then failed': ['interrupted', 'failed'],
    } as const;
    const ids = new Map<string, string>();
    const open: RunRecorder[] = [];
    for (const [name, sessions] of Object.entries(ends)) {
      const { id } = await library.create(newRun({ name }));
      ids.set(id, name);
      for (const [session, end] of sessions.entries()) {
        await library.claim(id);
        const recorder = await RunRecorder.open({ library, store, id });
        const step = session * 10;
        for (const frame of numbered(started(step), batchLosses(step + 1, step + 10))) recorder.record(frame);
        if (end === 'done') {
          recorder.record({ type: 'done', reason: 'finished', summary: {}, sequence: 10 });
          await recorder.end();
        } else if (end) await recorder.end({ status: end });
        else {
          await recorder.flush();
          open.push(recorder);
        }
      }
    }
    const { stdout, stderr } = await runPython(judge, readWithTensorBoard, [library.directory]);
    for (const recorder of open) await recorder.end();
    expect(stderr).toBe('');
    const { groups, scalars } = JSON.parse(stdout) as Answer;
    const states = Object.fromEntries(
      groups.sessionGroups.map(({ sessions }) => [ids.get(sessions[0]!.name)!, sessions[0]!.status]),
    );
    expect(states).toEqual({
      'failed, now done': 'STATUS_SUCCESS',
      'failed twice, stopped in the end': 'STATUS_SUCCESS',
      'stopped, now failed': 'STATUS_FAILURE',
      'failed, at work again': 'STATUS_RUNNING',
      'interrupted, then failed': 'STATUS_FAILURE',
    });
    const [first] = [...ids.keys()];
    expect(scalars[`${first}/train batch_loss`]).toHaveLength(18);
  });

  it('serves a library from its own server, with its fast loader, without a warning', async () => {
    const library = await RunLibrary.open(await scratchDirectory());
    const { id } = await library.create(newRun());
    const recorder = await RunRecorder.open({ library, store: new SeriesStore(), id });
    for (const frame of numbered(started(), batchLosses(0, 500), weightHistogram(0), epochScalars(0))) {
      recorder.record(frame);
    }
    await recorder.flush();
    const parameters = [
      '-m',
      'tensorboard.main',
      '--logdir',
      library.directory,
      '--port',
      '0',
      '--load_fast',
      'true',
    ];
    const server = spawn(judge.python, parameters, {
      env: pythonEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    try {
      let words = '';
      server.stderr.on('data', (chunk: Buffer) => {
        words += chunk.toString();
      });
      await expect.poll(() => words, { timeout: 40_000 }).toMatch(/at (http:\/\/localhost:\d+\/)/);
      const address = /at (http:\/\/localhost:\d+\/)/.exec(words)![1]!;
      const ask = async (path: string) => (await fetch(`${address}data/${path}`)).json() as Promise<unknown>;
      const names = ['', '/train', '/validation'].map((split) => `${id}${split}`);
      const runs = async () => ((await ask('runs')) as string[]).sort();
      await expect.poll(runs, { timeout: 20_000 }).toEqual(names);
      const points = `run=${encodeURIComponent(names[1]!)}&tag=batch_loss`;
      const losses = (await ask(`plugin/scalars/scalars?${points}`)) as [number, number, number][];
      expect(losses).toHaveLength(500);
      expect(losses[499]).toEqual([1_700_000_000 + 49.9, 499, Math.fround(1 / 500)]);
      const tags = (await ask('plugin/histograms/tags')) as Record<string, object>;
      expect(Object.keys(tags[names[1]!]!)).toEqual(['conv2d/kernel_0']);
      await recorder.end({ status: 'stopped' });
      expect(words.split('\n').filter((line) => /warn|error|corrupt|invalid/i.test(line))).toEqual([]);
    } finally {
      server.kill();
    }
  });

  it('makes the same histogram of the same values', async () => {
    const cases: Record<string, number[]> = {
      spread: Array.from({ length: 2000 }, (_, index) => Math.fround(Math.sin(index * 12.9898) ** 3)),
      equal: [0.25, 0.25, 0.25],
      empty: [],
      two: [-1, 1],
      tiny: [1e-30, 2e-30, 3e-30],
    };
    const program = `
import json, sys
from tensorboard.plugins.histogram import summary_v2
from tensorboard.util import tensor_util
cases = json.loads(sys.argv[1])
print(json.dumps({name: tensor_util.make_ndarray(summary_v2.histogram_pb('x', values).value[0].tensor).tolist()
                  for name, values in cases.items()}))`;
    const { stdout } = await runPython(judge, program, [JSON.stringify(cases)]);
    const theirs = JSON.parse(stdout) as Record<string, number[][]>;
    for (const [name, values] of Object.entries(cases)) {
      const { buckets } = histogramBuckets(Float64Array.from(values));
      const rows = theirs[name]!;
      expect(buckets.length, name).toBe(rows.length * 3);
      rows.flat().forEach((value, index) => {
        expect(Math.abs(buckets[index]! - value), `${name} ${index}`).toBeLessThanOrEqual(
          Math.abs(value) * 1e-12,
        );
      });
    }
  });

  it("is read by us: files of TensorFlow's tf.summary, versions 1 and 2", async () => {
    const directory = await scratchDirectory();
    const program = `
import sys
import numpy as np, tensorflow as tf
from tensorboard.plugins.hparams import api as hp
with tf.summary.create_file_writer(sys.argv[1] + '/two').as_default():
    for step in range(1000):
        tf.summary.scalar('loss', 1.0 / (step + 1), step=step)
    tf.summary.scalar('half', tf.constant(0.5, tf.float32), step=2**40)
    tf.summary.histogram('weights', np.arange(100.0), step=7)
    tf.summary.text('note', ['one', 'zwei ß'], step=8)
    tf.summary.image('pixels', np.zeros([2, 4, 6, 1], np.uint8), step=9)
    hp.hparams({'rate': 0.1})
with tf.compat.v1.Graph().as_default():
    writer = tf.compat.v1.summary.FileWriter(sys.argv[1] + '/one')
    values = tf.compat.v1.placeholder(tf.float32, [None])
    histogram = tf.compat.v1.summary.histogram('weights', values)
    scalar = tf.compat.v1.summary.scalar('loss', tf.reduce_mean(values))
    image = tf.compat.v1.summary.image('pixels', tf.zeros([1, 4, 6, 1]))
    with tf.compat.v1.Session() as session:
        for step in range(3):
            for summary in session.run([histogram, scalar, image], {values: np.arange(10.0) + step}):
                writer.add_summary(summary, step)
    writer.close()
`;
    await runPython(judge, program, [directory]);
    const two = await collect(join(directory, 'two'));
    expect(two.problems).toEqual([]);
    expect(two.scalars.filter(([tag]) => tag === 'loss')).toHaveLength(1000);
    expect(two.scalars[999]).toEqual(['loss', 999, Math.fround(1 / 1000)]);
    expect(two.scalars[1000]).toEqual(['half', 2 ** 40, 0.5]);
    expect(two.histograms).toHaveLength(1);
    const [tag, step, rows] = two.histograms[0]!;
    expect([tag, step, rows.length]).toEqual(['weights', 7, 90]);
    const ours = histogramBuckets(Float64Array.from({ length: 100 }, (_, index) => index)).buckets;
    ours.forEach((value, index) => {
      expect(rows[index]).toBeCloseTo(value, 10);
    });
    expect(two.texts).toEqual([['note', 8, ['one', 'zwei ß']]]);
    expect(two.images).toEqual([['pixels', 9, 6, 4, 2]]);
    expect(two.plugins).toContain('hparams');

    const one = await collect(join(directory, 'one'));
    expect(one.problems).toEqual([]);
    expect(one.scalars).toEqual([
      ['loss', 0, 4.5],
      ['loss', 1, 5.5],
      ['loss', 2, 6.5],
    ]);
    expect(one.histograms).toHaveLength(3);
    const first = one.histograms[0]![2];
    expect(first[0]).toBe(0);
    expect(first.at(-2)).toBe(9);
    expect(first.filter((_, index) => index % 3 === 2).reduce((sum, count) => sum + count, 0)).toBe(10);
    expect(one.images).toHaveLength(3);
  });
});

async function collect(directory: string) {
  await mkdir(directory, { recursive: true });
  expect(await readdir(directory)).not.toEqual([]);
  const found = {
    scalars: [] as [string, number, number][],
    histograms: [] as [string, number, Float64Array][],
    texts: [] as [string, number, string[]][],
    images: [] as [string, number, number, number, number][],
    plugins: [] as string[],
  };
  const sink: EventSink = {
    scalar: (tag, step, _, value) => found.scalars.push([tag, step, value]),
    histogram: (tag, step, _, buckets) => found.histograms.push([tag, step, buckets]),
    text: (tag, step, _, texts) => found.texts.push([tag, step, texts]),
    images: (tag, step, _, width, height, encoded) =>
      found.images.push([tag, step, width, height, encoded.length]),
    plugin: (_, pluginName) => found.plugins.push(pluginName),
  };
  const reader = new EventDirectoryReader(directory, sink);
  await reader.read();
  return { ...found, problems: reader.problems };
}
