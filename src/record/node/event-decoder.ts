/**
 * Takes what a decoder finds. Steps are integers, wall times seconds since 1970. Tag strings are the same object for
 * the same tag; arrays and bytes belong to the sink.
 */
export interface EventSink {
  scalar(tag: string, step: number, wallTime: number, value: number): void;
  /** `buckets` is row-major [k, 3]: left edge, right edge, count. */
  histogram?(tag: string, step: number, wallTime: number, buckets: Float64Array): void;
  text?(tag: string, step: number, wallTime: number, texts: string[]): void;
  images?(
    tag: string,
    step: number,
    wallTime: number,
    width: number,
    height: number,
    encoded: Uint8Array[],
  ): void;
  /** A summary whose plugin has no reader here: its name and content (hparams and the like). */
  plugin?(tag: string, pluginName: string, content: Uint8Array): void;
  /** Recording was restarted from `step`: what was seen of this step and later ones is void. */
  restart?(step: number): void;
}

interface KnownTag {
  name: string;
  bytes: Uint8Array;
  /** Plugin by the tag's first metadata; later events need not repeat it. */
  plugin: string;
}

const dataType = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  int64: 9,
  bool: 10,
  half: 19,
  bfloat16: 14,
} as const;

/** Thrown for bytes that are no Event message although their checksum is right. */
export class MalformedEvent extends Error {}

/**
 * Decodes Event messages (tensorflow/core/util/event.proto), summaries of version 1 and 2, into a sink, without an
 * object for each scalar. One decoder for each run: the metadata of a tag stands in its first event only.
 */
export class EventDecoder {
  private readonly sink: EventSink;
  private readonly tags = new Map<number, KnownTag[]>();
  private at = 0;
  private buffer: Buffer = Buffer.alloc(0);
  private high = 0;
  private sessionStarted = false;

  constructor(sink: EventSink) {
    this.sink = sink;
  }

  /** Decodes the message in buffer[start..end). Throws MalformedEvent. */
  decode(buffer: Buffer, start: number, end: number): void {
    this.buffer = buffer;
    this.at = start;
    let wallTime = 0;
    let step = 0;
    let summaryStart = -1;
    let summaryEnd = -1;
    while (this.at < end) {
      const key = this.varint(end);
      if (key === 0x09) wallTime = this.float64(end);
      else if (key === 0x10) step = this.int64(end);
      else if (key === 0x2a) {
        summaryEnd = this.lengthDelimited(end);
        summaryStart = this.at;
        this.at = summaryEnd;
      } else if (key === 0x3a) {
        const sessionEnd = this.lengthDelimited(end);
        if (this.isSessionStart(sessionEnd)) {
          // As TensorBoard takes it: the first start of a run is no restart.
          if (this.sessionStarted) this.sink.restart?.(step);
          this.sessionStarted = true;
        }
        this.at = sessionEnd;
      } else this.skip(key, end);
    }
    if (summaryStart < 0) return;
    this.at = summaryStart;
    while (this.at < summaryEnd) {
      const key = this.varint(summaryEnd);
      if (key === 0x0a) {
        const valueEnd = this.lengthDelimited(summaryEnd);
        this.value(valueEnd, step, wallTime);
        this.at = valueEnd;
      } else this.skip(key, summaryEnd);
    }
  }

  private isSessionStart(end: number): boolean {
    let status = 0;
    while (this.at < end) {
      const key = this.varint(end);
      if (key === 0x08) status = this.varint(end);
      else this.skip(key, end);
    }
    return status === 1;
  }

  /** Summary.Value */
  private value(end: number, step: number, wallTime: number): void {
    let tagStart = 0;
    let tagEnd = 0;
    let simpleValue = 0;
    let hasSimpleValue = false;
    let tensorStart = -1;
    let tensorEnd = -1;
    let histogramStart = -1;
    let histogramEnd = -1;
    let imageStart = -1;
    let imageEnd = -1;
    let metadataStart = -1;
    let metadataEnd = -1;
    while (this.at < end) {
      const key = this.varint(end);
      switch (key) {
        case 0x0a:
          tagEnd = this.lengthDelimited(end);
          tagStart = this.at;
          this.at = tagEnd;
          break;
        case 0x15:
          simpleValue = this.float32(end);
          hasSimpleValue = true;
          break;
        case 0x22:
          imageEnd = this.lengthDelimited(end);
          imageStart = this.at;
          this.at = imageEnd;
          break;
        case 0x2a:
          histogramEnd = this.lengthDelimited(end);
          histogramStart = this.at;
          this.at = histogramEnd;
          break;
        case 0x42:
          tensorEnd = this.lengthDelimited(end);
          tensorStart = this.at;
          this.at = tensorEnd;
          break;
        case 0x4a:
          metadataEnd = this.lengthDelimited(end);
          metadataStart = this.at;
          this.at = metadataEnd;
          break;
        default:
          this.skip(key, end);
      }
    }
    const tag = this.tag(tagStart, tagEnd);
    if (hasSimpleValue) {
      this.sink.scalar(tag.name, step, wallTime, simpleValue);
      return;
    }
    if (metadataStart >= 0 && tag.plugin === '') {
      this.at = metadataStart;
      this.metadata(metadataEnd, tag);
    }
    if (tensorStart >= 0) {
      this.at = tensorStart;
      if (tag.plugin === 'scalars') this.scalarTensor(tag, tensorEnd, step, wallTime);
      else this.tensor(tag, tensorEnd, step, wallTime);
    } else if (histogramStart >= 0 && this.sink.histogram) {
      this.at = histogramStart;
      this.sink.histogram(tag.name, step, wallTime, this.oldHistogram(histogramEnd));
    } else if (imageStart >= 0 && this.sink.images) {
      this.at = imageStart;
      this.oldImage(tag, imageEnd, step, wallTime);
    }
  }

  /** The fast path: a rank-0 tensor, its number in tensor_content or in the list of its type. */
  private scalarTensor(tag: KnownTag, end: number, step: number, wallTime: number): void {
    let type = 0;
    let value = Number.NaN;
    let found = false;
    while (this.at < end) {
      const key = this.varint(end);
      if (key === 0x08) type = this.varint(end);
      else if (key === 0x22) {
        const contentEnd = this.lengthDelimited(end);
        value = this.element(type, this.at, contentEnd);
        found = true;
        this.at = contentEnd;
      } else if (key === 0x2a || key === 0x32) {
        const listEnd = this.lengthDelimited(end);
        value = key === 0x2a ? this.float32(listEnd) : this.float64(listEnd);
        found = true;
        this.at = listEnd;
      } else if (key === 0x2d) {
        value = this.float32(end);
        found = true;
      } else if (key === 0x31) {
        value = this.float64(end);
        found = true;
      } else if (key === 0x3a || key === 0x52 || key === 0x5a || key === 0x6a) {
        const listEnd = this.lengthDelimited(end);
        const bits = this.int64(listEnd);
        value = key === 0x6a ? fromHalf(type, bits) : bits;
        found = true;
        this.at = listEnd;
      } else if (key === 0x38 || key === 0x50 || key === 0x58 || key === 0x68) {
        const bits = this.int64(end);
        value = key === 0x68 ? fromHalf(type, bits) : bits;
        found = true;
      } else this.skip(key, end);
    }
    // proto3 leaves out a list that holds zeros only.
    this.sink.scalar(tag.name, step, wallTime, found ? value : 0);
  }

  private element(type: number, start: number, end: number): number {
    const { buffer } = this;
    const size = end - start;
    if (type === dataType.float32 && size >= 4) return buffer.readFloatLE(start);
    if (type === dataType.float64 && size >= 8) return buffer.readDoubleLE(start);
    if (type === dataType.int32 && size >= 4) return buffer.readInt32LE(start);
    if (type === dataType.int64 && size >= 8) return Number(buffer.readBigInt64LE(start));
    if (type === dataType.int16 && size >= 2) return buffer.readInt16LE(start);
    if (type === dataType.int8 && size >= 1) return buffer.readInt8(start);
    if ((type === dataType.uint8 || type === dataType.bool) && size >= 1) return buffer.readUInt8(start);
    if ((type === dataType.half || type === dataType.bfloat16) && size >= 2) {
      return fromHalf(type, buffer.readUInt16LE(start));
    }
    throw new MalformedEvent(`a scalar of TensorFlow's type ${type} in ${size} bytes`);
  }

  private tensor(tag: KnownTag, end: number, step: number, wallTime: number): void {
    const { sink, buffer } = this;
    let type = 0;
    let contentStart = -1;
    let contentEnd = -1;
    const strings: Uint8Array[] = [];
    const numbers: number[] = [];
    const shape: number[] = [];
    while (this.at < end) {
      const key = this.varint(end);
      if (key === 0x08) type = this.varint(end);
      else if (key === 0x12) {
        const shapeEnd = this.lengthDelimited(end);
        this.shape(shapeEnd, shape);
        this.at = shapeEnd;
      } else if (key === 0x22) {
        contentEnd = this.lengthDelimited(end);
        contentStart = this.at;
        this.at = contentEnd;
      } else if (key === 0x42) {
        const stringEnd = this.lengthDelimited(end);
        strings.push(buffer.subarray(this.at, stringEnd));
        this.at = stringEnd;
      } else if (key === 0x2a || key === 0x32) {
        const listEnd = this.lengthDelimited(end);
        while (this.at < listEnd) numbers.push(key === 0x2a ? this.float32(listEnd) : this.float64(listEnd));
      } else this.skip(key, end);
    }
    if (tag.plugin === 'histograms' && sink.histogram) {
      sink.histogram(
        tag.name,
        step,
        wallTime,
        this.histogramRows(type, shape, contentStart, contentEnd, numbers),
      );
    } else if (tag.plugin === 'text' && sink.text) {
      sink.text(
        tag.name,
        step,
        wallTime,
        strings.map((string) => Buffer.from(string).toString('utf8')),
      );
    } else if (tag.plugin === 'images' && sink.images && strings.length >= 2) {
      const [width, height, ...encoded] = strings.map((string) => Uint8Array.from(string));
      sink.images(tag.name, step, wallTime, Number(textOf(width!)), Number(textOf(height!)), encoded);
    }
  }

  private histogramRows(
    type: number,
    shape: number[],
    contentStart: number,
    contentEnd: number,
    listed: number[],
  ): Float64Array {
    const { buffer } = this;
    let rows: Float64Array;
    if (contentStart < 0) rows = expand(listed, shape);
    else {
      const size = type === dataType.float64 ? 8 : type === dataType.float32 ? 4 : 0;
      if (size === 0) throw new MalformedEvent(`a histogram of TensorFlow's type ${type}`);
      rows = new Float64Array(Math.floor((contentEnd - contentStart) / size));
      for (let index = 0; index < rows.length; index++) {
        const at = contentStart + index * size;
        rows[index] = size === 8 ? buffer.readDoubleLE(at) : buffer.readFloatLE(at);
      }
    }
    if (rows.length % 3 !== 0)
      throw new MalformedEvent(`a histogram of ${rows.length} numbers, not of rows of three`);
    return rows;
  }

  /** HistogramProto of version 1, turned into rows as tensorboard/data_compat.py does. */
  private oldHistogram(end: number): Float64Array {
    let minimum = 0;
    let maximum = 0;
    const limits: number[] = [];
    const counts: number[] = [];
    while (this.at < end) {
      const key = this.varint(end);
      if (key === 0x09) minimum = this.float64(end);
      else if (key === 0x11) maximum = this.float64(end);
      else if (key === 0x32 || key === 0x3a) {
        const listEnd = this.lengthDelimited(end);
        const list = key === 0x32 ? limits : counts;
        while (this.at < listEnd) list.push(this.float64(listEnd));
      } else if (key === 0x31) limits.push(this.float64(end));
      else if (key === 0x39) counts.push(this.float64(end));
      else this.skip(key, end);
    }
    const first = counts.findIndex((count) => count > 0);
    if (first < 0) return new Float64Array(0);
    const last = counts.findLastIndex((count) => count > 0);
    const rows = new Float64Array((last - first + 1) * 3);
    for (let bucket = first; bucket <= last; bucket++) {
      const at = (bucket - first) * 3;
      rows[at] = bucket === first ? minimum : (limits[bucket - 1] ?? maximum);
      rows[at + 1] = bucket === last ? maximum : (limits[bucket] ?? maximum);
      rows[at + 2] = counts[bucket]!;
    }
    return rows;
  }

  /** Summary.Image of version 1. */
  private oldImage(tag: KnownTag, end: number, step: number, wallTime: number): void {
    let width = 0;
    let height = 0;
    let encoded: Uint8Array | undefined;
    while (this.at < end) {
      const key = this.varint(end);
      if (key === 0x08) height = this.varint(end);
      else if (key === 0x10) width = this.varint(end);
      else if (key === 0x22) {
        const bytesEnd = this.lengthDelimited(end);
        encoded = Uint8Array.from(this.buffer.subarray(this.at, bytesEnd));
        this.at = bytesEnd;
      } else this.skip(key, end);
    }
    if (encoded) this.sink.images?.(tag.name, step, wallTime, width, height, [encoded]);
  }

  private shape(end: number, shape: number[]): void {
    while (this.at < end) {
      const key = this.varint(end);
      if (key === 0x12) {
        const dimensionEnd = this.lengthDelimited(end);
        let size = 0;
        while (this.at < dimensionEnd) {
          const inner = this.varint(dimensionEnd);
          if (inner === 0x08) size = this.int64(dimensionEnd);
          else this.skip(inner, dimensionEnd);
        }
        shape.push(size);
      } else this.skip(key, end);
    }
  }

  /** SummaryMetadata */
  private metadata(end: number, tag: KnownTag): void {
    while (this.at < end) {
      const key = this.varint(end);
      if (key !== 0x0a) {
        this.skip(key, end);
        continue;
      }
      const pluginEnd = this.lengthDelimited(end);
      let content: Uint8Array = new Uint8Array(0);
      while (this.at < pluginEnd) {
        const inner = this.varint(pluginEnd);
        if (inner === 0x0a || inner === 0x12) {
          const innerEnd = this.lengthDelimited(pluginEnd);
          if (inner === 0x0a) tag.plugin = this.buffer.toString('utf8', this.at, innerEnd);
          else content = Uint8Array.from(this.buffer.subarray(this.at, innerEnd));
          this.at = innerEnd;
        } else this.skip(inner, pluginEnd);
      }
      this.sink.plugin?.(tag.name, tag.plugin, content);
    }
  }

  /** The known tag of these bytes (FNV-1a hash, then compared byte for byte). */
  private tag(start: number, end: number): KnownTag {
    const { buffer } = this;
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ buffer[at]!, 0x01000193);
    const candidates = this.tags.get(hash);
    if (candidates) {
      next: for (const candidate of candidates) {
        const { bytes } = candidate;
        if (bytes.length !== end - start) continue;
        for (let at = 0; at < bytes.length; at++) if (bytes[at] !== buffer[start + at]) continue next;
        return candidate;
      }
    }
    const bytes = Uint8Array.from(buffer.subarray(start, end));
    const known = { name: buffer.toString('utf8', start, end), bytes, plugin: '' };
    if (candidates) candidates.push(known);
    else this.tags.set(hash, [known]);
    return known;
  }

  /** Reads a varint of up to 64 bits; the low 32 unsigned bits are returned, the upper ones left in `high`. */
  private varint(end: number): number {
    const { buffer } = this;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= end) throw new MalformedEvent('a number that runs over the end of its message');
      const byte = buffer[this.at++]!;
      const bits = byte & 127;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 128) {
        this.high = high;
        return low >>> 0;
      }
    }
    throw new MalformedEvent('a number of more than ten bytes');
  }

  private int64(end: number): number {
    const low = this.varint(end);
    return (this.high | 0) * 0x1_0000_0000 + low;
  }

  private float32(end: number): number {
    if (this.at + 4 > end) throw new MalformedEvent('a number that runs over the end of its message');
    const value = this.buffer.readFloatLE(this.at);
    this.at += 4;
    return value;
  }

  private float64(end: number): number {
    if (this.at + 8 > end) throw new MalformedEvent('a number that runs over the end of its message');
    const value = this.buffer.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  /** Reads a length; returns where the field ends. */
  private lengthDelimited(end: number): number {
    const length = this.varint(end);
    if (this.high !== 0 || this.at + length > end) {
      throw new MalformedEvent('a field that runs over the end of its message');
    }
    return this.at + length;
  }

  private skip(key: number, end: number): void {
    switch (key & 7) {
      case 0:
        this.varint(end);
        break;
      case 1:
        this.at += 8;
        break;
      case 2:
        this.at = this.lengthDelimited(end);
        break;
      case 5:
        this.at += 4;
        break;
      default:
        throw new MalformedEvent(`a field of the unknown wire type ${key & 7}`);
    }
    if (this.at > end) throw new MalformedEvent('a field that runs over the end of its message');
  }
}

/** Values as TensorProto lists them: a list shorter than the shape repeats its last element. */
function expand(listed: readonly number[], shape: readonly number[]): Float64Array {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  // A shape is only a claim; the largest histogram that is believed has a million buckets.
  if (size < 0 || size > 3_000_000)
    throw new MalformedEvent(`a histogram of the shape [${shape.join(', ')}]`);
  const values = new Float64Array(size);
  const last = listed.at(-1) ?? 0;
  for (let index = 0; index < size; index++) values[index] = listed[index] ?? last;
  return values;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** IEEE 754 half precision, or bfloat16 (the upper half of a float32), from its bits. */
function fromHalf(type: number, bits: number): number {
  if (type === dataType.bfloat16) return new Float32Array(new Uint32Array([bits << 16]).buffer)[0]!;
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
