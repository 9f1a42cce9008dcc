import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ProfileSummary, profileSummary } from '../../../src/contract/profile';
import { writeSample } from '../../../src/dataset/node/samples';
import { loadBackend } from '../../../src/engine/native/backend';
import { activeTrace } from '../../../src/pipeline/tracing';
import { traceEagerOperations } from '../../../src/training/profile/eager-operations';
import { type Span, SpanRecorder } from '../../../src/training/profile/span-recorder';
import { judge, summarize } from '../../../src/training/profile/summarize';
import type { Trace, TraceEvent } from '../../../src/training/profile/trace-events';
import { type Recording, resourcesDir, type TrainOptions, train } from './support/train';

type Complete = Extract<TraceEvent, { ph: 'X' }>;

let directory: string;
let runs = 0;
beforeAll(async () => {
  await loadBackend('node');
  directory = await mkdtemp(join(tmpdir(), 'descent-profiler-'));
  await writeSample('digits', join(directory, 'digits'), { resourcesDir });
  await writeSample('iris', join(directory, 'iris'), { resourcesDir });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Ends a job once it has what is looked at. */
const endAfterProfile: TrainOptions['onEvent'] = (event, controls) => {
  if (event.type === 'profile') controls.interrupt();
};

function options(dataset: string, hyperparameters: TrainOptions['hyperparameters']): TrainOptions {
  return {
    dataset: join(directory, dataset),
    runDirectory: join(directory, `run-${runs++}`),
    cacheDirectory: join(directory, 'cache'),
    hyperparameters,
  };
}

async function profileOf(
  recording: Recording,
): Promise<{ trace: Trace; spans: Complete[]; summary: ProfileSummary; path: string }> {
  const [told] = recording.all('profile');
  const trace = JSON.parse(await readFile(told!.path, 'utf8')) as Trace;
  const spans = trace.traceEvents.filter((event): event is Complete => event.ph === 'X');
  return { trace, spans, summary: told!.summary, path: told!.path };
}

/** What the Trace Event Format asks of a file, and what viewers need to draw it. */
function expectValid({ traceEvents, displayTimeUnit }: Trace): void {
  expect(displayTimeUnit).toBe('ms');
  const threads = new Set<number>();
  for (const event of traceEvents) {
    expect(typeof event.name).toBe('string');
    expect(Number.isInteger(event.pid) && Number.isInteger(event.tid)).toBe(true);
    if (event.ph === 'M') {
      if (event.name === 'thread_name') threads.add(event.tid);
      continue;
    }
    expect(event.ph).toBe('X');
    expect(event.ts).toBeGreaterThanOrEqual(0);
    expect(event.dur).toBeGreaterThanOrEqual(0);
    expect(event.cat.length).toBeGreaterThan(0);
    expect(threads).toContain(event.tid);
  }
  expectNested(traceEvents.filter((event): event is Complete => event.ph === 'X'));
}

/** On a thread, two spans are apart or one is within the other. */
function expectNested(spans: readonly Complete[]): void {
  const open = new Map<number, Complete[]>();
  let last = 0;
  for (const span of spans) {
    expect(span.ts).toBeGreaterThanOrEqual(last);
    last = span.ts;
    const stack = open.get(span.tid) ?? [];
    open.set(span.tid, stack);
    const rounding = 0.002;
    while (stack.length > 0 && stack.at(-1)!.ts + stack.at(-1)!.dur <= span.ts + rounding) stack.pop();
    const around = stack.at(-1);
    if (around && span.ts + span.dur > around.ts + around.dur + rounding)
      throw new Error(`${JSON.stringify(span)} sticks out of ${JSON.stringify(around)}`);
    stack.push(span);
  }
}

function within(spans: readonly Complete[], around: Complete): Complete[] {
  return spans.filter(
    (span) =>
      span !== around &&
      span.tid === around.tid &&
      span.ts >= around.ts &&
      span.ts + span.dur <= around.ts + around.dur + 0.002,
  );
}

const digits = {
  model: 'small-cnn',
  epochs: 1,
  batchSize: 32,
  compile: 'eager',
  imageSize: 16,
  profileFirstStep: 3,
  profileSteps: 4,
} as const;

describe('profiling eager steps', () => {
  it('writes a trace with parts, operations and the decoding workers, nested within its steps', async () => {
    const recording = await train({
      ...options('digits', { ...digits, brightness: 0.2, cache: 'none', histogramEverySteps: 4 }),
      onEvent: endAfterProfile,
    });
    const { trace, spans, summary, path } = await profileOf(recording);
    expect(path.endsWith(join('profile', '3-6.trace.json'))).toBe(true);
    expectValid(trace);
    const steps = spans.filter(({ cat }) => cat === 'step');
    expect(steps.map(({ args }) => args!.step)).toEqual([3, 4, 5, 6]);
    for (const step of steps) {
      const inner = within(spans, step);
      const names = inner.map(({ name }) => name);
      expect(names).toEqual(
        expect.arrayContaining([
          'event loop',
          'wait for data',
          'batch',
          'augment',
          'input copy',
          'compute',
          'forward',
          'backward',
          'update',
          'record scalars',
          'Conv2D',
        ]),
      );
      expect(names.includes('histograms')).toBe(step.args!.step === 4);
      for (const phase of ['forward', 'backward', 'update']) {
        const [span] = inner.filter(({ name }) => name === phase);
        expect(within(inner, span!).some(({ cat }) => cat === 'operation')).toBe(true);
      }
      // Convolutions have their gradients in the backward pass.
      const [backward] = inner.filter(({ name }) => name === 'backward');
      expect(within(inner, backward!).some(({ name }) => name === 'Conv2DBackpropFilter')).toBe(true);
    }
    const workers = spans.filter(({ tid, cat }) => tid > 1 && cat === 'pipeline');
    expect(workers.length).toBeGreaterThan(30);

    expect(profileSummary.parse(summary)).toEqual(summary);
    expect(JSON.parse(await readFile(path.replace('.trace.json', '.json'), 'utf8'))).toEqual(summary);
    expect(summary).toMatchObject({ firstStep: 3, lastStep: 6, steps: 4, program: 'plain', leftOut: 0 });
    const shares = Object.values(summary.shares);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
    const convolution = summary.operations!.find(({ name }) => name === 'Conv2D')!;
    expect(convolution.count).toBe(
      spans.filter(({ name, ts }) => name === 'Conv2D' && steps.some((step) => inside(step, ts))).length,
    );
    expect(summary.operationShare).toBeGreaterThan(0);
    expect(summary.compute!.forward).toBeGreaterThan(0);
  });

  it('leaves nothing behind: the engine runs its operations directly again, and no span is taken', async () => {
    const backend = tf.backend() as unknown as { binding: object };
    const before = backend.binding;
    const seen = new Set<object>();
    const recording = await train({
      ...options('digits', { ...digits, histogramEverySteps: 1 }),
      onEvent: (event, controls) => {
        if (event.type === 'histograms') seen.add(backend.binding);
        if (event.type === 'histograms' && event.step === 8) controls.interrupt();
      },
    });
    expect(recording.all('profile')).toHaveLength(1);
    expect(seen.size).toBe(2);
    expect(backend.binding).toBe(before);
    expect(activeTrace()).toBeUndefined();
  });

  it('takes the same steps as a run without a profile', async () => {
    const profiled = await train(
      options('iris', { model: 'mlp', epochs: 3, compile: 'eager', profileFirstStep: 2 }),
    );
    const other = await train(options('iris', { model: 'mlp', epochs: 3, compile: 'eager' }));
    expect(profiled.series('batch_loss')).toEqual(other.series('batch_loss'));
    expect(other.all('profile')).toEqual([]);
    // 3 epochs are fewer steps than the window: what there is has been written, with the epochs' ends.
    const { trace, spans, summary } = await profileOf(profiled);
    expectValid(trace);
    expect(summary.lastStep).toBe(profiled.series('batch_loss').at(-1)![0]);
    const [end] = spans.filter(({ name }) => name === 'end of epoch');
    expect(within(spans, end!).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['validation', 'checkpoint', 'histograms']),
    );
  });
});

const inside = (step: Complete, ts: number) => ts >= step.ts && ts <= step.ts + step.dur;

describe('eager operations', () => {
  it.each([
    ['node', 'Relu'],
    ['wasm', 'Relu'],
  ] as const)('are told by the %s engine, until it is enough', async (engine, name) => {
    await loadBackend(engine);
    try {
      const recorder = new SpanRecorder();
      const leave = traceEagerOperations(recorder);
      const values = tf.tidy(() => tf.relu(tf.tensor1d([-1, 2])).dataSync());
      leave();
      const told = recorder.spans.length;
      tf.tidy(() => tf.relu(tf.tensor1d([1])).dataSync());
      expect([...values]).toEqual([0, 2]);
      const operations = recorder.spans.filter(({ category }) => category === 'operation');
      expect(operations.map((span) => span.name)).toEqual([name]);
      expect(recorder.spans.length).toBe(told);
    } finally {
      await loadBackend('node');
    }
  });
});

describe('profiling compiled steps', () => {
  it.each(['digits', 'iris'])(
    'tells one call a step, with its parts and the layers in them, and no operations (%s)',
    async (name) => {
      const model = name === 'digits' ? 'small-cnn' : 'mlp';
      const recording = await train({
        ...options(name, {
          model,
          epochs: 3,
          compile: 'graph',
          imageSize: 16,
          profileFirstStep: 3,
          profileSteps: 5,
        }),
        onEvent: endAfterProfile,
      });
      const { trace, spans, summary } = await profileOf(recording);
      expectValid(trace);
      expect(summary.program).toBe('graph');
      expect(summary.operations).toBeUndefined();
      expect(summary.compute).toEqual({
        forward: expect.any(Number),
        backward: expect.any(Number),
        update: expect.any(Number),
      });
      const steps = spans.filter(({ cat }) => cat === 'step');
      expect(steps.map(({ args }) => args!.step)).toEqual([3, 4, 5, 6, 7]);
      for (const step of steps) {
        const inner = within(spans, step);
        const calls = inner.filter(({ cat }) => cat === 'call');
        expect(calls).toHaveLength(1);
        const parts = within(inner, calls[0]!).map((span) => span.name);
        expect(parts).toContain('compute');
        // A table's step is over in microseconds: a part may round to nothing, and nothing is drawn.
        if (name === 'digits')
          expect(parts).toEqual(expect.arrayContaining(['forward', 'backward', 'update']));
        const [compute] = inner.filter((span) => span.name === 'compute');
        const layers = within(inner, compute!).filter(({ cat }) => cat === 'layer');
        expect(layers.length).toBe(inner.filter(({ cat }) => cat === 'layer').length);
        expect(layers.reduce((sum, { dur }) => sum + dur, 0)).toBeGreaterThan(0.99 * compute!.dur);
        for (const phase of ['forward', 'backward'])
          for (const around of inner.filter((span) => span.name === phase))
            expect(within(inner, around).some((span) => span.name.startsWith(`${phase}: `))).toBe(true);
      }
      const names = spans.filter(({ cat }) => cat === 'layer').map((span) => span.name);
      expect(names).toContain(name === 'digits' ? 'forward: conv2d' : 'forward: dense');
      expect(names.some((told) => /^(backward|update): dense/.test(told))).toBe(true);
      expect(profileSummary.parse(summary)).toEqual(summary);
      const totals = summary.layers!.map(({ forward, backward, update }) => forward + backward + update);
      expect(totals).toEqual([...totals].sort((left, right) => right - left));
      const computing = summary.compute!.forward! + summary.compute!.backward! + summary.compute!.update!;
      expect(totals.reduce((sum, total) => sum + total, 0)).toBeGreaterThan(0.99 * computing);
      expect(totals.reduce((sum, total) => sum + total, 0)).toBeLessThanOrEqual(1.001 * computing);
    },
  );
});

describe('a window', () => {
  it('that no step reaches leaves no file, and the run says so', async () => {
    const question = options('iris', { model: 'mlp', epochs: 1, profileFirstStep: 10_000 });
    const recording = await train(question);
    expect(recording.all('notice').some(({ message }) => /No step was profiled/.test(message))).toBe(true);
    expect(await readdir(question.runDirectory)).not.toContain('profile');
  });

  it('whose folder can’t be written costs the profile, not the run', async () => {
    const question = options('iris', { model: 'mlp', epochs: 2, profileFirstStep: 1, profileSteps: 2 });
    const recording = await train({
      ...question,
      onEvent: () => {},
      runDirectory: await blocked(question.runDirectory),
    });
    expect(recording.end).toBe('done');
    expect(
      recording.all('notice').some(({ message }) => /profile of steps 1 to 2 could not be/.test(message)),
    ).toBe(true);
  });
});

/** A run's folder where `profile` is a file. */
async function blocked(path: string): Promise<string> {
  const folder = await mkdtemp(`${path}-`);
  await writeFile(join(folder, 'profile'), 'in the way');
  expect((await stat(join(folder, 'profile'))).isFile()).toBe(true);
  return folder;
}

describe('the summary', () => {
  const span = (category: Span['category'], name: string, begin: number, end: number): Span => ({
    category,
    name,
    lane: 0,
    begin,
    end,
    ...(category === 'step' ? { step: 1 } : {}),
  });
  const facts = { program: 'plain', tellsOperations: true, leftOut: 0, trace: 't', created: 'c' } as const;

  it('counts each moment once, for the innermost span', () => {
    const summary = summarize(
      [
        span('step', 'step 1', 0, 100),
        span('waiting', 'wait for data', 0, 20),
        span('pipeline', 'batch', 5, 15),
        span('compute', 'compute', 20, 80),
        span('operation', 'Relu', 30, 40),
        span('operation', 'MatMul', 40, 70),
        span('copy', 'copy to TensorFlow', 72, 77),
        span('callbacks', 'histograms', 80, 95),
        span('copy', 'copy from TensorFlow', 81, 90),
        // After the step: none of its time.
        span('callbacks', 'end of epoch', 100, 500),
        span('operation', 'Relu', 110, 400),
      ],
      facts,
    );
    expect(summary.shares).toEqual({ waiting: 0.2, copy: 0.05, compute: 0.55, callbacks: 0.15, other: 0.05 });
    expect(summary.operations).toEqual([
      { name: 'MatMul', count: 1, selfMilliseconds: 30, share: 0.3 },
      { name: 'Relu', count: 1, selfMilliseconds: 10, share: 0.1 },
    ]);
    expect(summary.operationShare).toBeCloseTo(40 / 55);
    expect(summary).toMatchObject({ verdict: 'compute-bound', reason: 'eager-compute' });
    expect(summary.message).toContain('MatMul');
  });

  it.each([
    [
      { waiting: 0.6, copy: 0, compute: 0.3, callbacks: 0.1, other: 0 },
      undefined,
      true,
      'input-bound',
      'decoding',
    ],
    [
      { waiting: 0.6, copy: 0, compute: 0.3, callbacks: 0.1, other: 0 },
      undefined,
      false,
      'input-bound',
      'pipeline',
    ],
    [
      { waiting: 0.1, copy: 0.5, compute: 0.3, callbacks: 0.1, other: 0 },
      undefined,
      true,
      'input-bound',
      'copy',
    ],
    [
      { waiting: 0.1, copy: 0, compute: 0.3, callbacks: 0.6, other: 0 },
      undefined,
      true,
      'host-bound',
      'callbacks',
    ],
    [{ waiting: 0.1, copy: 0, compute: 0.8, callbacks: 0.1, other: 0 }, 0.3, true, 'host-bound', 'eager'],
    [
      { waiting: 0.1, copy: 0, compute: 0.3, callbacks: 0.1, other: 0.5 },
      undefined,
      true,
      'host-bound',
      'overhead',
    ],
    [
      { waiting: 0.1, copy: 0, compute: 0.8, callbacks: 0.1, other: 0 },
      0.9,
      true,
      'compute-bound',
      'eager-compute',
    ],
    [
      { waiting: 0.1, copy: 0, compute: 0.8, callbacks: 0.1, other: 0 },
      undefined,
      true,
      'compute-bound',
      'compute',
    ],
  ] as const)(
    'of %o with operations %s (decoding: %s) is %s by %s',
    (shares, operations, decodes, verdict, reason) => {
      expect(judge(shares, operations, decodes, undefined)).toMatchObject({ verdict, reason });
    },
  );

  it('tells what was too much for the trace, and keeps the parts of the step', () => {
    const recorder = new SpanRecorder(3);
    const now = performance.now();
    for (let index = 0; index < 5; index++) recorder.span('operation', 'Relu', now + index, now + index + 1);
    recorder.add('step', 'step 1', now, now + 5, 1);
    expect(recorder.leftOut).toBe(2);
    expect(recorder.spans.at(-1)!.category).toBe('step');
  });
});
