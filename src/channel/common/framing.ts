import { DescentError } from '../../contract/errors';

/** A frame on a byte pipe: uint32 length of the payload, uint32 connection, payload; little-endian. */
const headerBytes = 8;

/** Larger frames are refused: a corrupt length would otherwise ask for gigabytes. */
export const maximumFrameBytes = 256 * 1024 * 1024;

export interface Frame {
  /** Which of several connections on one pipe (a window each); 0 where there is one. */
  connection: number;
  payload: Uint8Array;
}

export function frameHeader(connection: number, payloadBytes: number): Uint8Array {
  const header = new Uint8Array(headerBytes);
  const view = new DataView(header.buffer);
  view.setUint32(0, payloadBytes, true);
  view.setUint32(4, connection, true);
  return header;
}

/** Cuts a byte stream into frames. Chunks are kept, not joined, until a frame is whole. */
export class FrameReader {
  private chunks: Uint8Array[] = [];
  private available = 0;

  constructor(private readonly onFrame: (frame: Frame) => void) {}

  /** @throws DescentError when a length is impossible; the pipe must then be closed. */
  push(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.available += chunk.byteLength;
    while (this.available >= headerBytes) {
      const header = this.peek(headerBytes);
      const view = new DataView(header.buffer, header.byteOffset, headerBytes);
      const length = view.getUint32(0, true);
      if (length > maximumFrameBytes) {
        throw new DescentError(
          'internal',
          `A frame of ${length} bytes came over a pipe; at most ${maximumFrameBytes} are allowed.`,
        );
      }
      if (this.available < headerBytes + length) return;
      const connection = view.getUint32(4, true);
      this.take(headerBytes);
      this.onFrame({ connection, payload: this.take(length) });
    }
  }

  private peek(count: number): Uint8Array {
    const first = this.chunks[0]!;
    if (first.byteLength >= count) return first;
    const joined = this.take(count);
    this.chunks.unshift(joined);
    this.available += count;
    return joined;
  }

  private take(count: number): Uint8Array {
    this.available -= count;
    const first = this.chunks[0];
    if (first && first.byteLength >= count) {
      if (first.byteLength === count) this.chunks.shift();
      else this.chunks[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    const result = new Uint8Array(count);
    let offset = 0;
    while (offset < count) {
      const chunk = this.chunks[0]!;
      const part = Math.min(chunk.byteLength, count - offset);
      result.set(chunk.subarray(0, part), offset);
      offset += part;
      if (part === chunk.byteLength) this.chunks.shift();
      else this.chunks[0] = chunk.subarray(part);
    }
    return result;
  }
}
