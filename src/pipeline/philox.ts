/**
 * Philox4x32-10, a counter-based random number generator: the numbers are a pure function of a key and a counter, so
 * nothing has to be remembered or replayed. J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3", SC '11; constants and known answers from the authors' Random123 library. TensorFlow's
 * stateless random ops use the same generator.
 */
const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;

/** Upper 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
function multiplyHigh(left: number, right: number): number {
  const leftLow = left & 0xffff;
  const leftHigh = left >>> 16;
  const rightLow = right & 0xffff;
  const rightHigh = right >>> 16;
  const low = leftLow * rightLow;
  const middle = leftHigh * rightLow + (low >>> 16);
  const carry = leftLow * rightHigh + (middle & 0xffff);
  return (leftHigh * rightHigh + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/** Writes the four 32-bit words for a counter of four words and a key of two into `out` (at least 4 long). */
export function philox(
  out: Uint32Array,
  counter0: number,
  counter1: number,
  counter2: number,
  counter3: number,
  key0: number,
  key1: number,
): void {
  let a = counter0 >>> 0;
  let b = counter1 >>> 0;
  let c = counter2 >>> 0;
  let d = counter3 >>> 0;
  let first = key0 >>> 0;
  let second = key1 >>> 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(a, multiplier0);
    const low0 = Math.imul(a, multiplier0) >>> 0;
    const high1 = multiplyHigh(c, multiplier1);
    const low1 = Math.imul(c, multiplier1) >>> 0;
    a = (high1 ^ b ^ first) >>> 0;
    b = low1;
    c = (high0 ^ d ^ second) >>> 0;
    d = low0;
    first = (first + weyl0) >>> 0;
    second = (second + weyl1) >>> 0;
  }
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}
