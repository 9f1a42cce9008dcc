import { philox } from './philox';

/** What random numbers are for: part of the key, so that no two uses ever share numbers. The values are part of the checkpoint format. */
export const randomPurpose = { order: 1, augmentation: 2, dropout: 3, proof: 5 } as const;
export type RandomPurpose = (typeof randomPurpose)[keyof typeof randomPurpose];

const twoToMinus24 = 2 ** -24;

/** A sequence of random numbers that depends on nothing but (seed, purpose, first, second). */
export class RandomStream {
  private readonly words = new Uint32Array(4);
  private block = 0;
  private used = 4;

  constructor(
    private readonly seed: number,
    private readonly purpose: RandomPurpose,
    private readonly first = 0,
    private readonly second = 0,
  ) {}

  /** Uniform over 0 .. 2^32 - 1. */
  nextWord(): number {
    if (this.used === 4) {
      philox(this.words, this.block, this.first, this.second, 0, this.seed, this.purpose);
      this.block++;
      this.used = 0;
    }
    return this.words[this.used++]!;
  }

  /** Uniform over [0, 1), a multiple of 2^-24, hence exact in float32. */
  nextUniform(): number {
    return (this.nextWord() >>> 8) * twoToMinus24;
  }

  /** Uniform over the integers 0 .. bound - 1; bound at most 2^32. */
  nextBelow(bound: number): number {
    // Lemire's multiply-shift; the bias (below bound / 2^32) is left in, for one word a draw and no rejection loop.
    return Math.floor((this.nextWord() * bound) / 2 ** 32);
  }

  /** Uniform over [-limit, limit). */
  nextWithin(limit: number): number {
    return (this.nextUniform() * 2 - 1) * limit;
  }
}
