/** Codes of the splits in columnar tables. */
export const trainSplit = 0;
export const validationSplit = 1;
export const testSplit = 2;
export const splitNames = ['train', 'validation', 'test'] as const;

export interface SplitFractions {
  validationFraction: number;
  testFraction: number;
}

// MurmurHash3's 32-bit finalizer (public domain, Austin Appleby).
function scramble(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * The place in [0, 1) that an example takes when a folder is divided: a function of its content and the seed alone, so
 * adding, removing or renaming files moves no other example, and equal contents stay together.
 *
 * @param high, low two 32-bit words of the content's hash
 */
export function splitPosition(high: number, low: number, seed: number): number {
  return scramble(scramble(high ^ scramble(seed + 0x9e3779b9)) + low) / 0x100000000;
}

/**
 * Validation takes the positions from 0 up, test those from 1 down, so changing one fraction leaves the other split as
 * it is. The same thresholds hold in every class, which is what makes the split stratified: in the mean, each class
 * gives the same share (with n examples the share scatters by sqrt(f(1 - f) / n)).
 */
export function splitOf(position: number, fractions: SplitFractions): number {
  if (position < fractions.validationFraction) return validationSplit;
  if (position >= 1 - fractions.testFraction) return testSplit;
  return trainSplit;
}

/**
 * Divides examples. Two exceptions keep tiny sets usable, and only they depend on other examples: a class none of whose
 * examples fell into train gives its highest placed content to train; when nothing at all fell into validation although
 * a share is wanted, the lowest placed content of a class that can spare one goes there.
 *
 * @param positions from `splitPosition`, one an example
 * @param labels class of each example, or null for regression
 * @returns uint8 [count]: 0 train, 1 validation, 2 test
 */
export function divide(
  positions: Float64Array,
  labels: Int32Array | null,
  fractions: SplitFractions,
): Uint8Array {
  const splits = new Uint8Array(positions.length);
  for (let index = 0; index < positions.length; index += 1)
    splits[index] = splitOf(positions[index]!, fractions);
  rescueTrain(splits, positions, labels, fractions);
  rescueValidation(splits, positions, labels, fractions);
  return splits;
}

function rescueTrain(
  splits: Uint8Array,
  positions: Float64Array,
  labels: Int32Array | null,
  fractions: SplitFractions,
): void {
  const served = new Set<number>();
  const best = new Map<number, number>();
  for (let index = 0; index < splits.length; index += 1) {
    const label = labels ? labels[index]! : 0;
    if (splits[index] === trainSplit) {
      if (!served.has(label)) served.add(label);
      continue;
    }
    const current = best.get(label);
    if (current === undefined || isNearer(positions[index]!, positions[current]!, fractions))
      best.set(label, index);
  }
  for (const [label, index] of best) if (!served.has(label)) moveEqual(splits, positions, index, trainSplit);
}

function isNearer(position: number, other: number, { validationFraction }: SplitFractions): boolean {
  return Math.abs(position - validationFraction) < Math.abs(other - validationFraction);
}

function rescueValidation(
  splits: Uint8Array,
  positions: Float64Array,
  labels: Int32Array | null,
  fractions: SplitFractions,
): void {
  if (fractions.validationFraction === 0 || splits.includes(validationSplit)) return;
  const contents = new Map<number, Set<number>>();
  for (let index = 0; index < splits.length; index += 1) {
    if (splits[index] !== trainSplit) continue;
    const label = labels?.[index] ?? 0;
    const known = contents.get(label) ?? new Set();
    contents.set(label, known.add(positions[index]!));
  }
  let lowest = -1;
  for (let index = 0; index < splits.length; index += 1) {
    if (splits[index] !== trainSplit || (contents.get(labels?.[index] ?? 0)?.size ?? 0) < 2) continue;
    if (lowest < 0 || positions[index]! < positions[lowest]!) lowest = index;
  }
  if (lowest >= 0) moveEqual(splits, positions, lowest, validationSplit);
}

/** Equal contents have equal positions: they move together. */
function moveEqual(splits: Uint8Array, positions: Float64Array, index: number, split: number): void {
  for (let other = 0; other < positions.length; other += 1)
    if (positions[other] === positions[index]) splits[other] = split;
}
