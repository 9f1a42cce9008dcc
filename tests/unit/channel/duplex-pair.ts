import { Duplex } from 'node:stream';

/** Two byte streams, each giving what the other is given. Chunks are cut in two, so that frames never fit them. */
export function duplexPair(): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  for (const other of [1, 0]) {
    ends.push(
      new Duplex({
        read() {},
        write(chunk: Buffer, _encoding, done) {
          const half = chunk.length >> 1;
          if (half > 0) ends[other]!.push(chunk.subarray(0, half));
          ends[other]!.push(chunk.subarray(half));
          done();
        },
        final(done) {
          ends[other]!.push(null);
          done();
        },
      }),
    );
  }
  return ends as [Duplex, Duplex];
}
