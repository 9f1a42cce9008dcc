import { z } from 'zod';
import type { BaseLayer } from './base-layers';
import { type InstallablePack, packNames } from './base-packs';
import {
  type DatasetSummary,
  datasetKind,
  datasetOptions,
  type ExampleListing,
  type ScanProgress,
  splitName,
} from './dataset';
import type { ErrorMessage } from './errors';
import type { Evaluation } from './evaluation';
import { type ExportResult, exportFormat } from './export';
import type { LiveProgress } from './frames';
import { hyperparameters, presetName } from './hyperparameters';
import type { ModelMetadata } from './metadata';
import { type Prediction, predictionInput } from './prediction';
import type { ProfileListing } from './profile';
import type { Environment, Run, RunListing, RunStatus } from './run';
import {
  type HistogramSeries,
  histogramQuery,
  type ScalarSeries,
  type SeriesListing,
  scalarQuery,
} from './series';

const nothing = z.object({});
const runId = z.object({ run: z.string() });
const folder = z.object({ path: z.string() });

/** Settings of the studio, kept in the user's configuration folder. */
export const studioSettings = z.object({
  library: z.string(),
  jobsAtOnce: z.number().int().min(1).max(16).default(1),
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  locale: z.string().default('en'),
  /** What closing the window does while a job runs. */
  onClose: z.enum(['ask', 'background', 'pause', 'stop']).default('ask'),
  notify: z.boolean().default(true),
});
export type StudioSettings = z.infer<typeof studioSettings>;

/** Without defaults, which `partial` would keep: what is not named stays as it is. */
const settingsChange = z
  .object({
    library: studioSettings.shape.library,
    jobsAtOnce: studioSettings.shape.jobsAtOnce.unwrap(),
    theme: studioSettings.shape.theme.unwrap(),
    locale: studioSettings.shape.locale.unwrap(),
    onClose: studioSettings.shape.onClose.unwrap(),
    notify: studioSettings.shape.notify.unwrap(),
  })
  .partial();

export interface DoctorFinding {
  part: 'node' | 'engine' | 'electron' | 'disk' | 'library' | 'memory';
  state: 'ok' | 'warns' | 'missing';
  message: string;
  remedy?: string;
}

export interface DoctorReport {
  descent: string;
  engine: Environment | null;
  electron: { version: string; path: string; old: boolean } | null;
  node: string;
  platform: string;
  cpus: number;
  memoryBytes: number;
  freeDiskBytes: number;
  library: string;
  cache: string;
  findings: DoctorFinding[];
}

export interface StudioStatus {
  engine: (Environment & { warm: boolean }) | null;
  /** Set when no engine could be started. */
  engineError?: ErrorMessage;
  queued: number;
  running: number;
  studioRssBytes: number;
  engineRssBytes: number;
  /** The person's home directory: paths in it are shown from `~` on. */
  home: string;
  tensors: number;
  library: { path: string; runs: number };
}

/** A job as the queue shows it. The order is the order of starting. */
export interface JobState {
  run: string;
  name: string;
  datasetName: string;
  status: RunStatus;
  /** Waiting in the queue: 1 is next. */
  position?: number;
  /** While the engine prepares (scanning, decoding, building). */
  preparing?: { stage: string; done: number; total: number };
  progress?: LiveProgress;
  failure?: ErrorMessage;
}

export interface RecentFolder {
  path: string;
  name: string;
  opened: string;
  kind?: DatasetSummary['kind'];
  exampleCount?: number;
  exists: boolean;
}

export interface Proposal {
  hyperparameters: z.infer<typeof hyperparameters>;
  /** Why, in a sentence or two. */
  reason: string;
  /** Models that are best trained side by side, the proposed one first; absent where one is proposed without doubt. */
  candidates?: { hyperparameters: z.infer<typeof hyperparameters>; reason: string }[];
}

export interface DirectoryListing {
  path: string;
  parent: string | null;
  directories: { name: string; path: string }[];
  /** Files that could be opened as data (CSV, TSV). */
  files: { name: string; path: string; bytes: number }[];
}

export interface CheckpointListing {
  step: number;
  path: string;
  bytes: number;
  best: boolean;
  created: string;
}

function call<Result>() {
  return <Params extends z.ZodType>(params: Params) => ({ params, result: undefined as unknown as Result });
}

/** Every call that the studio answers: the schema of its parameters (parsed before anything acts on them) and its result. */
export const studioCalls = {
  'studio.status': call<StudioStatus>()(nothing),
  'studio.doctor': call<DoctorReport>()(nothing),
  'studio.settings': call<StudioSettings>()(nothing),
  'studio.changeSettings': call<StudioSettings>()(settingsChange),
  /** Ends the studio: `pause` and `stop` write checkpoints first; `background` is for the shell alone. */
  'studio.quit': call<Record<string, never>>()(z.object({ jobs: z.enum(['interrupt', 'stop']) })),

  'data.recent': call<RecentFolder[]>()(nothing),
  'data.forget': call<RecentFolder[]>()(folder),
  /** Remembers options for a folder; the next scan uses them. */
  'data.setOptions': call<{ options: z.infer<typeof datasetOptions> }>()(
    folder.extend({ options: datasetOptions }),
  ),
  'data.examples': call<{ examples: ExampleListing[]; total: number }>()(
    folder.extend({
      label: z.string().optional(),
      split: splitName.optional(),
      finding: z.string().optional(),
      offset: z.number().int().min(0).default(0),
      limit: z.number().int().min(1).max(500).default(60),
    }),
  ),
  /** Encoded pictures (WebP or PNG), upright, at most `size` pixels on the longer side; `bytes` null when unreadable. */
  'data.thumbnails': call<{ thumbnails: { file: string; mime: string; bytes: Uint8Array | null }[] }>()(
    folder.extend({
      files: z.array(z.string()).max(200),
      size: z.number().int().min(16).max(2048).default(128),
    }),
  ),
  /** The picture exactly as training sees it: uint8 [height, width, channels]; augmented by `augmentStep` when given. */
  'data.preview': call<{ height: number; width: number; channels: number; pixels: Uint8Array }>()(
    folder.extend({
      file: z.string(),
      height: z.number().int(),
      width: z.number().int(),
      channels: z.union([z.literal(1), z.literal(3)]),
    }),
  ),
  /** `model`: chosen already; the settings are those that suit it. */
  'data.proposal': call<Proposal>()(folder.extend({ model: presetName.optional() })),
  /** Directories for choosing a folder in the web host; within the user's home alone. No path: home. */
  'data.browse': call<DirectoryListing>()(z.object({ path: z.string().optional() })),

  'jobs.start': call<{ run: string }>()(
    z.object({
      path: z.string(),
      options: datasetOptions.optional(),
      hyperparameters,
      name: z.string().max(200).optional(),
      parent: z.string().optional(),
      /** The same for runs that are compared; the caller thinks of one. */
      comparison: z.string().max(100).optional(),
    }),
  ),
  /** Goes on from the newest checkpoint. */
  'jobs.resume': call<{ run: string }>()(runId),
  'jobs.list': call<JobState[]>()(nothing),
  'jobs.pause': call<Record<string, never>>()(runId),
  'jobs.continue': call<Record<string, never>>()(runId),
  /** A running job ends after its step with a checkpoint; a queued one is taken out. */
  'jobs.stop': call<Record<string, never>>()(runId),
  /** Puts a waiting job at another place among those that wait: 1 is next; beyond the last is last. */
  'jobs.move': call<Record<string, never>>()(runId.extend({ position: z.number().int().min(1) })),
  'jobs.setLearningRate': call<{ learningRate: number }>()(
    runId.extend({ learningRate: z.number().positive().max(100) }),
  ),

  'runs.list': call<RunListing[]>()(
    z.object({ search: z.string().default(''), archived: z.boolean().default(false) }),
  ),
  'runs.get': call<Run & { path: string; checkpointBytes: number }>()(runId),
  'runs.update': call<Run>()(
    runId.extend({
      name: z.string().min(1).max(200).optional(),
      tags: z.array(z.string().max(60)).max(50).optional(),
      note: z.string().max(20_000).optional(),
      archived: z.boolean().optional(),
    }),
  ),
  /** Into the system's trash (or the library's own). */
  'runs.delete': call<Record<string, never>>()(runId),
  'runs.evaluation': call<Evaluation | null>()(runId),
  'runs.checkpoints': call<CheckpointListing[]>()(runId),
  /** Deletes all checkpoints but the newest and the best; without a run: of every ended run. */
  'runs.cleanUp': call<{ freedBytes: number }>()(z.object({ run: z.string().optional() })),
  'runs.exports': call<ExportResult[]>()(runId),
  /** Profiled windows of steps, the newest first. */
  'runs.profiles': call<ProfileListing[]>()(runId),

  'series.list': call<SeriesListing[]>()(runId),
  'series.scalars': call<ScalarSeries[]>()(z.object({ queries: z.array(scalarQuery).max(500) })),
  'series.histograms': call<HistogramSeries[]>()(z.object({ queries: z.array(histogramQuery).max(100) })),

  /** The layers of the pretrained base that a model would get: what fine-tuning can choose from. */
  'model.baseLayers': call<{ layers: BaseLayer[] }>()(z.object({ kind: datasetKind, hyperparameters })),
  /** Pretrained bases that are fetched on request; `path` is null where one is not installed. */
  'bases.list': call<{ packs: InstallablePack[] }>()(nothing),

  /** What the run's kept model takes and answers; `not-found` before its first epoch has ended. */
  'model.describe': call<{ metadata: ModelMetadata }>()(runId),
  'model.predict': call<{ predictions: Prediction[] }>()(
    runId.extend({ inputs: z.array(predictionInput).max(1000) }),
  ),
};

function stream<Event>() {
  return <Params extends z.ZodType>(params: Params) => ({ params, event: undefined as unknown as Event });
}

/** Every stream that the studio answers. */
export const studioStreams = {
  /** Scans (or reads the cached scan), then gives the summary and ends. Cancelling stops the scan. */
  'data.open': stream<ScanProgress | { type: 'summary'; summary: DatasetSummary }>()(
    folder.extend({ options: datasetOptions.optional(), fresh: z.boolean().default(false) }),
  ),
  /** Writes a sample as an ordinary folder (default: beside the library) and tells where. */
  'data.sample': stream<{ type: 'progress'; done: number; total: number } | { type: 'done'; path: string }>()(
    z.object({ name: z.enum(['digits', 'iris', 'mails']), path: z.string().optional() }),
  ),
  /** Fetches a pretrained base that does not come with Descent, and tells where it is; at once when it is there already. */
  'bases.install': stream<
    { type: 'progress'; stage: string; done: number; total: number } | { type: 'done'; path: string }
  >()(z.object({ name: z.enum(packNames) })),
  /** The whole queue at once, then again whenever something changes (at most ten times a second). */
  'jobs.watch': stream<{ jobs: JobState[] }>()(nothing),
  /** At once and whenever a run appears, changes or goes (coalesced). `runs`: ids that changed; empty: everything. */
  'runs.watch': stream<{ runs: string[] }>()(nothing),
  /** Tells that series of these runs have new points (at most ten times a second a run); ask with series.scalars. */
  'series.watch': stream<{ run: string; revision: number; newSeries: boolean }>()(
    z.object({ runs: z.array(z.string()).max(100) }),
  ),
  'export.start': stream<
    { type: 'progress'; stage: string; done: number; total: number } | { type: 'done'; result: ExportResult }
  >()(runId.extend({ format: exportFormat, out: z.string().optional() })),
};

export type StudioCalls = {
  [Name in keyof typeof studioCalls]: {
    params: z.input<(typeof studioCalls)[Name]['params']>;
    result: (typeof studioCalls)[Name]['result'];
  };
};

export type StudioStreams = {
  [Name in keyof typeof studioStreams]: {
    params: z.input<(typeof studioStreams)[Name]['params']>;
    event: (typeof studioStreams)[Name]['event'];
  };
};
