import { Writer } from 'protobufjs/minimal.js';

export { Writer };

export const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Begins a field. */
export function field(writer: Writer, number: number, type: number): Writer {
  return writer.uint32((number << 3) | type);
}

/** A message as a field. */
export function message(writer: Writer, number: number, write: (writer: Writer) => void): Writer {
  field(writer, number, wire.bytes).fork();
  write(writer);
  return writer.ldelim();
}

export function text(writer: Writer, number: number, value: string): Writer {
  return field(writer, number, wire.bytes).string(value);
}

export function bytes(writer: Writer, number: number, value: Uint8Array): Writer {
  return field(writer, number, wire.bytes).bytes(value);
}

export function integer(writer: Writer, number: number, value: number | bigint): Writer {
  return int64(field(writer, number, wire.varint), value);
}

export function flag(writer: Writer, number: number, value: boolean): Writer {
  return field(writer, number, wire.varint).bool(value);
}

/** A varint of 64 bits, negative numbers in two's complement. */
export function int64(writer: Writer, value: number | bigint): Writer {
  // Texts are parsed at full width.
  return writer.int64(typeof value === 'bigint' ? String(BigInt.asIntN(64, value)) : value);
}

/** An entry of a map<string, Message>. */
export function mapEntry(
  writer: Writer,
  number: number,
  key: string,
  write: (writer: Writer) => void,
): Writer {
  return message(writer, number, (entry) => {
    text(entry, 1, key);
    message(entry, 2, write);
  });
}
