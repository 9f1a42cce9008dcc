import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from '@node-rs/crc32';
import { z } from 'zod';
import { phaseMark } from '../contract/run';
import { writeDirectoryAtomically } from '../files/node/atomic';
import type { ProgramState } from './program';
import { decodeSafetensors, encodeSafetensors } from './safetensors';

export const tensorsFileName = 'tensors.safetensors';
export const stateFileName = 'state.json';
/** Frames that nobody had acknowledged when the studio went away. */
export const framesFileName = 'frames.bin';

const bestEpoch = z.object({
  epoch: z.number().int(),
  step: z.number().int(),
  /** What is compared: val_loss, or loss without a validation split. Lower is better. */
  monitored: z.number(),
  metrics: z.record(z.string(), z.number()),
});
export type BestEpoch = z.infer<typeof bestEpoch>;

/** What the loop itself has to remember. */
export const loopState = z.object({
  epoch: z.number().int(),
  /** The base that the schedule multiplies: a person may have changed it. */
  learningRate: z.number(),
  /** Sums of the epoch so far, weighted by examples. */
  epochSums: z.record(z.string(), z.number()),
  epochExamples: z.number().int(),
  epochSeconds: z.number(),
  best: bestEpoch.optional(),
  epochsWithoutImprovement: z.number().int(),
  /** The lowest monitored value of the phase; absent in checkpoints of older versions: that of the best epoch. */
  phaseBest: z.number().nullable().optional(),
  /** Metrics of each finished epoch. */
  history: z.array(z.record(z.string(), z.number())),
  trainingSeconds: z.number(),
});
export type LoopState = z.infer<typeof loopState>;

const checkpointState = z.object({
  version: z.literal(1),
  step: z.number().int(),
  position: z.object({ epoch: z.number().int(), index: z.number().int() }),
  optimizer: z.string(),
  seed: z.number().int(),
  phase: z.string(),
  /** Absent in checkpoints of older versions: the run's beginning. */
  phaseBegan: phaseMark.omit({ name: true }).optional(),
  loop: loopState,
  /** Another number of threads gives other roundings. */
  engine: z.object({ kind: z.string(), version: z.string(), threads: z.number().int() }),
  best: z.boolean(),
  created: z.string(),
  tensors: z.object({ file: z.string(), bytes: z.number().int(), crc32: z.number() }),
});
export type CheckpointState = z.infer<typeof checkpointState>;

export interface CheckpointContent {
  program: ProgramState;
  loop: LoopState;
  engine: CheckpointState['engine'];
  best: boolean;
  /** Encoded frames to be kept beside. */
  frames?: Uint8Array;
}

export interface WrittenCheckpoint {
  path: string;
  bytes: number;
}

/** Writes `<directory>/<step>/`, whole or not at all, over one of the same step. */
export async function writeCheckpoint(
  directory: string,
  content: CheckpointContent,
): Promise<WrittenCheckpoint> {
  const tensors = encodeSafetensors(content.program.tensors);
  const { phase } = content.program;
  const state: CheckpointState = {
    version: 1,
    step: content.program.step,
    position: content.program.position,
    optimizer: content.program.optimizer,
    seed: content.program.seed,
    phase: phase?.name ?? 'training',
    phaseBegan: { step: phase?.step ?? 0, epoch: phase?.epoch ?? 0 },
    loop: content.loop,
    engine: content.engine,
    best: content.best,
    created: new Date().toISOString(),
    tensors: { file: tensorsFileName, bytes: tensors.byteLength, crc32: crc32(tensors) },
  };
  const text = JSON.stringify(state);
  const path = join(directory, String(content.program.step));
  await writeDirectoryAtomically(path, async (temporary) => {
    await writeFile(join(temporary, tensorsFileName), tensors);
    await writeFile(join(temporary, stateFileName), text);
    if (content.frames) await writeFile(join(temporary, framesFileName), content.frames);
  });
  return { path, bytes: tensors.byteLength + text.length + (content.frames?.byteLength ?? 0) };
}

export interface LoadedCheckpoint {
  path: string;
  state: CheckpointState;
  program: ProgramState;
}

/** @throws Error that tells what is torn */
export async function readCheckpoint(path: string): Promise<LoadedCheckpoint> {
  const state = checkpointState.parse(JSON.parse(await readFile(join(path, stateFileName), 'utf8')));
  const bytes = await readFile(join(path, state.tensors.file));
  if (bytes.byteLength !== state.tensors.bytes)
    throw new Error(`${state.tensors.file} has ${bytes.byteLength} of ${state.tensors.bytes} bytes`);
  if (crc32(bytes) !== state.tensors.crc32) throw new Error(`the checksum of ${state.tensors.file} is wrong`);
  return {
    path,
    state,
    program: {
      tensors: decodeSafetensors(bytes),
      step: state.step,
      position: state.position,
      optimizer: state.optimizer,
      seed: state.seed,
      phase: { name: state.phase, step: 0, epoch: 0, ...state.phaseBegan },
    },
  };
}

/** Steps that have a checkpoint, the newest first. */
export async function checkpointSteps(directory: string): Promise<number[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((left, right) => right - left);
}

/** The newest checkpoint that can be read; `onTorn` hears of each that can't. */
export async function newestCheckpoint(
  directory: string,
  onTorn: (path: string, reason: string) => void,
): Promise<LoadedCheckpoint | undefined> {
  for (const step of await checkpointSteps(directory)) {
    const path = join(directory, String(step));
    try {
      return await readCheckpoint(path);
    } catch (error) {
      onTorn(path, describe(error));
    }
  }
  return undefined;
}

function describe(error: unknown): string {
  if (error instanceof z.ZodError) return `${stateFileName} has an unexpected form`;
  return error instanceof Error ? error.message : String(error);
}

/** Deletes all checkpoints but the `keep` newest and `best`. */
export async function pruneCheckpoints(directory: string, keep: number, best?: number): Promise<void> {
  const steps = await checkpointSteps(directory);
  for (const step of steps.slice(keep))
    if (step !== best) await rm(join(directory, String(step)), { recursive: true, force: true });
}

export async function hasCheckpoint(directory: string, step: number): Promise<boolean> {
  try {
    return (await stat(join(directory, String(step), stateFileName))).isFile();
  } catch {
    return false;
  }
}
