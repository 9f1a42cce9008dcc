import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { CheckpointListing } from '../../../contract/studio';
import type { RunLibrary } from '../../../record/node/run-library';

/** The part of a checkpoint's state.json that lists show. */
const state = z.object({ best: z.boolean(), created: z.string() });

/** The checkpoints of a run, the newest first. `best` is the one with the lowest validation loss so far. */
export async function listCheckpoints(library: RunLibrary, id: string): Promise<CheckpointListing[]> {
  const { checkpoints } = await library.diskUse(id);
  const listings: CheckpointListing[] = [];
  let bestIsKnown = false;
  for (const { step, path, bytes } of checkpoints.reverse()) {
    const known = await readState(path);
    // Each was the best one when it was written: the newest of them still is.
    const best: boolean = !bestIsKnown && (known?.best ?? false);
    bestIsKnown ||= best;
    listings.push({ step, path, bytes, best, created: known?.created ?? '' });
  }
  return listings;
}

/** Deletes all checkpoints but the newest and the best. Returns the bytes that became free. */
export async function cleanUpRun(library: RunLibrary, id: string): Promise<number> {
  const checkpoints = await listCheckpoints(library, id);
  const keepSteps = checkpoints.filter(({ best }) => best).map(({ step }) => step);
  return library.removeCheckpoints(id, { keepNewest: 1, keepSteps });
}

async function readState(checkpoint: string): Promise<z.infer<typeof state> | undefined> {
  try {
    return state.parse(JSON.parse(await readFile(join(checkpoint, 'state.json'), 'utf8')));
  } catch (error) {
    // A torn checkpoint is listed all the same, so that it can be seen and removed.
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (missing || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}
