import type { File, Group } from 'h5wasm';
import { badKerasFile, otherFile } from './damaged';

/** A weight in a file: shape at once, numbers when asked for. */
export interface Hdf5Dataset {
  readonly path: string;
  readonly shape: readonly number[];
  /** Float32, float64, float16 and whole numbers, as float32. */
  read(): Float32Array;
}

/** The part of HDF5 that Keras uses. All methods throw DescentError `bad-input` naming the file where it is damaged. */
export interface Hdf5File {
  /** For messages: the file that the person knows. */
  readonly file: string;
  /** Names in a group; empty where there is none. */
  children(path: string): string[];
  isGroup(path: string): boolean;
  isDataset(path: string): boolean;
  /** An attribute of a group as text; undefined where there is none. */
  text(path: string, name: string): string | undefined;
  /** An attribute that lists texts, also one that Keras has cut into `name0`, `name1`, … */
  texts(path: string, name: string): string[] | undefined;
  dataset(path: string): Hdf5Dataset;
  close(): void;
}

const signature = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');

export function isHdf5(bytes: Uint8Array): boolean {
  return signature.equals(bytes.subarray(0, signature.length));
}

/** Numbers of the in-memory files that the library reads from. */
let opened = 0;

/**
 * Opens HDF5 bytes. The library is WebAssembly and only loaded here.
 * @throws DescentError `bad-input` when they are no HDF5 or are cut off
 */
export async function openHdf5(bytes: Uint8Array, file: string): Promise<Hdf5File> {
  const { default: library } = await import('h5wasm');
  const module = await library.ready;
  // Else errors are printed, and wrong answers given.
  module.activate_throwing_error_handler();
  const path = `/${++opened}.h5`;
  const files = module.FS;
  const guarded = <T>(what: string, action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw badKerasFile(file, `${what}: ${reasonOf(error)}`, otherFile, error);
    }
  };
  files.writeFile(path, bytes, { canOwn: true } as object);
  let root: File;
  try {
    root = guarded('it can’t be opened as HDF5', () => new library.File(path, 'r'));
  } catch (error) {
    files.unlink(path);
    throw error;
  }

  const types = { group: 0, dataset: 1 };
  /** undefined: nothing there. */
  const typeAt = (name: string): number | undefined => {
    if (name === '') return types.group;
    const parts = name.split('/');
    for (let end = 1; end <= parts.length; end++) {
      const parent = parts.slice(0, end - 1).join('/');
      if (!namesIn(parent).includes(parts[end - 1]!)) return undefined;
      const type = guarded(`${name} can’t be read`, () => root.get_type(`/${parts.slice(0, end).join('/')}`));
      if (end === parts.length) return type;
      if (type !== types.group) return undefined;
    }
    return undefined;
  };
  const known = new Map<string, string[]>();
  const namesIn = (name: string): string[] => {
    let names = known.get(name);
    if (!names) {
      names = guarded(`the group /${name} can’t be read`, () =>
        (name === '' ? root : (root.get(`/${name}`) as Group)).keys(),
      );
      known.set(name, names);
    }
    return names;
  };
  const attribute = (name: string, key: string): unknown => {
    if (typeAt(name) !== types.group) return undefined;
    return guarded(`the attribute ${key} of /${name} can’t be read`, () => {
      const group = name === '' ? root : (root.get(`/${name}`) as Group);
      return group.attrs[key]?.value;
    });
  };
  const listed = (name: string, key: string): string[] | undefined => {
    const value = attribute(name, key);
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') return [value];
    const items = Array.from(value as ArrayLike<unknown>);
    if (items.every((item) => typeof item === 'string')) return items;
    throw badKerasFile(file, `the attribute ${key} of /${name} holds no texts`, otherFile);
  };

  return {
    file,
    children: (name) => (typeAt(name) === types.group ? namesIn(name) : []),
    isGroup: (name) => typeAt(name) === types.group,
    isDataset: (name) => typeAt(name) === types.dataset,
    text: (name, key) => {
      const value = attribute(name, key);
      return typeof value === 'string' ? value : undefined;
    },
    texts: (name, key) => {
      const whole = listed(name, key);
      if (whole) return whole;
      const parts: string[] = [];
      for (let part = 0; ; part++) {
        const next = listed(name, `${key}${part}`);
        if (!next) return part === 0 ? undefined : parts;
        parts.push(...next);
      }
    },
    dataset: (name) => {
      if (typeAt(name) !== types.dataset) throw badKerasFile(file, `there is no weight /${name}`, otherFile);
      return guarded(`the weight /${name} can’t be read`, () => {
        const entity = root.get(`/${name}`);
        if (!entity || !('shape' in entity)) throw new Error('it is no data set');
        const shape = entity.shape ?? [];
        return {
          path: name,
          shape,
          read: () =>
            guarded(`the weight /${name} can’t be read`, () =>
              toFloats(
                entity.value,
                shape,
                typeof entity.dtype === 'string' ? entity.dtype : 'of another type',
              ),
            ),
        };
      });
    },
    close: () => {
      try {
        root.close();
      } catch {
        // What is left open of a damaged file is a number in a table.
      }
      files.unlink(path);
    },
  };
}

function toFloats(value: unknown, shape: readonly number[], type: string): Float32Array {
  const size = shape.reduce((product, side) => product * side, 1);
  const numbers =
    typeof value === 'number' || typeof value === 'bigint'
      ? Float32Array.of(Number(value))
      : floats(value, type);
  if (numbers.length !== size) throw new Error(`it holds ${numbers.length} numbers, not ${size}`);
  return numbers;
}

function floats(value: unknown, type: string): Float32Array {
  if (value instanceof Float32Array) return value;
  if (value instanceof BigInt64Array || value instanceof BigUint64Array)
    return Float32Array.from(value, Number);
  const isNumeric =
    ArrayBuffer.isView(value) && !(value instanceof DataView) && /^[<>|=]?[dbBhHiIe]$/.test(type);
  if (!isNumeric) throw new Error(`its numbers are ${type}`);
  return Float32Array.from(value as unknown as ArrayLike<number>);
}

/** The innermost of HDF5's reasons, or what else was thrown. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const reasons = [...text.matchAll(/#\d+: .*? in \w+\(\): (.*)/g)].map((found) => found[1]!.trim());
  return (reasons.at(-1) ?? text).slice(0, 300);
}
