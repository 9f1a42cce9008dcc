import { version } from '../../package.json';
import type { Environment } from '../contract/run';
import type { LoadedBackend } from './native/backend';

/** What this process trains with. */
export function describeEnvironment(backend: LoadedBackend): Environment {
  return {
    descent: version,
    engine: backend.kind,
    engineVersion: backend.version,
    threads: backend.threads,
    fastMath: backend.kind === 'node' && process.env.ONEDNN_DEFAULT_FPMATH_MODE === 'BF16',
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}
