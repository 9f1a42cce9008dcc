import { statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { DescentError } from '../../contract/errors';
import type { Environment } from '../../contract/run';
import type { DoctorFinding, DoctorReport } from '../../contract/studio';
import { makeDirectory } from '../../files/node/make-directory';
import type { StudioContext } from './context';
import { readSetupReport, type SetupReport } from './setup-report';

const oldestNode = [20, 19] as const;
const littleDisk = 2e9;
const littleMemory = 4e9;

/** Looks at every part that Descent needs, and says for each what to do when it is missing. */
export async function examine(context: StudioContext): Promise<DoctorReport> {
  const setup = readSetupReport();
  const { library: libraryPath } = await context.settings.read();
  const engine = await examineEngine(context, setup);
  const disk = await examineDisk(libraryPath);
  return {
    descent: context.version,
    engine: engine.environment,
    electron: setup?.electron ?? null,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    freeDiskBytes: disk.free,
    library: libraryPath,
    cache: context.cacheDirectory,
    findings: [
      nodeFinding(),
      ...engine.findings,
      electronFinding(setup),
      ...disk.findings,
      memoryFinding(),
      await libraryFinding(context, libraryPath),
    ],
  };
}

function nodeFinding(): DoctorFinding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const message = `Node ${process.versions.node}`;
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) {
    return { part: 'node', state: 'ok', message };
  }
  return {
    part: 'node',
    state: 'warns',
    message: `${message} is older than ${oldestNode.join('.')}.`,
    remedy: 'Install a current Node from https://nodejs.org.',
  };
}

async function examineEngine(
  { engines }: StudioContext,
  setup: SetupReport | undefined,
): Promise<{ environment: Environment | null; findings: DoctorFinding[] }> {
  const missing = (setup?.missing ?? [])
    .filter(({ part }) => !isElectron(part))
    .map(
      ({ part, remedy }): DoctorFinding => ({
        part: 'engine',
        state: 'warns',
        message: `For the native engine is missing: ${part}.`,
        remedy,
      }),
    );
  try {
    const environment = await engines.describe();
    const { engine, engineVersion, threads } = environment;
    const message =
      engine === 'node'
        ? `Native engine: TensorFlow ${engineVersion}, ${threads} threads`
        : `WebAssembly engine: tfjs ${engineVersion}, ${threads} threads; training is slower than with the native one`;
    const forced = process.env.DESCENT_ENGINE
      ? ` (forced by DESCENT_ENGINE=${process.env.DESCENT_ENGINE})`
      : '';
    const finding: DoctorFinding =
      engine === 'node' || forced !== ''
        ? { part: 'engine', state: 'ok', message: message + forced }
        : {
            part: 'engine',
            state: 'warns',
            message,
            remedy: missing.length > 0 ? undefined : 'Run "npm run setup -- --retry" with a network.',
          };
    return { environment, findings: [finding, ...(engine === 'node' ? [] : missing)] };
  } catch (error) {
    const finding: DoctorFinding = {
      part: 'engine',
      state: 'missing',
      message: `No engine could be started: ${(error as Error).message}`,
      remedy: (error instanceof DescentError ? error.remedy : undefined) ?? 'Run "npm run setup -- --retry".',
    };
    return { environment: null, findings: [finding, ...missing] };
  }
}

function isElectron(part: string): boolean {
  return part.startsWith('Electron');
}

function electronFinding(setup: SetupReport | undefined): DoctorFinding {
  if (process.versions.electron) {
    return { part: 'electron', state: 'ok', message: `Electron ${process.versions.electron} (this process)` };
  }
  const missing = setup?.missing.find(({ part }) => isElectron(part));
  const remedy = missing?.remedy ?? 'Run "npm run setup -- --retry" with a network, or use "descent --web".';
  const electron = setup?.electron;
  if (!electron) {
    const message = `${missing?.part ?? 'Electron'} is missing: the studio opens in the browser.`;
    return { part: 'electron', state: 'missing', message, remedy };
  }
  const message = `Electron ${electron.version} in ${electron.path}`;
  if (!electron.old) return { part: 'electron', state: 'ok', message };
  return { part: 'electron', state: 'warns', message: `${message}, which is old.`, remedy };
}

async function examineDisk(library: string): Promise<{ free: number; findings: DoctorFinding[] }> {
  try {
    await makeDirectory(library);
    const { bavail, bsize } = await statfs(library);
    const free = bavail * bsize;
    const message = `${(free / 2 ** 30).toFixed(1)} GiB free where the library is`;
    if (free > littleDisk) return { free, findings: [{ part: 'disk', state: 'ok', message }] };
    const remedy =
      'Delete checkpoints of old runs (Settings, or the Runs page), or choose a library on another disk.';
    return { free, findings: [{ part: 'disk', state: 'warns', message: `Only ${message}.`, remedy }] };
  } catch (error) {
    const message = `The free space of ${library} is unknown: ${(error as Error).message}`;
    return { free: 0, findings: [{ part: 'disk', state: 'warns', message }] };
  }
}

function memoryFinding(): DoctorFinding {
  const message = `${(totalmem() / 2 ** 30).toFixed(1)} GiB of memory`;
  if (totalmem() >= littleMemory) return { part: 'memory', state: 'ok', message };
  return {
    part: 'memory',
    state: 'warns',
    message: `Only ${message}.`,
    remedy: 'Use small batches and pictures.',
  };
}

async function libraryFinding(context: StudioContext, path: string): Promise<DoctorFinding> {
  try {
    const listings = await (await context.library()).list();
    const broken = listings.filter((run) => run.problem !== undefined);
    const message = `Library ${path} with ${listings.length} runs`;
    if (broken.length === 0) return { part: 'library', state: 'ok', message };
    return {
      part: 'library',
      state: 'warns',
      message: `${message}, of which ${broken.length} can't be opened: ${broken.map((run) => run.id).join(', ')}.`,
      remedy: broken[0]?.problem,
    };
  } catch (error) {
    return {
      part: 'library',
      state: 'missing',
      message: (error as Error).message,
      remedy: error instanceof DescentError ? error.remedy : undefined,
    };
  }
}
