import type { ChannelHandlers } from '../channel/common/channel';
import { EventQueue } from '../channel/common/event-queue';
import type { EngineCalls, EngineStreams } from '../contract/engine';
import { DescentError } from '../contract/errors';
import { exportModel } from '../export/export-model';
import { describeBaseLayers } from '../model/bases/describe-base';
import { probeSteps } from '../training/probe-steps';
import { describeEnvironment } from './environment';
import { Predictor } from './jobs/predictor';
import { TrainingSession } from './jobs/training-session';
import type { LoadedBackend } from './native/backend';

type Calls = {
  [Name in keyof EngineCalls]: (
    params: EngineCalls[Name]['params'],
    signal: AbortSignal,
  ) => Promise<EngineCalls[Name]['result']>;
};

type Streams = {
  [Name in keyof EngineStreams]: (
    params: EngineStreams[Name]['params'],
    signal: AbortSignal,
  ) => AsyncIterable<EngineStreams[Name]['event']>;
};

/** What one engine process does for the studio that started it. */
export class Engine implements ChannelHandlers {
  private readonly predictor = new Predictor();
  private session: TrainingSession | undefined;

  constructor(private readonly backend: Promise<LoadedBackend>) {}

  private readonly calls: Calls = {
    'engine.describe': async () => describeEnvironment(await this.backend),
    'job.pause': async () => ({ step: await this.runningSession().controls.pause() }),
    'job.continue': async () => ({ step: this.runningSession().controls.continue() }),
    'job.stop': async () => ({ step: this.runningSession().stop() }),
    'job.setLearningRate': async ({ learningRate }) => {
      this.runningSession().controls.setLearningRate(learningRate);
      return { learningRate };
    },
    // A last acknowledgement may come after the job's end.
    'job.acknowledge': async ({ sequence }) => {
      this.session?.acknowledge(sequence);
      return {};
    },
    'job.probe': async ({ job, steps }, signal) => {
      await this.backend;
      return probeSteps(job, steps, signal);
    },
    'model.baseLayers': async ({ kind, hyperparameters, cacheDirectory }, signal) => {
      await this.backend;
      const onProgress = () => {};
      return {
        layers: await describeBaseLayers(kind, hyperparameters, { cacheDirectory, onProgress, signal }),
      };
    },
    'model.predict': async ({ runDirectory, inputs }, signal) => {
      await this.backend;
      return { predictions: await this.predictor.predict(runDirectory, inputs, signal) };
    },
  };

  private readonly streams: Streams = {
    'job.train': (job, signal) => this.train(job, signal),
    'model.export': (request, signal) => this.export(request, signal),
  };

  private running = false;

  private runningSession(): TrainingSession {
    if (this.session && this.running) return this.session;
    throw new DescentError('wrong-use', 'No training job runs in this engine.');
  }

  private async *train(
    job: EngineStreams['job.train']['params'],
    signal: AbortSignal,
  ): AsyncIterable<EngineStreams['job.train']['event']> {
    if (this.running)
      throw new DescentError('busy', 'This engine trains already; it takes one job at a time.');
    this.running = true;
    const session = new TrainingSession(job, this.backend);
    this.session = session;
    signal.addEventListener('abort', () => session.interrupt(), { once: true });
    if (signal.aborted) session.interrupt();
    void session.finished.then(() => {
      this.running = false;
    });
    yield* session.frames;
  }

  private async *export(
    request: EngineStreams['model.export']['params'],
    signal: AbortSignal,
  ): AsyncIterable<EngineStreams['model.export']['event']> {
    await this.backend;
    const events = new EventQueue<EngineStreams['model.export']['event']>();
    exportModel({ ...request, signal }, (progress) => events.push(progress))
      .then((result) => {
        events.push({ type: 'done', result });
        events.end();
      })
      .catch((error: unknown) => events.fail(error));
    yield* events;
  }

  async call(name: string, params: unknown, signal: AbortSignal): Promise<unknown> {
    if (!Object.hasOwn(this.calls, name)) throw unknownName(name);
    const answer = this.calls[name as keyof Calls] as (
      params: unknown,
      signal: AbortSignal,
    ) => Promise<unknown>;
    return answer(params, signal);
  }

  listen(name: string, params: unknown, signal: AbortSignal): AsyncIterable<unknown> {
    if (!Object.hasOwn(this.streams, name)) throw unknownName(name);
    const stream = this.streams[name as keyof Streams] as (
      params: unknown,
      signal: AbortSignal,
    ) => AsyncIterable<unknown>;
    return stream(params, signal);
  }

  /** Saves what a running job has reached. Resolves when nothing runs any more. */
  async end(): Promise<void> {
    if (!this.session || !this.running) return;
    this.session.interrupt();
    await this.session.finished;
  }
}

function unknownName(name: string): DescentError {
  return new DescentError('wrong-use', `An engine knows no "${name}".`, { subject: name });
}
