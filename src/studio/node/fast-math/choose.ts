import type { JobNotice, ProbedSteps } from '../../../contract/engine';
import { toErrorMessage } from '../../../contract/errors';
import type { Run } from '../../../contract/run';
import type { EnginePool } from '../engines/engine-pool';
import type { EngineProcess } from '../engines/engine-process';
import { fastMathEnvironment } from './environment';
import { judgeFastMath } from './judge';
import { type Bfloat16, readBfloat16 } from './processor';

export interface FastMathChoice {
  on: boolean;
  /** What the run's page is to say of it. */
  notice?: JobNotice;
}

export interface FastMathQuestion {
  configuration: Run['configuration'];
  runDirectory: string;
  cacheDirectory: string;
  /** What a run that goes on was trained with before. */
  before?: boolean | undefined;
  engines: Pick<EnginePool, 'take' | 'describe'>;
  signal: AbortSignal;
  /** Runs whose first steps are taken for the check: `done` of `total`. */
  onProgress(done: number, total: number): void;
  /** Default: this computer's. */
  bfloat16?: Bfloat16;
}

/** Steps that the check takes: enough for arithmetic that harms to show, few enough to be short. */
const probedSteps = 30;
const closePatienceMilliseconds = 5_000;

/**
 * What `fastMath` comes to for a job on this computer. `auto` has short-lived engines take the job's first steps.
 * @throws DescentError `cancelled`
 */
export async function chooseFastMath(question: FastMathQuestion): Promise<FastMathChoice> {
  const { before, configuration, engines } = question;
  const wanted = before ?? configuration.hyperparameters.fastMath;
  if (wanted === 'off' || wanted === false) return { on: false };
  const bfloat16 = question.bfloat16 ?? (await readBfloat16());
  const obstacle =
    bfloat16 === 'none'
      ? 'this processor has no bfloat16 arithmetic'
      : (await engines.describe()).engine === 'wasm'
        ? 'the WebAssembly engine has none'
        : undefined;
  if (obstacle !== undefined) return { on: false, notice: refusal(wanted, obstacle) };
  if (wanted === 'auto') return check(question);
  return { on: true, notice: note(meaningOf(bfloat16)) };
}

function note(message: string): JobNotice {
  return { severity: 'notes', message };
}

function refusal(wanted: 'on' | 'auto' | true, obstacle: string): JobNotice {
  if (wanted === true)
    return {
      severity: 'warns',
      message: `The run was trained with fast math before, but ${obstacle}: it goes on without.`,
    };
  return note(`Fast math ${wanted === 'on' ? 'changes nothing' : 'stays off'}: ${obstacle}.`);
}

function meaningOf(bfloat16: Bfloat16): string {
  return bfloat16 === 'amx'
    ? 'Fast math is on: convolutions and products of float32 numbers are computed in bfloat16, which keeps 8 bits of precision.'
    : 'Fast math is on, but may change nothing: this processor has bfloat16 without AMX, where Descent measured the same losses and times with and without it.';
}

async function check(question: FastMathQuestion): Promise<FastMathChoice> {
  const { seed } = question.configuration.hyperparameters;
  const runs = [
    { on: false, seed },
    { on: true, seed },
    { on: false, seed: (seed + 1) % 0x80000000 },
  ];
  const probed: ProbedSteps[] = [];
  try {
    for (const run of runs) {
      question.onProgress(probed.length, runs.length);
      probed.push(await probe(question, run));
    }
  } catch (error) {
    question.signal.throwIfAborted();
    return {
      on: false,
      notice: {
        severity: 'warns',
        message: `Fast math stays off: its check failed. ${toErrorMessage(error).message}`,
      },
    };
  }
  const [strict, fast, otherSeed] = probed as [ProbedSteps, ProbedSteps, ProbedSteps];
  const { on, reason } = judgeFastMath(fast, strict, otherSeed);
  return { on, notice: note(reason) };
}

/** The job's first steps in an engine of their own. */
async function probe(
  { configuration, runDirectory, cacheDirectory, engines, signal }: FastMathQuestion,
  { on, seed }: { on: boolean; seed: number },
): Promise<ProbedSteps> {
  signal.throwIfAborted();
  const engine: EngineProcess = engines.take(fastMathEnvironment(on));
  const close = () => engine.close(closePatienceMilliseconds);
  const abort = () => void close();
  signal.addEventListener('abort', abort, { once: true });
  try {
    const hyperparameters = { ...configuration.hyperparameters, seed };
    const job = {
      runDirectory,
      cacheDirectory,
      configuration: { ...configuration, hyperparameters },
      resume: false,
    };
    return await engine.orDeath(engine.client.call('job.probe', { job, steps: probedSteps }));
  } finally {
    signal.removeEventListener('abort', abort);
    await close();
  }
}
