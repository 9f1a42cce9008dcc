import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { DescentError } from '../../../contract/errors';
import { writeFileAtomically } from '../../../files/node/atomic';
import { isProcessAlive } from '../../../files/node/process-identity';
import type { EngineProcess } from '../engines/engine-process';

// Which engine process writes into a run's folder. An engine that outlives its studio is still busy there for a moment,
// writing its last checkpoint, when another studio resumes the run.
const markerName = '.engine.json';
const marker = z.object({ pid: z.number().int(), started: z.number() });

export async function markEngine(runDirectory: string, engine: EngineProcess): Promise<void> {
  if (engine.pid === undefined) return;
  const identity = { pid: engine.pid, started: engine.started };
  await writeFileAtomically(join(runDirectory, markerName), JSON.stringify(identity));
}

export async function unmarkEngine(runDirectory: string): Promise<void> {
  await rm(join(runDirectory, markerName), { force: true });
}

/**
 * Waits until no engine of an earlier studio writes into the run's folder any more.
 * @throws DescentError `busy` after `patience` milliseconds
 */
export async function awaitEarlierEngine(runDirectory: string, patience: number): Promise<void> {
  const earlier = await readMarker(runDirectory);
  if (!earlier) return;
  const deadline = performance.now() + patience;
  while (isProcessAlive(earlier)) {
    if (performance.now() > deadline) {
      throw new DescentError(
        'busy',
        `The engine process ${earlier.pid} is still writing its last checkpoint into ${runDirectory}.`,
        { remedy: 'Wait until it has ended, or end it, then resume again.', subject: runDirectory },
      );
    }
    await pause(100);
  }
  await unmarkEngine(runDirectory);
}

async function readMarker(runDirectory: string): Promise<z.infer<typeof marker> | undefined> {
  try {
    return marker.parse(JSON.parse(await readFile(join(runDirectory, markerName), 'utf8')));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (missing || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}
