import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Hyperparameters, hyperparameters } from '../../../src/contract/hyperparameters';
import type { JobState } from '../../../src/contract/studio';
import { isProcessRunning } from '../../../src/files/node/process-identity';
import { connectStudio, type StudioClient } from '../../../src/studio/node/connect-studio';
import { createStudio, type Studio } from '../../../src/studio/node/create-studio';
import { buildEngine } from '../../support/build-engine';

export interface Workshop {
  directory: string;
  library: string;
  /** A folder with the iris sample. */
  iris: string;
  open(options?: { warm?: boolean }): Promise<{ studio: Studio; client: StudioClient }>;
  /** Ends every studio that was opened and removes everything. */
  close(): Promise<void>;
}

/** A library, a cache and a configuration of its own, with a data set, below a temporary folder. */
export async function openWorkshop(): Promise<Workshop> {
  const directory = mkdtempSync(join(tmpdir(), 'descent-studio-'));
  const engineEntry = await buildEngine();
  const studios: Studio[] = [];
  const workshop: Workshop = {
    directory,
    library: join(directory, 'library'),
    iris: join(directory, 'iris flowers'),
    open: async ({ warm = false } = {}) => {
      const studio = createStudio({
        libraryDirectory: workshop.library,
        cacheDirectory: join(directory, 'cache'),
        configDirectory: join(directory, 'config'),
        engineEntry,
        version: '0.0.0-test',
        warm,
      });
      studios.push(studio);
      return { studio, client: connectStudio(studio) };
    },
    close: async () => {
      for (const studio of studios) await studio.close({ jobs: 'interrupt' });
      rmSync(directory, { recursive: true, force: true });
    },
  };
  const { client, studio } = await workshop.open();
  for await (const event of client.listen('data.sample', { name: 'iris', path: workshop.iris })) void event;
  await studio.close({ jobs: 'interrupt' });
  return workshop;
}

/** Settings for a table; `epochs: 100_000` trains for minutes. */
export function settings(changes: Partial<Hyperparameters>): Hyperparameters {
  return hyperparameters.parse({ model: 'mlp', epochs: 3, learningRate: 0.01, ...changes });
}

/** The job's first state that fits. Fails when the queue stops talking. */
export async function jobState(
  client: StudioClient,
  run: string,
  fits: (job: JobState) => boolean,
): Promise<JobState> {
  for await (const { jobs } of client.listen('jobs.watch', {}, { signal: AbortSignal.timeout(50_000) })) {
    const job = jobs.find((candidate) => candidate.run === run);
    if (job && fits(job)) return job;
    if (job && hasEnded(job)) throw new Error(`The run is ${job.status}: ${JSON.stringify(job.failure)}`);
  }
  throw new Error('The watch ended.');
}

export const hasEnded = ({ status }: JobState): boolean =>
  status !== 'queued' && status !== 'running' && status !== 'paused';

export const hasSteps = ({ progress }: JobState): boolean => (progress?.step ?? 0) > 0;

/** The process that trains a run now. */
export function enginePid(runDirectory: string): number {
  return JSON.parse(readFileSync(join(runDirectory, '.engine.json'), 'utf8')).pid;
}

/** Running engines that a process has started (Linux and macOS). */
export function enginesOf(pid: number): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, ...words]) => Number(parent) === pid && words.join(' ').includes('engine.cjs'))
    .map(([child]) => Number(child));
}

export async function processEnds(pid: number): Promise<void> {
  for (let turn = 0; isProcessRunning(pid); turn++) {
    if (turn > 300) throw new Error(`Process ${pid} goes on.`);
    await pause(100);
  }
}

/** Steps of batch_loss as the event files have them. */
export async function recordedSteps(client: StudioClient, run: string): Promise<number[]> {
  const [series] = await client.call('series.scalars', {
    queries: [{ run, split: 'train', tag: 'batch_loss', maxPoints: 1_000_000 }],
  });
  return [...series!.steps];
}

export function countFrom1To(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
