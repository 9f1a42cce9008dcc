import { Writer } from 'protobufjs/minimal.js';

// Field numbers: tensorflow/core/util/event.proto, framework/summary.proto, tensor.proto, tensor_shape.proto.
const float32Type = 1;
const float64Type = 2;
const stringType = 7;

const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export const sessionStatus = { start: 1, stop: 2, checkpoint: 3 } as const;

/** An encoded Event up to and with its step; `summary` is the encoded Summary message. */
export function encodeSummaryEvent(step: number, wallTime: number, summary: Uint8Array): Uint8Array {
  return eventHead(step, wallTime).uint32(tag(5, wire.bytes)).bytes(summary).finish();
}

export function encodeFileVersion(wallTime: number): Uint8Array {
  return new Writer()
    .uint32(tag(1, wire.fixed64))
    .double(wallTime)
    .uint32(tag(3, wire.bytes))
    .string('brain.Event:2')
    .finish();
}

/** A SessionLog event. */
export function encodeSessionLog(step: number, wallTime: number, status: number): Uint8Array {
  return eventHead(step, wallTime)
    .uint32(tag(7, wire.bytes))
    .fork()
    .uint32(tag(1, wire.varint))
    .int32(status)
    .ldelim()
    .finish();
}

/**
 * The Summary of one scalar, value 0; the last four bytes are the value as a little-endian float32, so that a writer
 * encodes a tag once and only puts in the number afterwards.
 */
export function encodeScalarSummary(tagName: string): Uint8Array {
  return encodeValue(tagName, metadata('scalars'), (writer) =>
    writer
      .uint32(tag(1, wire.varint))
      .int32(float32Type)
      .uint32(tag(2, wire.bytes))
      .fork()
      .ldelim()
      .uint32(tag(4, wire.bytes))
      .bytes(new Uint8Array(4)),
  );
}

/** `buckets` is row-major [k, 3]: left edge, right edge, count. */
export function encodeHistogramSummary(tagName: string, buckets: Float64Array): Uint8Array {
  return encodeValue(tagName, metadata('histograms'), (writer) =>
    shape(writer.uint32(tag(1, wire.varint)).int32(float64Type), [buckets.length / 3, 3])
      .uint32(tag(4, wire.bytes))
      .bytes(new Uint8Array(buckets.buffer, buckets.byteOffset, buckets.byteLength)),
  );
}

/** Markdown texts; one text is a scalar tensor, several a vector. */
export function encodeTextSummary(tagName: string, texts: readonly string[]): Uint8Array {
  const encoded = texts.map((text) => Buffer.from(text, 'utf8'));
  return encodeStrings(tagName, metadata('text'), encoded, texts.length === 1 ? [] : [texts.length]);
}

/** Pictures of one size, encoded as PNG (JPEG and GIF are read too). */
export function encodeImageSummary(
  tagName: string,
  width: number,
  height: number,
  images: readonly Uint8Array[],
): Uint8Array {
  const strings = [Buffer.from(String(width)), Buffer.from(String(height)), ...images];
  return encodeStrings(tagName, metadata('images'), strings, [strings.length]);
}

/** A Summary without data of its own whose plugin content says it all (hparams). */
export function encodePluginSummary(tagName: string, pluginName: string, content: Uint8Array): Uint8Array {
  return encodeValue(tagName, metadata(pluginName, content), (writer) =>
    shape(writer.uint32(tag(1, wire.varint)).int32(float32Type), [0]),
  );
}

export function tag(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

function eventHead(step: number, wallTime: number): Writer {
  return new Writer().uint32(tag(1, wire.fixed64)).double(wallTime).uint32(tag(2, wire.varint)).int64(step);
}

function encodeStrings(
  tagName: string,
  metadataBytes: Uint8Array,
  strings: readonly Uint8Array[],
  dimensions: readonly number[],
): Uint8Array {
  return encodeValue(tagName, metadataBytes, (writer) => {
    shape(writer.uint32(tag(1, wire.varint)).int32(stringType), dimensions);
    for (const string of strings) writer.uint32(tag(8, wire.bytes)).bytes(string);
    return writer;
  });
}

/** Summary { value { tag, metadata, tensor } }, the tensor last. */
function encodeValue(
  tagName: string,
  metadataBytes: Uint8Array,
  tensor: (writer: Writer) => Writer,
): Uint8Array {
  const writer = new Writer()
    .uint32(tag(1, wire.bytes))
    .fork()
    .uint32(tag(1, wire.bytes))
    .string(tagName)
    .uint32(tag(9, wire.bytes))
    .bytes(metadataBytes)
    .uint32(tag(8, wire.bytes))
    .fork();
  return tensor(writer).ldelim().ldelim().finish();
}

function shape(writer: Writer, dimensions: readonly number[]): Writer {
  writer.uint32(tag(2, wire.bytes)).fork();
  for (const size of dimensions) {
    writer.uint32(tag(2, wire.bytes)).fork().uint32(tag(1, wire.varint)).int64(size).ldelim();
  }
  return writer.ldelim();
}

/** SummaryMetadata { plugin_data { plugin_name, content } }. The content of a version-0 plugin is empty. */
function metadata(pluginName: string, content?: Uint8Array): Uint8Array {
  const writer = new Writer().uint32(tag(1, wire.bytes)).fork().uint32(tag(1, wire.bytes)).string(pluginName);
  if (content) writer.uint32(tag(2, wire.bytes)).bytes(content);
  return writer.ldelim().finish();
}
