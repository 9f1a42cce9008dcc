import { breathe } from './breathe';
import { type FileFacts, miniatureBytes, miniatureHeight, miniatureWidth } from './file-facts';
import { uprightSize } from './picture-size';

/** Groups of places (in the layout) that resemble each other; each has at least two. */
export interface Likenesses {
  equal: number[][];
  near: number[][];
}

/**
 * Pictures with a side shorter than this are not compared for nearness: among thousands of 28 × 28 digits many
 * different ones have the same miniature.
 */
export const smallestCompared = 64;
/** Bits of the difference hash that may differ. */
const mostBits = 3;
/** Largest mean difference of two miniatures, in levels of 0..255. */
const mostLevels = 4;
/** Pictures whose miniature varies less than this (standard deviation, levels) are too flat to be told apart. */
const leastContrast = 6;
// Of four bands of 16 bits, one at least is equal when no more than three bits differ.
const bands = mostBits + 1;
const bandBits = 64 / bands;
/** Comparisons of one picture within one bucket; a folder of look-alikes is still grouped by its nearest neighbours. */
const mostComparisons = 200;

/** Files of equal content. */
export function equalGroups(facts: FileFacts): number[][] {
  const groups = new Map<string, number[]>();
  for (let place = 0; place < facts.count; place += 1) {
    if (facts.stateOf(place) !== 'usable') continue;
    const at = place * 4;
    const key = `${facts.hash[at]}:${facts.hash[at + 1]}:${facts.hash[at + 2]}`;
    const group = groups.get(key);
    if (group) group.push(place);
    else groups.set(key, [place]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

/**
 * Pictures of nearly equal content, such as copies that were scaled or saved again: the difference hashes of their
 * miniatures differ in three bits at most, the miniatures by four levels in the mean, the shapes by 3 %. Found through
 * an index over the hashes' bands, without comparing all pairs. Equal files count once.
 */
export async function nearGroups(
  facts: FileFacts,
  equal: number[][],
  signal?: AbortSignal,
): Promise<number[][]> {
  const copies = new Set(equal.flatMap((group) => group.slice(1)));
  const places: number[] = [];
  const hashes = new Uint32Array(facts.count * 2);
  for (let place = 0; place < facts.count; place += 1) {
    if ((place & 1023) === 0) await breathe(signal);
    if (facts.stateOf(place) !== 'usable' || copies.has(place)) continue;
    if (Math.min(facts.extent[place * 2]!, facts.extent[place * 2 + 1]!) < smallestCompared) continue;
    if (describe(facts, place, hashes)) places.push(place);
  }
  const parents = new Map<number, number>();
  const find = (place: number): number => {
    const parent = parents.get(place) ?? place;
    if (parent === place) return place;
    const root = find(parent);
    parents.set(place, root);
    return root;
  };
  for (let band = 0; band < bands; band += 1) {
    const buckets = new Map<number, number[]>();
    for (const place of places) {
      const key = bandOf(hashes, place, band);
      const bucket = buckets.get(key);
      if (bucket) bucket.push(place);
      else buckets.set(key, [place]);
    }
    for (const bucket of buckets.values()) {
      for (let index = 1; index < bucket.length; index += 1) {
        if ((index & 63) === 0) await breathe(signal);
        for (let other = Math.max(0, index - mostComparisons); other < index; other += 1) {
          const [first, second] = [bucket[index]!, bucket[other]!];
          if (find(first) !== find(second) && areNear(facts, hashes, first, second))
            parents.set(find(first), find(second));
        }
      }
    }
    await breathe(signal);
  }
  const groups = new Map<number, number[]>();
  for (const place of places) {
    const root = find(place);
    const group = groups.get(root);
    if (group) group.push(place);
    else groups.set(root, [place]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

/** Writes a picture's difference hash (a bit says whether a pixel is brighter than its right neighbour); false when it is too flat to have one. */
function describe(facts: FileFacts, place: number, hashes: Uint32Array): boolean {
  const start = place * miniatureBytes;
  const brightness = (pixel: number) => {
    const at = start + pixel * 3;
    return facts.miniature[at]! * 2 + facts.miniature[at + 1]! * 5 + facts.miniature[at + 2]!;
  };
  let sum = 0;
  let squares = 0;
  const pixels = miniatureWidth * miniatureHeight;
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const value = brightness(pixel) / 8;
    sum += value;
    squares += value * value;
  }
  if (squares / pixels - (sum / pixels) ** 2 < leastContrast ** 2) return false;
  for (let bit = 0; bit < 64; bit += 1) {
    const pixel = (bit >> 3) * miniatureWidth + (bit & 7);
    if (brightness(pixel) > brightness(pixel + 1)) hashes[place * 2 + (bit >> 5)]! |= 1 << (bit & 31);
  }
  return true;
}

function bandOf(hashes: Uint32Array, place: number, band: number): number {
  const word = hashes[place * 2 + (band >> 1)]!;
  return (word >>> ((band & 1) * bandBits)) & 0xffff;
}

function areNear(facts: FileFacts, hashes: Uint32Array, first: number, second: number): boolean {
  const bits =
    countBits(hashes[first * 2]! ^ hashes[second * 2]!) +
    countBits(hashes[first * 2 + 1]! ^ hashes[second * 2 + 1]!);
  if (bits > mostBits) return false;
  const [width, height] = uprightSize(facts, first);
  const [otherWidth, otherHeight] = uprightSize(facts, second);
  if (Math.abs(Math.log((width * otherHeight) / (height * otherWidth))) > 0.03) return false;
  let difference = 0;
  for (let at = 0; at < miniatureBytes; at += 1)
    difference += Math.abs(
      facts.miniature[first * miniatureBytes + at]! - facts.miniature[second * miniatureBytes + at]!,
    );
  return difference <= mostLevels * miniatureBytes;
}

function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
