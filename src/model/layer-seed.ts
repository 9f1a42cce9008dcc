/**
 * A seed of 31 bits for the initial weights of one layer: the finalizer of MurmurHash3 (A. Appleby, public domain) over
 * the run's seed and the layer's number, set apart by the golden ratio as in SplitMix.
 */
export function layerSeed(seed: number, layerNumber: number): number {
  let mixed = (seed + Math.imul(layerNumber + 1, 0x9e3779b9)) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) & 0x7fffffff;
}
