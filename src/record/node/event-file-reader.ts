import type { Dirent } from 'node:fs';
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { maskedCrc32c } from './crc32c';
import { EventDecoder, type EventSink, MalformedEvent } from './event-decoder';

/** Damage in an event file. What is whole before and after it is read. */
export interface EventFileProblem {
  file: string;
  /** Byte at which the damage begins. */
  offset: number;
  /** A sentence: what is wrong and what was done. */
  message: string;
}

const chunkBytes = 1024 * 1024;
const headBytes = 12;
const tailBytes = 4;
// A record is one summary; a longer one is a damaged length whose checksum fits by chance, or an attack.
const longestRecordBytes = 1024 * 1024 * 1024;

/**
 * Reads one TensorBoard event file, from where it stopped the last time to the last whole record. A record that is cut
 * off at the end is not there yet: the next `read` takes it. A record with a wrong checksum is skipped; where the length
 * itself is damaged, reading goes on at the next bytes that are a record. Both are told in `problems`.
 */
export class EventFileReader {
  readonly path: string;
  readonly problems: EventFileProblem[] = [];
  /** Bytes read so far. */
  offset = 0;
  private readonly decoder: EventDecoder;
  /** Set while looking for the next record behind a damaged length: where the damage began. */
  private lostSince: number | undefined;
  private buffer: Buffer = Buffer.alloc(0);

  constructor(path: string, decoder: EventDecoder) {
    this.path = path;
    this.decoder = decoder;
  }

  /** Reads what is new. Returns the number of records. Throws when the file can't be opened. */
  async read(): Promise<number> {
    const handle = await open(this.path, 'r');
    try {
      const { size } = await handle.stat();
      if (size < this.offset) {
        this.problem(this.offset, `The file became shorter (${size} bytes); what was read before is kept.`);
        this.offset = size;
        return 0;
      }
      return await this.readTo(handle, size);
    } finally {
      await handle.close();
      this.buffer = Buffer.alloc(0);
    }
  }

  /** Treats everything that the file holds now as read. */
  async skipToEnd(): Promise<void> {
    this.offset = (await stat(this.path)).size;
  }

  private async readTo(handle: FileHandle, size: number): Promise<number> {
    let records = 0;
    let wanted = chunkBytes;
    while (this.offset < size) {
      const filled = await this.fill(handle, Math.min(wanted, size - this.offset));
      const { consumed, found, needed } = this.parse(filled);
      records += found;
      this.offset += consumed;
      if (consumed > 0) wanted = chunkBytes;
      // Nothing whole in what is there: the rest of the record is further on, or not written yet.
      else if (this.offset + needed > size || filled < Math.min(wanted, size - this.offset)) break;
      else wanted = Math.max(needed, wanted * 2);
    }
    return records;
  }

  private async fill(handle: FileHandle, length: number): Promise<number> {
    if (this.buffer.length < length) this.buffer = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle.read(this.buffer, filled, length - filled, this.offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }

  /** Decodes the whole records at the start of the buffer. `needed`: bytes of the record that is not whole. */
  private parse(filled: number): { consumed: number; found: number; needed: number } {
    const { buffer } = this;
    const view = new DataView(buffer.buffer, buffer.byteOffset, filled);
    let at = 0;
    let found = 0;
    while (at + headBytes <= filled) {
      if (maskedCrc32c(buffer, at, at + 8) !== view.getUint32(at + 8, true)) {
        this.lostSince ??= this.offset + at;
        at++;
        continue;
      }
      const length = view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
      if (length > longestRecordBytes) {
        this.lostSince ??= this.offset + at;
        at++;
        continue;
      }
      const start = at + headBytes;
      const end = start + length;
      if (end + tailBytes > filled) return { consumed: at, found, needed: headBytes + length + tailBytes };
      const intact = maskedCrc32c(buffer, start, end) === view.getUint32(end, true);
      if (this.lostSince !== undefined) {
        if (!intact) {
          at++;
          continue;
        }
        this.resumed(this.offset + at);
      }
      if (!intact) {
        this.problem(this.offset + at, `A record of ${length} bytes has a wrong checksum and was left out.`);
      } else {
        try {
          this.decoder.decode(buffer, start, end);
          found++;
        } catch (error) {
          if (!(error instanceof MalformedEvent)) throw error;
          this.problem(this.offset + at, `A record holds ${error.message}; it was left out.`);
        }
      }
      at = end + tailBytes;
    }
    return { consumed: at, found, needed: headBytes };
  }

  /** Bytes of a damage that no record has followed yet; undefined when all is well. */
  get unreadableSince(): number | undefined {
    return this.lostSince;
  }

  private resumed(offset: number): void {
    const since = this.lostSince!;
    this.lostSince = undefined;
    this.problem(
      since,
      `${offset - since} bytes are damaged and were left out; reading went on at byte ${offset}.`,
    );
  }

  private problem(offset: number, message: string): void {
    this.problems.push({ file: this.path, offset, message });
  }
}

/** Reads all event files of one folder in the order of their names, and again what was added, into one sink. */
export class EventDirectoryReader {
  readonly directory: string;
  private readonly decoder: EventDecoder;
  private readonly readers = new Map<string, EventFileReader>();

  constructor(directory: string, sink: EventSink) {
    this.directory = directory;
    this.decoder = new EventDecoder(sink);
  }

  /** Reads what is new in known files, and new files. Returns the number of records. */
  async read(): Promise<number> {
    let records = 0;
    for (const reader of await this.currentReaders()) {
      let size: number;
      try {
        ({ size } = await stat(reader.path));
      } catch (error) {
        // Deleted meanwhile; what was read stays.
        if (isGone(error)) continue;
        throw error;
      }
      if (size !== reader.offset) records += await reader.read();
    }
    return records;
  }

  /** Treats everything that the files hold now as read. */
  async skipToEnd(): Promise<void> {
    for (const reader of await this.currentReaders()) await reader.skipToEnd();
  }

  /** Damage found so far, in file order; a damaged end that may still be followed by records is said too. */
  get problems(): EventFileProblem[] {
    return [...this.readers.values()].flatMap((reader) => {
      const since = reader.unreadableSince;
      if (since === undefined) return reader.problems;
      const message = 'The file is damaged from here on; what stands before it was read.';
      return [...reader.problems, { file: reader.path, offset: since, message }];
    });
  }

  private async currentReaders(): Promise<EventFileReader[]> {
    const names = await eventFileNames(this.directory);
    return names.map((name) => {
      let reader = this.readers.get(name);
      if (!reader) {
        reader = new EventFileReader(join(this.directory, name), this.decoder);
        this.readers.set(name, reader);
      }
      return reader;
    });
  }
}

export interface EventDirectory {
  /** TensorBoard's name of the run: the folder relative to the logdir with `/`; '' for the logdir itself. */
  name: string;
  directory: string;
}

/**
 * The folders below `logdir`, itself included, that hold event files, by name. Links are followed, circles are not. A
 * folder that goes away meanwhile (a checkpoint that is rotated out) is passed over.
 */
export async function findEventDirectories(logdir: string): Promise<EventDirectory[]> {
  const found: EventDirectory[] = [];
  const visited = new Set<string>();
  const visit = async (directory: string): Promise<void> => {
    const entries = await entriesOf(directory, visited);
    if (entries.some((entry) => isEventFileName(entry.name) && !entry.isDirectory())) {
      found.push({ name: relative(logdir, directory).split(sep).join('/'), directory });
    }
    for (const entry of entries) {
      const path = join(directory, entry.name);
      if (entry.isDirectory() || (entry.isSymbolicLink() && (await isDirectory(path)))) await visit(path);
    }
  };
  await visit(logdir);
  return found.sort((first, second) => (first.name < second.name ? -1 : 1));
}

async function entriesOf(directory: string, visited: Set<string>): Promise<Dirent[]> {
  try {
    const real = await realpath(directory);
    if (visited.has(real)) return [];
    visited.add(real);
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

async function eventFileNames(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter(isEventFileName).sort();
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function isEventFileName(name: string): boolean {
  return name.includes('tfevents') && !name.endsWith('.profile-empty');
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // A link to nowhere, or to itself.
    return false;
  }
}
