// PyTorch's state dictionaries as torch.save wrote them before version 1.6: five pickles (magic number, protocol version,
// system, the dictionary, the keys of the storages) and then each storage, its length and its values (torch/serialization.py,
// _legacy_save). No code of a pickle is run: of what it may name, only what such files need is known.

const magic = 0x1950a86a20f9469cfc6cn;
const protocol = 1001;

class Reader {
  at = 0;

  constructor(bytes) {
    this.bytes = bytes;
  }

  take(length) {
    if (this.at + length > this.bytes.length) throw new Error('The file ends too early.');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  line() {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw new Error('The file ends too early.');
    const text = this.bytes.toString('latin1', this.at, end);
    this.at = end + 1;
    return text;
  }
}

const mark = Symbol('mark');
const globals = {
  'collections OrderedDict': () => new Map(),
  'torch._utils _rebuild_tensor_v2': ([storage, offset, shape, strides]) => ({
    storage,
    offset,
    shape,
    strides,
  }),
  'torch FloatStorage': 'float32',
  'torch LongStorage': 'int64',
};

/** Of protocol 2 of Python's pickle (Lib/pickletools.py). */
function unpickle(reader) {
  const stack = [];
  const memo = new Map();
  const sinceMark = () => {
    const start = stack.lastIndexOf(mark);
    const items = stack.splice(start + 1);
    stack.pop();
    return items;
  };
  const setItems = (items) => {
    const target = stack.at(-1);
    for (let index = 0; index < items.length; index += 2) target.set(items[index], items[index + 1]);
  };
  const operations = {
    '\x80': () => reader.take(1),
    '(': () => stack.push(mark),
    '}': () => stack.push(new Map()),
    ']': () => stack.push([]),
    ')': () => stack.push([]),
    N: () => stack.push(null),
    '\x88': () => stack.push(true),
    '\x89': () => stack.push(false),
    J: () => stack.push(reader.take(4).readInt32LE()),
    K: () => stack.push(reader.take(1)[0]),
    M: () => stack.push(reader.take(2).readUInt16LE()),
    '\x8a': () => {
      const bytes = reader.take(reader.take(1)[0]);
      let value = 0n;
      for (const byte of bytes.toReversed()) value = (value << 8n) | BigInt(byte);
      stack.push(BigInt.asIntN(Math.max(1, bytes.length) * 8, value));
    },
    X: () => stack.push(reader.take(reader.take(4).readUInt32LE()).toString('utf8')),
    q: () => memo.set(reader.take(1)[0], stack.at(-1)),
    r: () => memo.set(reader.take(4).readUInt32LE(), stack.at(-1)),
    h: () => stack.push(memo.get(reader.take(1)[0])),
    j: () => stack.push(memo.get(reader.take(4).readUInt32LE())),
    c: () => {
      const name = `${reader.line()} ${reader.line()}`;
      if (!Object.hasOwn(globals, name)) throw new Error(`The file names ${name}, which no weights need.`);
      stack.push(globals[name]);
    },
    R: () => {
      const parameters = stack.pop();
      stack.push(stack.pop()(parameters));
    },
    b: () => stack.pop(),
    Q: () => {
      const [kind, dtype, key, , count] = stack.pop();
      if (kind !== 'storage') throw new Error(`The file refers to a ${kind}.`);
      stack.push({ dtype, key, count });
    },
    t: () => stack.push(sinceMark()),
    '\x85': () => stack.push(stack.splice(-1)),
    '\x86': () => stack.push(stack.splice(-2)),
    '\x87': () => stack.push(stack.splice(-3)),
    e: () => {
      const items = sinceMark();
      stack.at(-1).push(...items);
    },
    a: () => {
      const item = stack.pop();
      stack.at(-1).push(item);
    },
    u: () => setItems(sinceMark()),
    s: () => setItems(stack.splice(-2)),
  };
  for (;;) {
    const code = String.fromCharCode(reader.take(1)[0]);
    if (code === '.') return stack.pop();
    const operation = operations[code];
    if (!operation) throw new Error(`The pickle holds the operation 0x${code.charCodeAt(0).toString(16)}.`);
    operation();
  }
}

/**
 * Reads the float32 tensors of a state dictionary, in rows (C order).
 * @param {Buffer} bytes the file
 * @returns {Map<string, {shape: number[], values: Float32Array}>}
 * @throws {Error} for another format or a damaged file
 */
export function readTorchState(bytes) {
  const reader = new Reader(bytes);
  if (unpickle(reader) !== magic || unpickle(reader) !== protocol)
    throw new Error('This is no file of torch.save in its format before PyTorch 1.6.');
  if (unpickle(reader).get('little_endian') !== true) throw new Error('The file is big-endian.');
  const state = unpickle(reader);
  const storages = new Map([...state.values()].map(({ storage }) => [storage.key, storage]));
  const values = new Map();
  for (const key of unpickle(reader)) {
    const { dtype, count } = storages.get(key);
    if (Number(reader.take(8).readBigInt64LE()) !== count) throw new Error(`The storage ${key} is damaged.`);
    const raw = reader.take(count * (dtype === 'float32' ? 4 : 8));
    if (dtype === 'float32') values.set(key, new Float32Array(Uint8Array.from(raw).buffer));
  }
  const tensors = new Map();
  for (const [name, { storage, offset, shape, strides }] of state)
    if (storage.dtype === 'float32')
      tensors.set(name, { shape, values: inRows(values.get(storage.key), offset, shape, strides) });
  return tensors;
}

/** The values of a tensor one after the other, the last axis first. */
function inRows(values, offset, shape, strides) {
  const result = new Float32Array(shape.reduce((product, size) => product * size, 1));
  let index = 0;
  const copy = (axis, from) => {
    if (axis === shape.length) result[index++] = values[from];
    else for (let at = 0; at < shape[axis]; at++) copy(axis + 1, from + at * strides[axis]);
  };
  copy(0, offset);
  return result;
}

/** The same tensor with its axes in another order. */
export function transpose({ shape, values }, axes) {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const order = axes.map((axis) => shape[axis]);
  return {
    shape: order,
    values: inRows(
      values,
      0,
      order,
      axes.map((axis) => strides[axis]),
    ),
  };
}
