import { decode, ExtensionCodec, encode } from '@msgpack/msgpack';

/** Typed arrays keep their type on the wire: extension type n is the n-th constructor here. Order is part of the format. */
const constructors = [
  Float32Array,
  Float64Array,
  Int8Array,
  Int16Array,
  Int32Array,
  Uint16Array,
  Uint32Array,
  BigInt64Array,
  Uint8ClampedArray,
] as const;

const extensionCodec = new ExtensionCodec();
constructors.forEach((arrayType, type) => {
  extensionCodec.register({
    type,
    encode: (value) =>
      value instanceof arrayType ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : null,
    // Copied: the payload stands at any offset, a typed array needs an aligned one.
    decode: (data) => new arrayType(data.slice().buffer),
  });
});

export type Encoded = Uint8Array<ArrayBuffer>;

/** One message as msgpack; bytes (Uint8Array) are msgpack's bin, other typed arrays extensions. `undefined` properties vanish. */
export function encodeMessage(message: unknown): Encoded {
  return encode(message, { extensionCodec, ignoreUndefined: true, initialBufferSize: 512 }) as Encoded;
}

/** @throws RangeError, DecodeError when the bytes are no message. */
export function decodeMessage(data: Uint8Array): unknown {
  // A Buffer is seen as plain bytes: its `slice` does not copy, and what is decoded must be no Buffer either.
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return decode(bytes, { extensionCodec });
}
