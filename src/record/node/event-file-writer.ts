import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DescentError } from '../../contract/errors';
import { makeDirectory } from '../../files/node/make-directory';
import { maskedCrc32c } from './crc32c';
import {
  encodeFileVersion,
  encodeHistogramSummary,
  encodeImageSummary,
  encodePluginSummary,
  encodeScalarSummary,
  encodeSessionLog,
  encodeSummaryEvent,
  encodeTextSummary,
  sessionStatus,
} from './event-encoding';

export interface EventFileWriterOptions {
  /** Longest time that a record stays in memory, in milliseconds. */
  flushMilliseconds?: number;
  /** Records in memory from which on they are written at once, in bytes. */
  flushBytes?: number;
  /** Told about a flush in the background that failed; the records are kept and tried again with the next flush. */
  onProblem?: (error: DescentError) => void;
}

const frameBytes = 16;
// Beyond this the disk has been full for long; what comes is refused instead of filling the memory.
const heldBytesLimit = 256 * 1024 * 1024;

let filesOfThisProcess = 0;

/**
 * Appends to one new TensorBoard event file: TFRecord framing with masked CRC-32C, file version `brain.Event:2`,
 * summaries with plugin metadata. Steps are integers, wall times seconds since 1970. What was handed over is in the
 * file after `flush()`, or a second later.
 */
export class EventFileWriter {
  readonly path: string;
  private readonly handle: FileHandle;
  private readonly options: Required<Omit<EventFileWriterOptions, 'onProblem'>> & EventFileWriterOptions;
  private buffer: Buffer = Buffer.allocUnsafe(64 * 1024);
  private view: DataView = viewOf(this.buffer);
  private used = 0;
  private written = 0;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  private closed = false;
  private readonly scalarSummaries = new Map<string, Uint8Array>();

  private constructor(path: string, handle: FileHandle, options: EventFileWriterOptions) {
    this.path = path;
    this.handle = handle;
    this.options = { flushMilliseconds: 1000, flushBytes: 256 * 1024, ...options };
  }

  /** Starts a new event file in `directory`, which is made when missing. Every call makes another file. */
  static async create(directory: string, options: EventFileWriterOptions = {}): Promise<EventFileWriter> {
    await makeDirectory(directory);
    const now = Date.now() / 1000;
    const host = hostname().replace(/[^\w.-]/g, '_') || 'localhost';
    const seconds = Math.max(Math.floor(now), (await newestSeconds(directory)) + 1);
    const name = `events.out.tfevents.${seconds}.${host}.${process.pid}.${filesOfThisProcess++}.v2`;
    const path = join(directory, name);
    const handle = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY);
    const writer = new EventFileWriter(path, handle, options);
    writer.append(encodeFileVersion(now));
    await writer.flush();
    return writer;
  }

  scalar(tag: string, step: number, wallTime: number, value: number): void {
    let summary = this.scalarSummaries.get(tag);
    if (!summary) {
      summary = encodeScalarSummary(tag);
      this.scalarSummaries.set(tag, summary);
    }
    this.appendScalar(summary, step, wallTime, value);
  }

  /** Columns of equal length. */
  scalars(
    tag: string,
    steps: ArrayLike<number>,
    wallTimes: ArrayLike<number>,
    values: ArrayLike<number>,
  ): void {
    for (let index = 0; index < steps.length; index++) {
      this.scalar(tag, steps[index]!, wallTimes[index]!, values[index]!);
    }
  }

  /** `buckets` is row-major [k, 3]: left edge, right edge, count. */
  histogram(tag: string, step: number, wallTime: number, buckets: Float64Array): void {
    this.append(encodeSummaryEvent(step, wallTime, encodeHistogramSummary(tag, buckets)));
  }

  /** Markdown. */
  text(tag: string, step: number, wallTime: number, ...texts: string[]): void {
    this.append(encodeSummaryEvent(step, wallTime, encodeTextSummary(tag, texts)));
  }

  /** PNG, JPEG or GIF files, all of the same width and height in pixels. */
  images(
    tag: string,
    step: number,
    wallTime: number,
    width: number,
    height: number,
    images: readonly Uint8Array[],
  ): void {
    this.append(encodeSummaryEvent(step, wallTime, encodeImageSummary(tag, width, height, images)));
  }

  /** A summary that consists of its plugin's content (hparams). */
  plugin(tag: string, pluginName: string, content: Uint8Array, wallTime: number): void {
    this.append(encodeSummaryEvent(0, wallTime, encodePluginSummary(tag, pluginName, content)));
  }

  /**
   * Says that recording begins, or goes on, at `step`. From the second time on in a folder, readers drop what was
   * recorded of this step and later ones before.
   */
  sessionStart(step: number, wallTime: number): void {
    this.append(encodeSessionLog(step, wallTime, sessionStatus.start));
  }

  /**
   * Writes what is in memory to the file. Throws a DescentError (`out-of-space`, `io`) when the file system refuses;
   * then the file ends with its last whole record, the records stay in memory, and the next flush tries again.
   */
  async flush(): Promise<void> {
    while (this.writing) await this.writing.catch(() => undefined);
    if (this.used === 0 || this.closed) return;
    this.writing = this.writeOut();
    try {
      await this.writing;
    } finally {
      this.writing = undefined;
    }
  }

  /** Flushes to the disk itself and closes the file. The file is closed even when the flush throws. */
  async close(): Promise<void> {
    if (this.closed) return;
    try {
      await this.flush();
      await this.handle.sync();
    } finally {
      this.closed = true;
      clearTimeout(this.timer);
      await this.handle.close();
    }
  }

  private appendScalar(summary: Uint8Array, step: number, wallTime: number, value: number): void {
    // Event { wall_time, step, summary }; a step of 0 is the default and left out.
    const stepBytes = step === 0 ? 0 : 1 + varintBytes(step);
    const length = 9 + stepBytes + 1 + varintBytes(summary.length) + summary.length;
    const start = this.reserve(length);
    const { buffer, view } = this;
    let at = start;
    buffer[at++] = 0x09;
    view.setFloat64(at, wallTime, true);
    at += 8;
    if (step !== 0) {
      buffer[at++] = 0x10;
      at = writeVarint(buffer, at, step);
    }
    buffer[at++] = 0x2a;
    at = writeVarint(buffer, at, summary.length);
    buffer.set(summary, at);
    at += summary.length;
    view.setFloat32(at - 4, value, true);
    this.commit(start, length);
  }

  private append(event: Uint8Array): void {
    const start = this.reserve(event.length);
    this.buffer.set(event, start);
    this.commit(start, event.length);
  }

  /** Makes room for a record of `length` bytes and its frame; returns where the record goes. */
  private reserve(length: number): number {
    if (this.closed) throw new DescentError('internal', `The event file ${this.path} is closed.`);
    const needed = this.used + length + frameBytes;
    if (needed > heldBytesLimit) {
      throw new DescentError(
        'out-of-space',
        `${this.path} could not be written to and 256 MB wait in memory.`,
        {
          remedy: 'Free some disk space.',
          subject: this.path,
        },
      );
    }
    if (needed > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
      this.buffer.copy(larger, 0, 0, this.used);
      this.buffer = larger;
      this.view = viewOf(larger);
    }
    return this.used + 12;
  }

  /** Puts the frame around the record (tensorflow/core/lib/io/record_writer.h) and plans its writing. */
  private commit(start: number, length: number): void {
    const { buffer, view } = this;
    const head = start - 12;
    view.setUint32(head, length, true);
    view.setUint32(head + 4, 0, true);
    view.setUint32(head + 8, maskedCrc32c(buffer, head, head + 8), true);
    view.setUint32(start + length, maskedCrc32c(buffer, start, start + length), true);
    this.used = start + length + 4;
    if (this.used >= this.options.flushBytes && !this.writing) this.flushInBackground();
    else this.timer ??= setTimeout(() => this.flushInBackground(), this.options.flushMilliseconds).unref();
  }

  private flushInBackground(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.flush().catch((error: DescentError) => {
      if (this.used > 0 && !this.closed) {
        this.timer ??= setTimeout(() => this.flushInBackground(), this.options.flushMilliseconds).unref();
      }
      // Not lost without a listener: the records are kept, and flush() or close() meets the same error again.
      this.options.onProblem?.(error);
    });
  }

  private async writeOut(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const taken = this.buffer;
    const length = this.used;
    this.buffer = Buffer.allocUnsafe(Math.max(64 * 1024, Math.min(taken.length, 1024 * 1024)));
    this.view = viewOf(this.buffer);
    this.used = 0;
    try {
      let done = 0;
      while (done < length) {
        const { bytesWritten } = await this.handle.write(taken, done, length - done, this.written + done);
        done += bytesWritten;
      }
      this.written += length;
    } catch (error) {
      this.putBack(taken.subarray(0, length));
      // Without the cut a half-written record would stand in the middle of the file.
      await this.handle.truncate(this.written).catch(() => undefined);
      throw this.problem(error);
    }
  }

  private putBack(records: Buffer): void {
    const all = Buffer.allocUnsafe(Math.max(64 * 1024, records.length + this.used));
    records.copy(all);
    this.buffer.copy(all, records.length, 0, this.used);
    this.used += records.length;
    this.buffer = all;
    this.view = viewOf(all);
  }

  private problem(error: unknown): DescentError {
    const { code, message } = error as NodeJS.ErrnoException;
    const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
    return new DescentError(full ? 'out-of-space' : 'io', `${this.path} could not be written: ${message}.`, {
      remedy: full
        ? 'Free some disk space; what was recorded is kept in memory and written then.'
        : undefined,
      subject: this.path,
      cause: error,
    });
  }
}

/**
 * The time in the names of the event files that are there. Readers take a folder's files in the order of their names, so
 * a new one must have a later time, even when a run is resumed within a second or the clock was set back.
 */
async function newestSeconds(directory: string): Promise<number> {
  let newest = 0;
  for (const name of await readdir(directory)) {
    newest = Math.max(newest, Number(/tfevents\.(\d+)\./.exec(name)?.[1] ?? 0));
  }
  return newest;
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** Bytes of a protobuf int64; negative numbers always take ten. */
function varintBytes(value: number): number {
  if (value < 0) return 10;
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

function writeVarint(buffer: Buffer, at: number, value: number): number {
  let position = at;
  if (value < 0) {
    for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
      if (rest < 128n) {
        buffer[position++] = Number(rest);
        return position;
      }
      buffer[position++] = Number(rest & 127n) | 128;
    }
  }
  let rest = value;
  while (rest >= 128) {
    buffer[position++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  buffer[position++] = rest;
  return position;
}
