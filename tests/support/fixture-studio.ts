import type { z } from 'zod';
import { type ChannelHandlers, connectClient, serveChannel } from '../../src/channel/common/channel';
import { EventQueue } from '../../src/channel/common/event-queue';
import { transportPair } from '../../src/channel/common/transport';
import { type DatasetOptions, type DatasetSummary, defaultDatasetOptions } from '../../src/contract/dataset';
import { DescentError, type ErrorMessage } from '../../src/contract/errors';
import type { ExportResult } from '../../src/contract/export';
import { hyperparameters, presetsByKind } from '../../src/contract/hyperparameters';
import type { RunStatus } from '../../src/contract/run';
import {
  type JobState,
  type RecentFolder,
  type StudioCalls,
  type StudioSettings,
  type StudioStreams,
  studioCalls,
  studioStreams,
} from '../../src/contract/studio';
import { exampleBase } from './fixture/base-layers';
import { folders, home, listExamples, summarize } from './fixture/folders';
import { encodeBitmap, paint } from './fixture/picture';
import { exampleProfile } from './fixture/profiles';
import { exampleRuns, FixtureRun } from './fixture/runs';

type Answers = {
  [Name in keyof StudioCalls]: (
    params: z.output<(typeof studioCalls)[Name]['params']>,
  ) => StudioCalls[Name]['result'] | Promise<StudioCalls[Name]['result']>;
};

type Streams = {
  [Name in keyof StudioStreams]: (
    params: z.output<(typeof studioStreams)[Name]['params']>,
    signal: AbortSignal,
  ) => AsyncIterable<StudioStreams[Name]['event']>;
};

export interface FixtureOptions {
  /** Training steps that a running job does in a second. */
  stepsPerSecond?: number;
  /** Milliseconds that a scan of an image folder takes. */
  scanMilliseconds?: number;
  /** Begin without runs and recent folders, as after the first start. */
  firstStart?: boolean;
  /** A job that runs from the beginning, and one that waits. */
  running?: boolean;
}

const tickMilliseconds = 100;

/**
 * A studio in memory with made-up folders and runs, behind the same contract and channel as the real one: for building
 * and testing pages. Its figures come from formulas; nothing is trained. `client` is what a page gets.
 */
export class FixtureStudio {
  readonly client;
  readonly calls: { name: string; params: unknown }[] = [];
  private runs: FixtureRun[];
  private readonly options: Required<FixtureOptions>;
  private readonly datasetOptions = new Map<string, DatasetOptions>();
  private readonly scanned = new Set<string>();
  private readonly failures = new Map<string, ErrorMessage>();
  private readonly jobWatchers = new Set<EventQueue<{ jobs: JobState[] }>>();
  private readonly runWatchers = new Set<EventQueue<{ runs: string[] }>>();
  private readonly seriesWatchers = new Set<{
    runs: Set<string>;
    queue: EventQueue<StudioStreams['series.watch']['event']>;
  }>();
  private readonly exports = new Map<string, ExportResult[]>();
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly end: () => void;
  private recent: RecentFolder[] = [];
  private settings: StudioSettings = {
    library: `${home}/Documents/Descent`,
    jobsAtOnce: 1,
    theme: 'system',
    locale: 'en',
    onClose: 'ask',
    notify: true,
  };

  constructor(options: FixtureOptions = {}) {
    this.options = {
      stepsPerSecond: 40,
      scanMilliseconds: 1500,
      firstStart: false,
      running: false,
      ...options,
    };
    this.runs = this.options.firstStart ? [] : exampleRuns();
    if (!this.options.firstStart) {
      this.remember(folders.mails, 'texts', 500);
      this.remember(folders.iris, 'table', 150);
      this.remember(folders.birds, 'images', 2148);
      this.recent.push({
        path: `${home}/Pictures/gone`,
        name: 'gone',
        opened: '2026-10-01T08:00:00Z',
        exists: false,
      });
    }
    if (this.options.running) {
      this.add('small-cnn · live', folders.birds, 'running').moveTo(200);
      this.add('mlp · next', folders.birds, 'queued');
    }
    const [page, studio] = transportPair();
    this.end = serveChannel(studio, this.handlers());
    this.client = connectClient<StudioCalls, StudioStreams>(page);
    this.timer = setInterval(() => this.tick(), tickMilliseconds);
  }

  /** Ends every stream and the clock. */
  close(): void {
    clearInterval(this.timer);
    this.end();
  }

  /** The next call or stream of this name fails with this. */
  failNext(name: keyof StudioCalls | keyof StudioStreams, error: ErrorMessage): void {
    this.failures.set(name, error);
  }

  /** Ends the running job the way a dead engine does. */
  failRunningJob(message: string): void {
    const running = this.runs.find((run) => run.run.status === 'running');
    if (!running) throw new Error('No job of the fixture runs.');
    running.run.failure = { message, remedy: 'Resume it from its last checkpoint.', signal: 'SIGKILL' };
    this.setStatus(running, 'failed');
  }

  private handlers(): ChannelHandlers {
    const answers = this.answers();
    const streams = this.streams();
    const takeFailure = (name: string) => {
      const failure = this.failures.get(name);
      this.failures.delete(name);
      if (failure) throw DescentError.fromMessage(failure);
    };
    return {
      call: async (name, params) => {
        this.calls.push({ name, params });
        takeFailure(name);
        const known = name as keyof StudioCalls;
        return (answers[known] as (parsed: unknown) => unknown)(studioCalls[known].params.parse(params));
      },
      listen: (name, params, signal) => {
        this.calls.push({ name, params });
        takeFailure(name);
        const known = name as keyof StudioStreams;
        return (streams[known] as (parsed: unknown, signal: AbortSignal) => AsyncIterable<unknown>)(
          studioStreams[known].params.parse(params),
          signal,
        );
      },
    };
  }

  private answers(): Answers {
    return {
      'bases.list': () => ({ packs: [] }),
      'studio.status': () => ({
        engine: { ...this.environment(), warm: true },
        queued: this.runs.filter((run) => run.run.status === 'queued').length,
        running: this.runs.filter((run) => run.run.status === 'running').length,
        studioRssBytes: 91_000_000,
        engineRssBytes: 521_000_000,
        home: '/home/ada',
        tensors: 412,
        library: { path: this.settings.library, runs: this.runs.length },
      }),
      'studio.doctor': () => ({
        descent: '0.1.0',
        engine: this.environment(),
        electron: { version: '45.4.1', path: `${home}/.cache/descent/electron/45.4.1`, old: false },
        node: '20.20.2',
        platform: 'linux-x64',
        cpus: 2,
        memoryBytes: 8_223_354_880,
        freeDiskBytes: 41_234_567_890,
        library: this.settings.library,
        cache: `${home}/.cache/descent`,
        findings: [
          { part: 'node', state: 'ok', message: 'Node 20.20.2.' },
          {
            part: 'engine',
            state: 'ok',
            message: 'The native engine (TensorFlow 2.15.1) loads and computes.',
          },
          {
            part: 'electron',
            state: 'warns',
            message: 'The Electron runtime is old (22.3.25).',
            remedy:
              'Run `npm start` with a connection to GitHub once, or use the window in a browser: `npm start -- --web`.',
          },
          { part: 'disk', state: 'ok', message: '38 GiB are free where the library is.' },
        ],
      }),
      'studio.settings': () => this.settings,
      'studio.changeSettings': (changes) => {
        this.settings = { ...this.settings, ...changes };
        return this.settings;
      },
      'studio.quit': () => ({}),
      'data.recent': () => this.recent,
      'data.forget': ({ path }) => {
        this.recent = this.recent.filter((folder) => folder.path !== path);
        return this.recent;
      },
      'data.setOptions': ({ path, options }) => {
        this.datasetOptions.set(path, options);
        return { options };
      },
      'data.examples': ({ path, label, split, finding, offset, limit }) => {
        const summary = this.summary(path);
        const found = finding ? summary.findings.find((entry) => entry.id === finding) : undefined;
        const files = found ? new Set(found.files) : undefined;
        const examples = listExamples(summary).filter(
          (example) =>
            (label === undefined || example.label === label) &&
            (split === undefined || example.split === split) &&
            (!files || files.has(example.file)),
        );
        return { examples: examples.slice(offset, offset + limit), total: examples.length };
      },
      'data.thumbnails': async ({ files, size }) => {
        await pause(30);
        const width = Math.min(size, 160);
        const height = Math.round(width * 0.75);
        return {
          thumbnails: files.map((file) =>
            file === 'robin/0007.jpg'
              ? { file, mime: 'image/bmp', bytes: null }
              : { file, mime: 'image/bmp', bytes: encodeBitmap(paint(file, width, height), width, height) },
          ),
        };
      },
      'data.preview': ({ file, height, width, channels }) => {
        const pixels = paint(file, width, height);
        return {
          height,
          width,
          channels,
          pixels: channels === 3 ? pixels : pixels.filter((_, index) => index % 3 === 0),
        };
      },
      'data.proposal': ({ path, model: chosen }) => {
        const summary = this.summary(path);
        const model = chosen ?? presetsByKind[summary.kind][0]!;
        const reasons = {
          images: `A small convolutional network: ${summary.exampleCount} pictures in ${summary.classes.length} classes are enough for it to learn from nothing.`,
          table: `A network of two hidden layers: ${summary.exampleCount} rows, few columns, so it trains in seconds.`,
          texts: 'A bag of word vectors: it looks at which words occur, and trains in seconds.',
        };
        return {
          hyperparameters: hyperparameters.parse({
            model,
            epochs: 12,
            imageSize: chosen === 'resnet50' ? 224 : summary.images?.width.maximum === 28 ? 28 : 64,
            classWeights: path === folders.birds ? 'balanced' : 'none',
          }),
          reason: reasons[summary.kind],
          ...(summary.kind === 'texts'
            ? {
                candidates: (['tfidf', 'glove', 'text-bag'] as const).map((candidate) => ({
                  hyperparameters: hyperparameters.parse({ model: candidate, epochs: 12 }),
                  reason: `Why ${candidate}.`,
                })),
              }
            : {}),
        };
      },
      'data.browse': ({ path = home }) => browse(path),
      'jobs.start': ({ path, hyperparameters: settings, name, parent, comparison }) => {
        const made = new FixtureRun({
          name: name || `${settings.model} ${this.runs.length + 1}`,
          path,
          created: new Date().toISOString(),
          status: 'queued',
          settings,
          parent,
          comparison,
        });
        this.runs.push(made);
        this.startNext();
        this.tell([made.id]);
        return { run: made.id };
      },
      'jobs.resume': ({ run }) => {
        this.setStatus(this.find(run), 'queued');
        this.startNext();
        return { run };
      },
      'jobs.list': () => this.jobs(),
      'jobs.pause': ({ run }) => this.setStatus(this.find(run), 'paused'),
      'jobs.continue': ({ run }) => this.setStatus(this.find(run), 'running'),
      'jobs.stop': ({ run }) => {
        const found = this.find(run);
        return this.setStatus(found, 'stopped');
      },
      'jobs.move': ({ run, position }) => {
        const waiting = this.runs.filter(({ run: { id, status } }) => status === 'queued' && id !== run);
        waiting.splice(position - 1, 0, this.find(run));
        this.runs = this.runs.map((known) => (known.run.status === 'queued' ? waiting.shift()! : known));
        this.tellJobs();
        return {};
      },
      'jobs.setLearningRate': ({ run, learningRate }) => {
        this.find(run).run.configuration.hyperparameters.learningRate = learningRate;
        return { learningRate };
      },
      'runs.list': ({ search, archived }) =>
        this.runs
          .filter(
            (run) =>
              run.run.archived === archived && run.run.name.toLowerCase().includes(search.toLowerCase()),
          )
          .map((run) => run.listing())
          .reverse(),
      'runs.get': ({ run }) => ({
        ...this.find(run).run,
        path: `${this.settings.library}/${run}`,
        checkpointBytes: 21_000_000,
      }),
      'runs.update': ({ run, ...changes }) => {
        const found = this.find(run);
        for (const [key, value] of Object.entries(changes))
          if (value !== undefined) Object.assign(found.run, { [key]: value });
        this.tell([run]);
        return found.run;
      },
      'runs.delete': ({ run }) => {
        const found = this.find(run);
        this.runs.splice(this.runs.indexOf(found), 1);
        this.tell([run]);
        return {};
      },
      'runs.evaluation': ({ run }) => this.find(run).evaluation(),
      'runs.checkpoints': ({ run }) => {
        const { epoch } = this.find(run).run.progress;
        return [epoch - 2, epoch - 1, epoch]
          .filter((done) => done > 0)
          .map((done, index) => ({
            step: done * this.find(run).stepsPerEpoch,
            path: `${this.settings.library}/${run}/checkpoints/${done}`,
            bytes: 7_000_000,
            best: index === 1,
            created: this.find(run).run.created,
          }));
      },
      'runs.cleanUp': ({ run }) => ({ freedBytes: (run ? 1 : this.runs.length) * 14_000_000 }),
      'runs.exports': ({ run }) => this.exports.get(run) ?? [],
      'runs.profiles': ({ run }) => {
        const { name } = this.find(run).run;
        const directory = `${this.settings.library}/${run}`;
        if (name === 'digits') return [exampleProfile(directory, 'plain')];
        return name === 'mobilenet-like' ? [exampleProfile(directory, 'graph')] : [];
      },
      'series.list': ({ run }) => this.find(run).series(),
      'series.scalars': ({ queries }) =>
        queries.map((query) =>
          this.find(query.run).scalars(query.split, query.tag, query.maxPoints, query.fromStep, query.toStep),
        ),
      'series.histograms': ({ queries }) =>
        queries.map((query) => this.find(query.run).histograms(query.split, query.tag, query.maxSteps)),
      'model.baseLayers': () => ({ layers: exampleBase() }),
      'model.describe': ({ run }) => {
        const found = this.find(run);
        const { dataset, configuration } = found.run;
        const columns = this.summary(configuration.dataset.path).table?.columns ?? [];
        return {
          metadata: {
            version: 1,
            name: found.run.name,
            preset: configuration.hyperparameters.model,
            kind: dataset.kind,
            task: dataset.task,
            input:
              dataset.kind === 'images'
                ? { kind: 'images', height: 64, width: 64, channels: 3 }
                : dataset.kind === 'texts'
                  ? { kind: 'texts', vocabulary: ['free', 'prize', 'meeting'], sequenceLength: 256 }
                  : {
                      kind: 'table',
                      columns: columns
                        .filter((column) => column.role === 'numeric')
                        .map((column) => ({
                          role: 'numeric',
                          name: column.name,
                          mean: column.mean ?? 0,
                          standardDeviation: column.standardDeviation ?? 1,
                        })),
                    },
            labels: found.labels,
            outputs: dataset.task === 'classification' ? 'probabilities' : 'value',
          },
        };
      },
      'model.predict': ({ run, inputs }) => {
        const { labels } = this.find(run);
        return {
          predictions: inputs.map((input, index) => ({
            file:
              input.type === 'file'
                ? input.path
                : input.type === 'image'
                  ? input.name
                  : `${input.type} ${index + 1}`,
            label: labels[index % labels.length],
            probabilities: Object.fromEntries(
              labels.map((label, place) => [
                label,
                place === index % labels.length ? 0.91 : 0.09 / (labels.length - 1),
              ]),
            ),
          })),
        };
      },
    };
  }

  private streams(): Streams {
    const studio = this;
    return {
      'data.open': async function* ({ path, options, fresh }, signal) {
        const total = path === folders.empty ? 0 : studio.summary(path).exampleCount;
        if (fresh || !studio.scanned.has(path)) {
          const ticks = Math.ceil(studio.options.scanMilliseconds / tickMilliseconds);
          for (let tick = 0; tick < ticks; tick++) {
            const share = tick / ticks;
            yield {
              type: 'progress',
              stage: tick === 0 ? 'listing' : share < 0.8 ? 'reading' : 'comparing',
              done: Math.round(share * total),
              total: tick === 0 ? 0 : total,
              remainingSeconds: tick > 2 ? ((ticks - tick) * tickMilliseconds) / 1000 : undefined,
            };
            await pause(tickMilliseconds);
            if (signal.aborted) return;
          }
        }
        if (options) studio.datasetOptions.set(path, options);
        const fromCache = studio.scanned.has(path);
        const summary = { ...studio.summary(path), fromCache };
        studio.scanned.add(path);
        studio.remember(path, summary.kind, summary.exampleCount);
        yield { type: 'summary', summary };
      },
      'data.sample': async function* ({ name }) {
        for (let done = 0; done <= 10; done++) {
          yield { type: 'progress', done: done * 100, total: 1000 };
          await pause(tickMilliseconds / 2);
        }
        yield { type: 'done', path: folders[name] };
      },
      'bases.install': async function* ({ name }) {
        yield { type: 'done', path: `/home/ada/.cache/descent/bases/${name}` };
      },
      'jobs.watch': (_, signal) => {
        const queue = new EventQueue<{ jobs: JobState[] }>(signal);
        queue.push({ jobs: studio.jobs() });
        studio.jobWatchers.add(queue);
        signal.addEventListener('abort', () => studio.jobWatchers.delete(queue), { once: true });
        return queue;
      },
      'runs.watch': (_, signal) => {
        const queue = new EventQueue<{ runs: string[] }>(signal);
        queue.push({ runs: [] });
        studio.runWatchers.add(queue);
        signal.addEventListener('abort', () => studio.runWatchers.delete(queue), { once: true });
        return queue;
      },
      'series.watch': ({ runs }, signal) => {
        const queue = new EventQueue<StudioStreams['series.watch']['event']>(signal);
        const watcher = { runs: new Set(runs), queue };
        studio.seriesWatchers.add(watcher);
        signal.addEventListener('abort', () => studio.seriesWatchers.delete(watcher), { once: true });
        return queue;
      },
      'export.start': async function* ({ run, format, out }) {
        for (let done = 0; done <= 5; done++) {
          yield { type: 'progress', stage: 'parity', done, total: 5 };
          await pause(tickMilliseconds);
        }
        const path = out ?? `${studio.settings.library}/${run}/exports/${format}`;
        const result: ExportResult = {
          format,
          path,
          bytes: 1_912_345,
          created: new Date().toISOString(),
          files: [
            { name: 'model.json', bytes: 8123 },
            { name: 'weights.bin', bytes: 1_650_000 },
            { name: 'index.html', bytes: 254_222 },
          ],
          parity: {
            runtime: 'TensorFlow.js 4.22.0, WebAssembly',
            examples: 64,
            inputs: 'held-out',
            largestDifference: 3.1e-7,
            meanDifference: 2.2e-8,
            changedPredictions: [],
            tolerance: 1e-4,
            passed: true,
          },
        };
        studio.exports.set(run, [result, ...(studio.exports.get(run) ?? [])]);
        yield { type: 'done', result };
      },
    };
  }

  private tick(): void {
    const moved: FixtureRun[] = [];
    for (const run of this.runs) {
      if (run.run.status !== 'running') continue;
      const epoch = run.run.progress.epoch;
      run.moveTo(run.run.progress.step + Math.ceil((this.options.stepsPerSecond * tickMilliseconds) / 1000));
      moved.push(run);
      if (run.run.progress.step >= run.run.progress.totalSteps) {
        run.run.finished = new Date().toISOString();
        this.setStatus(run, 'done');
      } else if (run.run.progress.epoch !== epoch) this.tell([run.id]);
    }
    if (moved.length === 0) return;
    this.tellJobs();
    for (const watcher of this.seriesWatchers)
      for (const run of moved)
        if (watcher.runs.has(run.id))
          watcher.queue.push({ run: run.id, revision: run.revision, newSeries: run.run.progress.step < 50 });
  }

  private add(name: string, path: string, status: RunStatus): FixtureRun {
    const run = new FixtureRun({ name, path, status, created: new Date().toISOString() });
    this.runs.push(run);
    return run;
  }

  private setStatus(run: FixtureRun, status: RunStatus): Record<string, never> {
    run.run.status = status;
    this.startNext();
    this.tell([run.id]);
    return {};
  }

  private startNext(): void {
    const active = this.runs.filter(
      (run) => run.run.status === 'running' || run.run.status === 'paused',
    ).length;
    for (const run of this.runs
      .filter((candidate) => candidate.run.status === 'queued')
      .slice(0, Math.max(0, this.settings.jobsAtOnce - active)))
      run.run.status = 'running';
  }

  private jobs(): JobState[] {
    let position = 0;
    return this.runs
      .filter((run) => ['queued', 'running', 'paused'].includes(run.run.status) || this.endedLately(run))
      .map((run) => ({
        run: run.id,
        name: run.run.name,
        datasetName: run.run.dataset.name,
        status: run.run.status,
        position: run.run.status === 'queued' ? ++position : undefined,
        progress: run.run.progress.step > 0 ? run.live() : undefined,
        failure:
          run.run.status === 'failed' && run.run.failure
            ? {
                code: 'engine-died' as const,
                message: run.run.failure.message,
                remedy: run.run.failure.remedy,
              }
            : undefined,
      }));
  }

  private endedLately(run: FixtureRun): boolean {
    return Date.now() - new Date(run.run.finished ?? 0).getTime() < 5000;
  }

  private tell(runs: string[]): void {
    for (const watcher of this.runWatchers) watcher.push({ runs });
    this.tellJobs();
  }

  private tellJobs(): void {
    for (const watcher of this.jobWatchers) watcher.push({ jobs: this.jobs() });
  }

  private find(id: string): FixtureRun {
    const found = this.runs.find((run) => run.id === id);
    if (!found)
      throw new DescentError('not-found', `There is no run "${id}".`, {
        remedy: 'Choose one from the list.',
      });
    return found;
  }

  private summary(path: string): DatasetSummary {
    return summarize(path, this.datasetOptions.get(path) ?? defaultDatasetOptions);
  }

  private remember(path: string, kind: RecentFolder['kind'], exampleCount: number): void {
    const name = path.split('/').at(-1)!;
    this.recent = [
      { path, name, opened: new Date().toISOString(), kind, exampleCount, exists: true },
      ...this.recent.filter((folder) => folder.path !== path),
    ];
  }

  private environment() {
    return {
      descent: '0.1.0',
      engine: 'node' as const,
      engineVersion: '2.15.1',
      threads: 2,
      node: '20.20.2',
      platform: 'linux-x64',
    };
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function browse(path: string) {
  const directories = new Map<string, string>();
  const files: { name: string; path: string; bytes: number }[] = [];
  if (path !== home && !path.startsWith(`${home}/`))
    throw new DescentError('forbidden', `"${path}" is outside of your home folder.`, {
      remedy: 'Choose a folder within it, or start Descent on the machine itself.',
    });
  for (const known of Object.values(folders)) {
    if (!known.startsWith(`${path}/`)) continue;
    const [next, ...rest] = known.slice(path.length + 1).split('/');
    if (rest.length === 0 && next!.endsWith('.csv'))
      files.push({ name: next!, path: known, bytes: 1_423_529 });
    else directories.set(next!, `${path}/${next}`);
  }
  return {
    path,
    parent: path === home ? null : path.split('/').slice(0, -1).join('/'),
    directories: [...directories].map(([name, entry]) => ({ name, path: entry })),
    files,
  };
}
