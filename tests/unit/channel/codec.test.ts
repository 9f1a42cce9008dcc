import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage } from '../../../src/channel/common/codec';

describe('the message codec', () => {
  it('gives every typed array back with its type, length and values, whatever its alignment', () => {
    const message = {
      odd: 'x',
      float64: new Float64Array([1.5, Number.NaN, -Infinity]),
      float32: new Float32Array([0.1, 2]),
      int32: new Int32Array([-1, 2 ** 31 - 1]),
      uint16: new Uint16Array([65535]),
      bigint64: new BigInt64Array([-(2n ** 63n)]),
      bytes: new Uint8Array([1, 2, 3]),
      view: new Float64Array([0, 1, 2, 3]).subarray(1, 3),
      empty: new Float64Array(0),
    };
    expect(decodeMessage(encodeMessage(message))).toEqual(message);
  });

  it('decodes from a view that stands at an odd offset of a larger buffer', () => {
    const encoded = encodeMessage({ values: new Float64Array([1, 2, 3]) });
    const larger = new Uint8Array(encoded.byteLength + 3);
    larger.set(encoded, 3);
    expect(decodeMessage(larger.subarray(3))).toEqual({ values: new Float64Array([1, 2, 3]) });
  });

  it('leaves undefined properties out and keeps null', () => {
    expect(decodeMessage(encodeMessage({ gone: undefined, kept: null }))).toEqual({ kept: null });
  });

  it('refuses bytes that are no message', () => {
    expect(() => decodeMessage(new Uint8Array([0x92, 0x01]))).toThrow();
  });
});
