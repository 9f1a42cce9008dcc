import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DescentError } from '../../contract/errors';
import { hyperparameters } from '../../contract/hyperparameters';
import { type Run, type RunListing, run as runSchema, runSchemaVersion } from '../../contract/run';
import { writeFileAtomically } from '../../files/node/atomic';

export const runFileName = 'run.json';

/** Reads and checks run.json of a run's folder. Throws a DescentError that says why it can't be opened. */
export async function readRunFile(directory: string): Promise<Run> {
  const path = join(directory, runFileName);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new DescentError('not-found', `${directory} is not a run: it has no ${runFileName}.`, {
      subject: directory,
    });
  }
  return parseRun(text, path);
}

export async function writeRunFile(directory: string, run: Run): Promise<void> {
  await writeFileAtomically(join(directory, runFileName), `${JSON.stringify(run, null, 2)}\n`);
}

function parseRun(text: string, path: string): Run {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new DescentError('bad-input', `${path} is not JSON: ${(error as Error).message}.`, {
      remedy: 'The folder can be deleted, or the file put back from a backup.',
      subject: path,
      cause: error,
    });
  }
  const version = (content as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version === 'number' && version > runSchemaVersion) {
    throw new DescentError(
      'unsupported',
      `${path} was written by a newer Descent (schema version ${version}; this one reads up to ${runSchemaVersion}).`,
      { remedy: 'Open it with the newer Descent.', subject: path },
    );
  }
  const parsed = runSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new DescentError(
    'bad-input',
    `${path} does not describe a run: ${issue.path.join('.')}: ${issue.message}.`,
    {
      remedy: 'The folder can be deleted, or the file put back from a backup.',
      subject: path,
      cause: parsed.error,
    },
  );
}

export function listingOf(run: Run): RunListing {
  return {
    id: run.id,
    name: run.name,
    created: run.created,
    finished: run.finished,
    status: run.status,
    datasetName: run.dataset.name,
    datasetPath: run.configuration.dataset.path,
    kind: run.dataset.kind,
    task: run.dataset.task,
    model: run.configuration.hyperparameters.model,
    hyperparameters: run.configuration.hyperparameters,
    progress: run.progress,
    phases: run.phases.map(({ name, step, epoch }) => ({ name, step, epoch })),
    summary: run.summary,
    failure: run.failure,
    tags: run.tags,
    note: run.note,
    archived: run.archived,
    ...(run.comparison === undefined ? {} : { comparison: run.comparison }),
  };
}

/** A line for a folder whose run.json can't be opened; `problem` says why. */
export function unreadableListing(id: string, problem: string, changed: Date): RunListing {
  return {
    id,
    name: id,
    created: changed.toISOString(),
    status: 'failed',
    datasetName: '',
    datasetPath: '',
    kind: 'images',
    task: 'classification',
    model: '',
    hyperparameters: hyperparameters.parse({}),
    progress: { step: 0, totalSteps: 0, epoch: 0, epochs: 0, trainingSeconds: 0 },
    phases: [],
    summary: {},
    tags: [],
    note: '',
    archived: false,
    problem,
  };
}
