import { describe, expect, it } from 'vitest';
import {
  type EndedJob,
  endedSince,
  followJobs,
  type JobSummary,
  summarize,
} from '../../../electron/job-follower';
import { connectClient, serveChannel } from '../../../src/channel/common/channel';
import { transportPair } from '../../../src/channel/common/transport';
import type { LiveProgress } from '../../../src/contract/frames';
import type { JobState, StudioCalls, StudioStreams } from '../../../src/contract/studio';

const at = (step: number, totalSteps: number, metrics: Record<string, number> = {}): LiveProgress => ({
  epoch: 1,
  epochs: 2,
  step,
  totalSteps,
  examplesPerSecond: 0,
  stepMilliseconds: 0,
  waitMilliseconds: 0,
  copyMilliseconds: 0,
  computeMilliseconds: 0,
  callbackMilliseconds: 0,
  etaSeconds: 0,
  learningRate: 0.1,
  rssBytes: 0,
  tensors: 0,
  metrics,
});
const job = (run: string, status: JobState['status'], more: Partial<JobState> = {}): JobState => ({
  run,
  name: `name of ${run}`,
  datasetName: 'digits',
  status,
  ...more,
});

describe('what the queue means for the shell', () => {
  it('counts what runs, waits or is paused, and adds up the steps', () => {
    const jobs = [
      job('a', 'running', { progress: at(30, 100) }),
      job('b', 'paused', { progress: at(20, 100) }),
      job('c', 'queued'),
      job('d', 'done', { progress: at(100, 100) }),
    ];
    expect(summarize(jobs)).toEqual({ active: 3, running: 1, progress: 0.25, paused: false });
  });

  it('knows no progress before the first step, and that everything is paused', () => {
    expect(summarize([job('a', 'queued')])).toEqual({
      active: 1,
      running: 0,
      progress: undefined,
      paused: false,
    });
    expect(summarize([job('a', 'paused', { progress: at(1, 2) })]).paused).toBe(true);
    expect(summarize([])).toEqual({ active: 0, running: 0, progress: undefined, paused: false });
  });

  it('tells of jobs that were active and are over, with the reason or the last metrics', () => {
    const after = [
      job('a', 'done', { progress: at(9, 9, { val_accuracy: 0.98765 }) }),
      job('b', 'failed', { failure: { code: 'engine-died', message: 'The engine was ended by SIGKILL.' } }),
      job('c', 'running'),
      job('old', 'done'),
    ];
    expect(endedSince(new Set(['a', 'b', 'c']), after)).toEqual([
      { run: 'a', name: 'name of a', status: 'done', words: 'name of a: val_accuracy 0.9877' },
      { run: 'b', name: 'name of b', status: 'failed', words: 'name of b: The engine was ended by SIGKILL.' },
    ]);
  });

  it('follows the queue over a channel until that is over', async () => {
    const [here, there] = transportPair();
    serveChannel(there, {
      call: async () => ({}),
      async *listen() {
        yield { jobs: [job('a', 'running', { progress: at(1, 4) })] };
        yield { jobs: [job('a', 'done')] };
      },
    });
    const summaries: JobSummary[] = [];
    const ended: EndedJob[] = [];
    await followJobs(connectClient<StudioCalls, StudioStreams>(here), (summary, over) => {
      summaries.push(summary);
      ended.push(...over);
    });
    expect(summaries.map(({ active }) => active)).toEqual([1, 0]);
    expect(ended.map(({ run }) => run)).toEqual(['a']);
  });

  it('ends quietly with a studio that dies', async () => {
    const [here, there] = transportPair();
    serveChannel(there, {
      call: async () => ({}),
      async *listen(_name, _params, signal) {
        yield { jobs: [job('a', 'running')] };
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    });
    const summaries: JobSummary[] = [];
    await followJobs(connectClient<StudioCalls, StudioStreams>(here), (summary) => {
      summaries.push(summary);
      there.close();
    });
    expect(summaries.map(({ active }) => active)).toEqual([1]);
  });
});
