import {
  closeSync,
  createReadStream,
  createWriteStream,
  mkdirSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';

// The zip format as far as Python wheels use it: PKWARE's APPNOTE 6.3.10, sections 4.3.7 (local header), 4.3.12
// (central directory), 4.3.16 (its end) and 4.5.3 (64-bit sizes).

function readAt(file, position, length) {
  const buffer = Buffer.alloc(length);
  const got = readSync(file, buffer, 0, length, position);
  return buffer.subarray(0, got);
}

/**
 * Lists what a zip file holds.
 * @param {string} path
 * @returns {{name: string, method: number, crc: number, packed: number, size: number, offset: number}[]}
 * @throws {Error} where it is no zip file or is cut short
 */
export function listZip(path) {
  const length = statSync(path).size;
  const file = openSync(path, 'r');
  try {
    const tailStart = Math.max(0, length - 65_557);
    const tail = readAt(file, tailStart, length - tailStart);
    const end = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
    if (end < 0) throw new Error(`${path} is not a whole zip file`);
    let count = tail.readUInt16LE(end + 10);
    let directorySize = tail.readUInt32LE(end + 12);
    let directoryOffset = tail.readUInt32LE(end + 16);
    if (directoryOffset === 0xffffffff || count === 0xffff) {
      const end64 = tail.lastIndexOf(Buffer.from('PK\x06\x06', 'latin1'));
      if (end64 < 0) throw new Error(`${path} is not a whole zip file`);
      count = Number(tail.readBigUInt64LE(end64 + 32));
      directorySize = Number(tail.readBigUInt64LE(end64 + 40));
      directoryOffset = Number(tail.readBigUInt64LE(end64 + 48));
    }
    const directory = readAt(file, directoryOffset, directorySize);
    const entries = [];
    let at = 0;
    for (let index = 0; index < count; index++) {
      if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x02014b50)
        throw new Error(`${path} is not a whole zip file`);
      const nameLength = directory.readUInt16LE(at + 28);
      const extraLength = directory.readUInt16LE(at + 30);
      const entry = {
        name: directory.toString('utf8', at + 46, at + 46 + nameLength),
        method: directory.readUInt16LE(at + 10),
        crc: directory.readUInt32LE(at + 16),
        packed: directory.readUInt32LE(at + 20),
        size: directory.readUInt32LE(at + 24),
        offset: directory.readUInt32LE(at + 42),
      };
      readLongSizes(directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength), entry);
      entries.push(entry);
      at += 46 + nameLength + extraLength + directory.readUInt16LE(at + 32);
    }
    return entries;
  } finally {
    closeSync(file);
  }
}

function readLongSizes(extra, entry) {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    let field = at + 4;
    for (const key of ['size', 'packed', 'offset']) {
      if (entry[key] !== 0xffffffff) continue;
      entry[key] = Number(extra.readBigUInt64LE(field));
      field += 8;
    }
  }
}

/**
 * Unpacks one entry of a zip file, checking its length and CRC-32.
 * @param {string} path the zip file
 * @param {ReturnType<typeof listZip>[number]} entry
 * @param {string} target the file to write
 */
export async function unpackEntry(path, entry, target) {
  const file = openSync(path, 'r');
  let start = 0;
  try {
    const header = readAt(file, entry.offset, 30);
    start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  } finally {
    closeSync(file);
  }
  mkdirSync(dirname(target), { recursive: true });
  let sum = 0;
  let bytes = 0;
  const check = new Transform({
    transform(chunk, _encoding, done) {
      sum = crc32(chunk, sum);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const stages = [];
  if (entry.packed > 0)
    stages.push(createReadStream(path, { start, end: start + entry.packed - 1, highWaterMark: 1 << 20 }));
  else stages.push(async function* nothing() {});
  if (entry.method === 8) stages.push(createInflateRaw({ chunkSize: 1 << 20 }));
  else if (entry.method !== 0)
    throw new Error(`${entry.name} in ${path} is packed by method ${entry.method}`);
  await pipeline(...stages, check, createWriteStream(target));
  if (bytes !== entry.size || sum !== entry.crc) throw new Error(`${entry.name} in ${path} is damaged`);
}

/** Unpacks the entries that `wanted(name)` keeps, under `directory`; names that would leave it are refused. */
export async function unpackZip(path, directory, wanted = () => true) {
  const entries = listZip(path).filter((entry) => !entry.name.endsWith('/') && wanted(entry.name));
  for (const entry of entries) {
    if (entry.name.split(/[\\/]/).includes('..') || /^([\\/]|[A-Za-z]:)/.test(entry.name))
      throw new Error(`${path} holds a file outside of its folder: ${entry.name}`);
    await unpackEntry(path, entry, join(directory, entry.name));
  }
  return entries.map((entry) => entry.name);
}
