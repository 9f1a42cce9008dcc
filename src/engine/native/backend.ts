import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import { registerTrainingKernels } from './wasm-kernels/register';

export type BackendPreference = 'auto' | 'node' | 'wasm';

export interface LoadedBackend {
  /** node: libtensorflow by @tensorflow/tfjs-node; wasm: @tensorflow/tfjs-backend-wasm. */
  kind: 'node' | 'wasm';
  /** TensorFlow's version for node, the back end's version for wasm. */
  version: string;
  /** How many threads one operation may use. Results are bit-equal only for the same number. */
  threads: number;
  /** The tfjs whose default back end this is: the same copy that `import * as tf from '@tensorflow/tfjs'` gives. */
  tf: typeof tf;
  /** Why the native back end was not taken, where it was looked for. */
  fallbackReason?: string;
}

export interface BackendOptions {
  /** Threads for one native operation; default: one a core. Has to be the same at every call in one process. */
  threads?: number;
}

interface Settled {
  backend?: LoadedBackend;
  error?: unknown;
}

let nativeResult: Promise<Settled> | undefined;
let wasmResult: Promise<Settled> | undefined;

/** What DESCENT_ENGINE asks for, or else `preference`. */
function effectivePreference(preference: BackendPreference): BackendPreference {
  const forced = process.env.DESCENT_ENGINE;
  if (forced === undefined || forced === '') return preference;
  if (forced === 'node' || forced === 'wasm' || forced === 'auto') return forced;
  throw new DescentError(
    'wrong-use',
    `DESCENT_ENGINE is "${forced}", but only node, wasm and auto are known.`,
    {
      subject: forced,
      remedy: 'Set DESCENT_ENGINE to node or wasm, or unset it.',
    },
  );
}

/** tfjs-node 4.22 calls helpers that Node 22 warns of and Node 23 took out of node:util (tfjs issue 8609). */
function restoreRemovedUtilities(): void {
  const target = process.getBuiltinModule('node:util') as unknown as Record<string, unknown>;
  target.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  target.isArray = Array.isArray;
}

interface NativeBackend {
  binding: { TF_Version: string };
}

async function loadNative(options: BackendOptions): Promise<LoadedBackend> {
  // Read by libtensorflow's C++ when it loads: 2 leaves errors alone, without notes on instruction sets.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  if (options.threads !== undefined) process.env.TF_NUM_INTRAOP_THREADS = String(options.threads);
  restoreRemovedUtilities();
  // Not `import`: for a CommonJS package Node would look through all of its sources for names first.
  createRequire(import.meta.url)('@tensorflow/tfjs-node');
  if (!(await tf.setBackend('tensorflow'))) throw new Error('tfjs-node did not start its back end');
  const { binding } = tf.backend() as unknown as NativeBackend;
  const configured = Number(process.env.TF_NUM_INTRAOP_THREADS);
  const threads = Number.isInteger(configured) && configured > 0 ? configured : availableParallelism();
  return { kind: 'node', version: binding.TF_Version, threads, tf };
}

async function loadWasm(): Promise<LoadedBackend> {
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  registerTrainingKernels();
  if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly back end did not start');
  // In Node this back end has no threaded build.
  return { kind: 'wasm', version: wasm.version_wasm, threads: 1, tf };
}

async function settle(loading: Promise<LoadedBackend>): Promise<Settled> {
  try {
    return { backend: await loading };
  } catch (error) {
    return { error };
  }
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0]?.trim() ?? '';
}

/**
 * Loads a TensorFlow back end once for this process and makes it the default of `@tensorflow/tfjs`.
 * `auto` takes the native one, or else WebAssembly; the variable DESCENT_ENGINE (node, wasm) goes before `preference`.
 * @throws DescentError `unsupported` when the asked one (or, with `auto`, either) cannot be loaded; `wrong-use` for an
 *   unknown DESCENT_ENGINE
 */
export async function loadBackend(
  preference: BackendPreference = 'auto',
  options: BackendOptions = {},
): Promise<LoadedBackend> {
  const wanted = effectivePreference(preference);
  let fallbackReason: string | undefined;
  if (wanted !== 'wasm') {
    nativeResult ??= settle(loadNative(options));
    const { backend, error } = await nativeResult;
    if (backend) {
      await tf.setBackend('tensorflow');
      return backend;
    }
    fallbackReason = reasonOf(error);
    if (wanted === 'node')
      throw new DescentError('unsupported', `The native engine cannot be loaded: ${fallbackReason}.`, {
        remedy: 'Run "npm run setup -- --retry", which says what is missing, or unset DESCENT_ENGINE.',
        cause: error,
      });
  }
  wasmResult ??= settle(loadWasm());
  const { backend, error } = await wasmResult;
  if (!backend)
    throw new DescentError('unsupported', `No engine can be loaded: ${reasonOf(error)}.`, {
      remedy: 'Install the packages again: npm ci --ignore-scripts.',
      cause: error,
    });
  await tf.setBackend('wasm');
  return fallbackReason === undefined ? backend : { ...backend, fallbackReason };
}
