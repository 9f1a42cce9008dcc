import { join } from 'node:path';
import { applicationDirectory } from '../files/node/application-directory';

/** The engine's program; DESCENT_ENGINE_ENTRY names another one. */
export function engineEntry(): string {
  return process.env.DESCENT_ENGINE_ENTRY || join(applicationDirectory(), 'out', 'main', 'engine.cjs');
}
