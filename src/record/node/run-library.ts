import { randomInt } from 'node:crypto';
import { access, constants, readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DescentError } from '../../contract/errors';
import {
  type Run,
  type RunListing,
  type RunStatus,
  runSchemaVersion,
  type TrainingConfiguration,
} from '../../contract/run';
import { writeDirectoryAtomically } from '../../files/node/atomic';
import { confine } from '../../files/node/confine';
import { directorySize } from '../../files/node/directory-size';
import { withLock } from '../../files/node/lock';
import { makeDirectory } from '../../files/node/make-directory';
import { isProcessAlive, ownProcessIdentity } from '../../files/node/process-identity';
import { moveToTrash } from '../../files/node/trash';
import { listingOf, readRunFile, runFileName, unreadableListing, writeRunFile } from './run-file';

export interface NewRun {
  configuration: TrainingConfiguration;
  /** What is known of the data before the engine has opened it. */
  dataset: Pick<Run['dataset'], 'name' | 'kind' | 'task'> & Partial<Run['dataset']>;
  /** Default: data set, model and the id's last four characters. */
  name?: string;
  tags?: string[];
  note?: string;
  /** The run whose settings this one was started from. */
  parent?: string;
  /** Runs of one comparison have the same. */
  comparison?: string;
}

export interface RunFilter {
  /** Words that must all be found in name, id, data set, model, tags or note, in whatever case. */
  search?: string;
  /** Absent: both. */
  archived?: boolean;
}

export interface CheckpointUse {
  step: number;
  path: string;
  bytes: number;
}

export interface DiskUse {
  total: number;
  checkpoints: CheckpointUse[];
  model: number;
  exports: number;
  /** Event files, run.json and whatever else there is. */
  rest: number;
}

interface CachedRun {
  key: string;
  run?: Run;
  problem?: string;
  changed: Date;
}

const activeStatuses: ReadonlySet<RunStatus> = new Set(['queued', 'running', 'paused']);
const foldersReadAtOnce = 32;

/** A folder of runs. Several processes may use one library at a time; one of them owns a run while it is active. */
export class RunLibrary {
  readonly directory: string;
  private readonly cache = new Map<string, CachedRun>();

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Opens the library in `directory`, which is made when missing. */
  static async open(directory: string): Promise<RunLibrary> {
    const path = resolve(directory);
    try {
      await makeDirectory(path);
      if (!(await stat(path)).isDirectory()) throw new Error('it is a file');
      await access(path, constants.R_OK);
    } catch (error) {
      throw new DescentError('io', `The library ${path} can't be opened: ${(error as Error).message}.`, {
        remedy: 'Choose another folder with --library, or in the settings.',
        subject: path,
        cause: error,
      });
    }
    return new RunLibrary(path);
  }

  /** Adds a run, queued and owned by this process. */
  async create(description: NewRun): Promise<Run> {
    const { configuration, dataset } = description;
    const created = new Date();
    const { model, epochs } = configuration.hyperparameters;
    const suffix = randomSuffix();
    const id = `${timestamp(created)}-${slug(dataset.name) || 'data'}-${slug(model)}-${suffix}`;
    const run: Run = {
      schemaVersion: runSchemaVersion,
      id,
      name: description.name?.trim() || `${dataset.name} ${model} ${suffix}`,
      created: created.toISOString(),
      status: 'queued',
      configuration,
      dataset: { fingerprint: '', labels: [], train: 0, validation: 0, test: 0, skipped: [], ...dataset },
      owner: ownProcessIdentity(),
      progress: { step: 0, totalSteps: 0, epoch: 0, epochs, trainingSeconds: 0 },
      phases: [],
      summary: {},
      tags: normalTags(description.tags ?? []),
      note: description.note ?? '',
      archived: false,
    };
    if (description.parent !== undefined) run.parent = description.parent;
    if (description.comparison !== undefined) run.comparison = description.comparison;
    await writeDirectoryAtomically(join(this.directory, id), (temporary) => writeRunFile(temporary, run));
    return run;
  }

  /** The absolute path of a run's folder. Throws a DescentError (`not-found`) when there is none. */
  directoryOf(id: string): string {
    const path = confine(this.directory, id);
    if (path === this.directory || !isRunFolder(id)) throw noSuchRun(id, this.directory);
    return path;
  }

  /** The run as its run.json has it now. An active run whose process is dead is `interrupted`. */
  async read(id: string): Promise<Run> {
    const directory = this.directoryOf(id);
    const run = await this.orNoSuchRun(id, readRunFile(directory));
    return isOrphan(run) ? this.interrupt(id) : run;
  }

  /** Changes a run's run.json under its lock, on the content that it has then; returns the new content. */
  async update(id: string, change: (run: Run) => Partial<Run>): Promise<Run> {
    const directory = this.directoryOf(id);
    await this.orNoSuchRun(id, stat(join(directory, runFileName)));
    return withLock(join(directory, runFileName), async () => {
      const run = await readRunFile(directory);
      const changed = { ...run, ...change(run) };
      await writeRunFile(directory, changed);
      return changed;
    });
  }

  /** All runs, the newest first. A folder whose run.json can't be opened is listed with its `problem`. */
  async list(filter: RunFilter = {}): Promise<RunListing[]> {
    const ids = (await readdir(this.directory, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory() && isRunFolder(entry.name))
      .map((entry) => entry.name);
    const known = new Set(ids);
    for (const id of this.cache.keys()) if (!known.has(id)) this.cache.delete(id);

    const listings: RunListing[] = [];
    for (let start = 0; start < ids.length; start += foldersReadAtOnce) {
      const batch = ids.slice(start, start + foldersReadAtOnce);
      for (const listing of await Promise.all(batch.map((id) => this.listing(id)))) {
        if (listing && matches(listing, filter)) listings.push(listing);
      }
    }
    return listings.sort((first, second) =>
      first.created === second.created
        ? second.id.localeCompare(first.id)
        : second.created < first.created
          ? -1
          : 1,
    );
  }

  /**
   * The id that RUN means: an id, a unique name, the unique beginning of an id, or an id's last four characters. Throws a
   * DescentError: `not-found`, or `ambiguous` with the candidates.
   */
  async resolve(reference: string): Promise<string> {
    const runs = await this.list();
    const exact = runs.find((run) => run.id === reference);
    if (exact) return exact.id;
    const ways: ((run: RunListing) => boolean)[] = [
      (run) => run.name === reference,
      (run) => run.name.toLowerCase() === reference.toLowerCase(),
      (run) => run.id.startsWith(reference),
      (run) => run.id.endsWith(`-${reference}`),
    ];
    for (const way of reference === '' ? [] : ways) {
      const candidates = runs.filter(way);
      if (candidates.length === 1) return candidates[0]!.id;
      if (candidates.length > 1) throw ambiguous(reference, candidates);
    }
    throw noSuchRun(reference, this.directory);
  }

  async rename(id: string, name: string): Promise<Run> {
    const trimmed = name.trim();
    if (!trimmed) throw new DescentError('wrong-use', 'A run needs a name.', { subject: id });
    return this.update(id, () => ({ name: trimmed }));
  }

  async setTags(id: string, tags: readonly string[]): Promise<Run> {
    return this.update(id, () => ({ tags: normalTags(tags) }));
  }

  async setNote(id: string, note: string): Promise<Run> {
    return this.update(id, () => ({ note }));
  }

  async archive(id: string): Promise<Run> {
    return this.update(id, () => ({ archived: true }));
  }

  async unarchive(id: string): Promise<Run> {
    return this.update(id, () => ({ archived: false }));
  }

  /**
   * Moves a run to the trash. Returns where it is when the system has no trash (the library's `.trash`), else undefined.
   * Throws a DescentError (`busy`) while a process trains it.
   */
  async delete(id: string): Promise<string | undefined> {
    const directory = this.directoryOf(id);
    await this.orNoSuchRun(id, stat(directory));
    await this.refuseWhileActive(id, directory);
    const place = await moveToTrash(directory);
    this.cache.delete(id);
    return place;
  }

  /** Makes this process the owner of a run, to train it (again). Throws `busy` when another live process owns it. */
  async claim(id: string, status: RunStatus = 'queued'): Promise<Run> {
    const own = ownProcessIdentity();
    return this.update(id, (run) => {
      const { owner } = run;
      if (activeStatuses.has(run.status) && owner && owner.pid !== own.pid && isProcessAlive(owner)) {
        throw new DescentError('busy', `The run ${run.name} is trained by another process (${owner.pid}).`, {
          remedy: 'Stop it there first.',
          subject: id,
        });
      }
      return { owner: own, status, failure: undefined, finished: undefined };
    });
  }

  /** What a run takes on the disk, in bytes; its checkpoints by step. */
  async diskUse(id: string): Promise<DiskUse> {
    const directory = this.directoryOf(id);
    await this.orNoSuchRun(id, stat(directory));
    const checkpoints: CheckpointUse[] = [];
    const folder = join(directory, 'checkpoints');
    for (const name of await namesIn(folder)) {
      const path = join(folder, name);
      if (/^\d+$/.test(name))
        checkpoints.push({ step: Number(name), path, bytes: await directorySize(path) });
    }
    checkpoints.sort((first, second) => first.step - second.step);
    const total = await directorySize(directory);
    const model = await directorySize(join(directory, 'model'));
    const exports = await directorySize(join(directory, 'exports'));
    const checkpointBytes = checkpoints.reduce((sum, { bytes }) => sum + bytes, 0);
    return { total, checkpoints, model, exports, rest: total - model - exports - checkpointBytes };
  }

  /**
   * Removes checkpoints but the newest `keepNewest` (default 1) and those at the steps in `keepSteps`. Returns the bytes
   * that became free. Throws a DescentError (`busy`) while a process trains the run.
   */
  async removeCheckpoints(
    id: string,
    { keepNewest = 1, keepSteps = [] }: { keepNewest?: number; keepSteps?: readonly number[] } = {},
  ): Promise<number> {
    await this.refuseWhileActive(id, this.directoryOf(id));
    const { checkpoints } = await this.diskUse(id);
    const kept = new Set(keepSteps);
    let freed = 0;
    for (const { step, path, bytes } of checkpoints.slice(0, Math.max(0, checkpoints.length - keepNewest))) {
      if (kept.has(step)) continue;
      await rm(path, { recursive: true, force: true });
      freed += bytes;
    }
    return freed;
  }

  private async listing(id: string): Promise<RunListing | undefined> {
    const directory = join(this.directory, id);
    let key: string;
    let changed: Date;
    try {
      const { ino, mtimeNs, size, mtime } = await stat(join(directory, runFileName), { bigint: true });
      key = `${ino} ${mtimeNs} ${size}`;
      changed = mtime;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A folder of something else.
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw error;
    }
    let cached = this.cache.get(id);
    if (cached?.key !== key) {
      cached = await this.load(directory, key, changed);
      this.cache.set(id, cached);
    }
    const { run, problem } = cached;
    if (!run) return unreadableListing(id, problem!, cached.changed);
    // The folder's name counts: a person may have copied or renamed it.
    return { ...listingOf(isOrphan(run) ? await this.interrupt(id) : run), id };
  }

  private async load(directory: string, key: string, changed: Date): Promise<CachedRun> {
    try {
      return { key, changed, run: await readRunFile(directory) };
    } catch (error) {
      const remedy = error instanceof DescentError && error.remedy ? ` ${error.remedy}` : '';
      return { key, changed, problem: (error as Error).message + remedy };
    }
  }

  /** Writes down that an active run's process has died. In a library that can't be written to it is only told. */
  private async interrupt(id: string): Promise<Run> {
    let interrupted: Run | undefined;
    try {
      return await this.update(id, (run) => {
        if (!isOrphan(run)) return {};
        interrupted = interruptedRun(run);
        return interrupted;
      });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EROFS' && code !== 'EACCES' && code !== 'EPERM') throw error;
      return interrupted ?? interruptedRun(await readRunFile(this.directoryOf(id)));
    }
  }

  private async refuseWhileActive(id: string, directory: string): Promise<void> {
    let run: Run;
    try {
      run = await readRunFile(directory);
    } catch (error) {
      // What can't be opened is owned by nobody and may be thrown away.
      if (error instanceof DescentError) return;
      throw error;
    }
    if (!activeStatuses.has(run.status) || isOrphan(run)) return;
    throw new DescentError('busy', `The run ${run.name} is ${run.status}.`, {
      remedy: 'Stop it first.',
      subject: id,
    });
  }

  private async orNoSuchRun<Result>(id: string, action: Promise<Result>): Promise<Result> {
    try {
      return await action;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'not-found')
        throw noSuchRun(id, this.directory);
      throw error;
    }
  }
}

function isOrphan(run: Run): boolean {
  return activeStatuses.has(run.status) && (run.owner === undefined || !isProcessAlive(run.owner));
}

function interruptedRun(run: Run): Run {
  const message = `The process that trained it${run.owner ? ` (${run.owner.pid})` : ''} ended without a word.`;
  const remedy = 'It goes on from its last checkpoint with Resume.';
  return { ...run, status: 'interrupted', owner: undefined, failure: run.failure ?? { message, remedy } };
}

function isRunFolder(name: string): boolean {
  return name !== '' && !name.startsWith('.') && !name.endsWith('.previous') && !/[\\/]/.test(name);
}

function matches(listing: RunListing, { search, archived }: RunFilter): boolean {
  if (archived !== undefined && listing.archived !== archived) return false;
  if (!search) return true;
  const { name, id, datasetName, model, tags, note } = listing;
  const text = [name, id, datasetName, model, ...tags, note].join('\n').toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function normalTags(tags: readonly string[]): string[] {
  return [...new Set(tags.map((tag) => tag.trim()).filter(Boolean))];
}

/** 20261123T161530Z */
function timestamp(time: Date): string {
  return time.toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
}

/** Letters a-z, digits and single hyphens, at most 32: safe in every file system and in a URL. */
function slug(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 32)
    .replace(/^-+|-+$/g, '');
}

function randomSuffix(): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  return Array.from({ length: 4 }, () => alphabet[randomInt(alphabet.length)]).join('');
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function noSuchRun(reference: string, library: string): DescentError {
  return new DescentError('not-found', `There is no run "${reference}" in ${library}.`, {
    remedy: '`descent runs` lists those that there are.',
    subject: reference,
  });
}

function ambiguous(reference: string, candidates: readonly RunListing[]): DescentError {
  const shown = candidates.slice(0, 5).map((run) => run.id);
  const more = candidates.length > shown.length ? ` and ${candidates.length - shown.length} more` : '';
  return new DescentError(
    'ambiguous',
    `"${reference}" can mean ${candidates.length} runs: ${shown.join(', ')}${more}.`,
    { remedy: 'Give the id.', subject: reference },
  );
}
