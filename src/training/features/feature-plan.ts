import { statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import type { Hyperparameters } from '../../contract/hyperparameters';
import { makeDirectory } from '../../files/node/make-directory';

/** Where features are kept, and of how many variants of each training example. */
export interface FeaturePlan {
  storage: 'memory' | 'disk';
  /** 1 without augmentation. */
  variants: number;
  /** Of all features, in the end. */
  bytes: number;
}

export interface FeatureDemand {
  /** Examples to be augmented, and others. */
  train: number;
  heldOut: number;
  /** Of one example's features. */
  bytesPerExample: number;
  augments: boolean;
  epochs: number;
  /** 0: to be chosen. */
  wantedVariants: number;
  cache: Hyperparameters['cache'];
}

/** Model, batches and the system need theirs. */
const memoryShare = 0.25;
const diskShare = 0.5;
/** Fewer would be no augmentation worth the name. */
const fewestVariants = 2;

/**
 * How many variants, and where. Chosen are as many as the square root of the epochs, rounded up, so that each is seen as
 * often as there are variants: half a dozen in thirty epochs, where computing all would cost as much as training without a
 * cache. Undefined when there is room nowhere.
 */
export function planFeatures(
  demand: FeatureDemand,
  free: { memory: number; disk: number },
): FeaturePlan | undefined {
  const { train, heldOut, bytesPerExample, augments, epochs, wantedVariants, cache } = demand;
  if (cache === 'none') return undefined;
  const bytesOf = (variants: number) => (train * variants + heldOut) * bytesPerExample;
  const wanted = Math.min(epochs, wantedVariants || Math.max(fewestVariants, Math.ceil(Math.sqrt(epochs))));
  const most = augments ? Math.max(1, wanted) : 1;
  const fewest = augments ? (wantedVariants > 0 ? most : Math.min(most, fewestVariants)) : 1;
  const places = [
    { storage: 'memory', room: free.memory * memoryShare },
    { storage: 'disk', room: free.disk * diskShare },
  ] as const;
  for (const { storage, room } of places) {
    if (cache !== 'auto' && cache !== storage) continue;
    let variants = most;
    while (variants > fewest && bytesOf(variants) > room) variants--;
    // Whoever names the place has looked whether there is room.
    if (bytesOf(variants) <= room || cache === storage)
      return { storage, variants, bytes: bytesOf(variants) };
  }
  return undefined;
}

/** Bytes that are free now, in memory and on the disk of a folder, which is made if it is missing. */
export async function freeRoom(directory: string): Promise<{ memory: number; disk: number }> {
  await makeDirectory(directory);
  const { bavail, bsize } = await statfs(directory);
  return { memory: freemem(), disk: bavail * bsize };
}
